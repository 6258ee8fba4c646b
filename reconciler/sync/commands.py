"""What a person agrees to: withheld deletions by their hash, or that the repository is public.

What people ask for on a page, written down for the pass that follows: a page does not wait for a pass.

`resolve` and `retry`: what people fix about single reports. Nothing is written to GitHub here.

`pause` and `resume`: the operator's hand on one project, and the refusal to work on a paused one.
"""

from dataclasses import replace
from shlex import quote

from reconciler.decide.report_view import bugspark_value, github_value
from reconciler.errors import PausedError, ProjectError
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import Link, LinkState
from reconciler.model.report import Project, Report
from reconciler.model.report_detail import ReportDetail
from reconciler.model.snapshot import Change
from reconciler.ports import Stores
from reconciler.sync.context import Context
from reconciler.sync.decide_links import without_frozen_field
from reconciler.sync.intents import record_export_intents
from reconciler.sync.linking import LIVE_LINK_STATES, relink_exported_issue
from reconciler.sync.preflight import (
    ACCEPT_PUBLIC,
    accept_public_repository,
    bind_database,
    resolve_repository_and_account,
)


async def accept_waiting(context: Context, word: str) -> None:
    """From now on the next pass may do it. Raises ProjectError when this is not what waits."""
    if word == ACCEPT_PUBLIC:
        await accept_public_repository(context)
    elif not await context.stores.ledger.accept_withheld_deletions(context.project.id, word):
        now = (await context.stores.ledger.withheld_deletions(context.project.id)).digest
        waiting = f"the deletions that wait have the hash {now}" if now else "no deletions are waiting"
        raise ProjectError(f"{context.project.name}: nothing is withheld under the hash {word}; {waiting}")


async def request_export(context: Context, report_id: ReportId) -> str:
    """A report is to become an issue. Returns what was done, in a sentence.

    Raises ProjectError for a report that has an issue, IdentityError, BusyError, and what reading raises.
    """
    if await relink_exported_issue(context, report_id):
        return "The issue that was made for it before is linked again; the next pass makes first contact."
    async with context.stores.project_locks.acquire(context.project.id):
        await bind_database(context)
        present = await context.stores.ledger.find_link_of_report(report_id)
        if present is not None and present.state in LIVE_LINK_STATES:
            raise ProjectError(f"It is linked to {present.repository}#{present.number} already.")
        # Not remembered: what follows from another repository is the pass's to do.
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await record_export_intents(context, state, [report_id], asked=True)
    return f"Its issue is made in {state.repository} by the next pass."


async def request_verification(context: Context) -> str:
    """Every link is due for a whole comparison. Returns that in a sentence. Raises BusyError."""
    async with context.stores.project_locks.acquire(context.project.id):
        state = await context.stores.projects.get_state(context.project.id)
        now = context.github.now()
        await context.stores.ledger.mark_all_due_for_verification(
            context.project.id, state.repository_id, now
        )
    return "Every link is compared whole by the next passes, the longest unseen first, within the limits."


MAX_HISTORY_LINES_SEARCHED = 100
"""Lines of a story, the newest, in which the last word about a field is looked for."""
SIDE_NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


async def resolve_conflict(context: Context, report_id: ReportId, field: Field, take: Side) -> str:
    """Give a report the value that one side had in the newest recorded conflict of a field.

    The report is written; the next pass carries that to GitHub as it does any person's change. The value that
    stands already is kept, and the conflict is no news any more. A frozen field thaws. Returns what was done,
    in a sentence. Raises ProjectError when there is nothing to resolve, BusyError while a pass is at work.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        detail = await context.stores.queries.report_detail(report_id, MAX_HISTORY_LINES_SEARCHED)
        if detail is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, link = detail.report.tracking_id, detail.link
        if link is None or link.state is not LinkState.ACTIVE:
            raise ProjectError(f"{name} is not linked to an issue: there is nothing to resolve")
        frozen = any(each.field is field for each in link.frozen_fields)
        conflict = await context.stores.queries.newest_conflict(report_id, field)
        value = (
            _current_value(context, detail.report, link, field, take)
            if frozen
            else _conflict_value(take, conflict)
        )
        if value is None:
            raise ProjectError(f"{name}: no conflict about {field} is recorded: there is nothing to resolve")
        now = bugspark_value(detail.report, field)
        change = _resolution_change(field, link, now, value, take)
        if now == value and not frozen:
            if not await _record_kept_value(context, detail, link, change):
                return f"{name}: {field} is {value!r} already, as {SIDE_NAMES[take]} had it; nothing to do"
            return f"{name}: {field} stays {value!r}, as {SIDE_NAMES[take]} had it; the conflict is settled"
        if not await context.stores.ledger.restore_lost_value(
            without_frozen_field(link, field), change, context.github.now()
        ):
            raise ProjectError(f"{name}: somebody has just changed {field}; look at it and resolve it again")
        return (
            f"{name}: {field} is {value!r} again, as {SIDE_NAMES[take]} had it (it was {now!r}); "
            f"the next pass makes {link.repository}#{link.number} say so"
        )


async def _record_kept_value(context: Context, detail: ReportDetail, link: Link, change: Change) -> bool:
    """A person says that what stands is right. False where nothing is left to say."""
    said = (Kind.CONFLICT, Kind.RESOLVE)  # what was written because of them says nothing new
    about = (told.change for told in detail.history if told.change.field == change.field)
    newest = next((each for each in about if each.kind in said), None)
    if newest is None or newest.kind is Kind.RESOLVE:
        return False
    kept = replace(change, rule=change.rule.replace("brought back", "kept"), lost=None)
    return await context.stores.ledger.record_kept_value(link, kept, context.github.now())


def _current_value(context: Context, report: Report, link: Link, field: Field, side: Side) -> str | None:
    """What a side says now: of a frozen field that is what the operator looks at."""
    local = side is Side.BUGSPARK
    return bugspark_value(report, field) if local else github_value(report, link, field, context.policy)


def _conflict_value(side: Side, conflict: Change | None) -> str | None:
    if conflict is None:
        return None
    return conflict.local if side is Side.BUGSPARK else conflict.remote


def _resolution_change(field: Field, link: Link, now: str, value: str, take: Side) -> Change:
    return Change(
        report_id=link.report_id,
        link_id=link.id,
        side=Side.BUGSPARK,
        kind=Kind.RESOLVE,
        field=field.value,
        base=None,
        local=now,
        remote=None,
        to=value,
        rule=f"brought back by a person: {SIDE_NAMES[take]}'s value",
        lost=now,
    )


async def end_quarantine(context: Context, report_id: ReportId) -> str:
    """End the quarantine of a report's link and writes; the next pass tries them. Returns what was done.

    Raises ProjectError for a deleted report, BusyError while the project is at work.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        detail = await context.stores.queries.report_detail(report_id, 0)
        if detail is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, now = detail.report.tracking_id, context.github.now()
        link = detail.link if detail.link and detail.link.quarantined_until else None
        resting = sum(intent.state is IntentState.QUARANTINED for intent in detail.intents)
        if link is None and not resting:
            return f"{name}: nothing of it is in quarantine; nothing to do"
        what = _describe_quarantined(link, resting)
        ended = replace(link, quarantined_until=min(now, context.clock.now())) if link else None
        await context.stores.ledger.release_quarantine(ended, report_id, f"{what} released by a person", now)
        return f"{name}: {what} released; the next pass tries"


def _describe_quarantined(link: Link | None, writes: int) -> str:
    counted = f"{writes} write{'' if writes == 1 else 's'}" if writes else ""
    parts = [part for part in ("its link" if link else "", counted) if part]
    return " and ".join(parts)


async def pause_project(stores: Stores, project: Project) -> str:
    """Keep every pass from this project, ours and by hand. Returns what was done, in a sentence.

    It does not wait for a pass at work: that one stops before its next recorded write (`Intents.claim`).
    """
    if not await stores.projects.set_paused(project.id, paused=True):
        return f"{project.name} is paused already; nothing to do"
    return (
        f"{project.name} is paused: no pass is made, and one at work stops before its next write to GitHub; "
        f"go on with reconcile resume {quote(project.name)}"
    )


async def resume_project(stores: Stores, project: Project) -> str:
    """Let passes work on it again. Returns what was done, in a sentence."""
    if not await stores.projects.set_paused(project.id, paused=False):
        return f"{project.name} is not paused; nothing to do"
    return f"{project.name} goes on; the next pass brings over what changed in between"


def paused_error(project: Project) -> PausedError:
    """The refusal to begin."""
    return PausedError(f"{project.name}: it is paused; go on with reconcile resume {quote(project.name)}")
