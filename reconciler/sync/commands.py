"""What people order for single projects and reports. Nothing is written to GitHub here.

Accept withheld deletions or a repository that turned public; request an export or a verification, which the
next pass carries out; `resolve` and `retry` of a report; `pause` and `resume` of a project.
"""

from dataclasses import replace
from shlex import quote

from reconciler.decide.report_view import bugspark_value, github_value
from reconciler.errors import PausedError, ProjectError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import ENDED_STATES, Link, LinkState
from reconciler.model.report import Project, Report, unknown_values_reason
from reconciler.model.report_detail import ReportDetail, open_conflicts
from reconciler.model.snapshot import Change, ProjectState
from reconciler.ports import Stores
from reconciler.sync.context import Context
from reconciler.sync.decide_links import without_frozen_field
from reconciler.sync.exports.recorded_exports import end_unknown_writes_to_old_repository
from reconciler.sync.exports.second_issues import leave_second_issues
from reconciler.sync.followers.following import promote_follower, require_not_following
from reconciler.sync.intents import record_export_intents
from reconciler.sync.linking import LIVE_LINK_STATES, relink_exported_issue
from reconciler.sync.preflight import (
    ACCEPT_PUBLIC,
    accept_public_repository,
    bind_database,
    is_identity_decision,
    record_identity_decision,
)


async def accept_and_load_state(context: Context, accept: str | None) -> tuple[Context, ProjectState]:
    """Apply what the operator accepts, and load the state.

    Raises PausedError, ProjectError, RefusedError or UsageError.
    """
    state = await context.stores.projects.get_state(context.project.id)
    if state.is_paused:
        raise paused_error(context.project)
    if accept is None:
        return context, state
    if is_identity_decision(accept):
        context = await record_identity_decision(context, accept)
    else:
        await accept_waiting_changes(context, accept)
    return context, await context.stores.projects.get_state(context.project.id)


async def accept_waiting_changes(context: Context, word: str) -> None:
    """Let the next pass do what waits under this word. Raises ProjectError if nothing waits under it."""
    if word == ACCEPT_PUBLIC:
        await accept_public_repository(context)
    elif not await context.stores.ledger.accept_withheld_deletions(context.project.id, word):
        now = (await context.stores.ledger.withheld_deletions(context.project.id)).digest
        waiting = f"the deletions that wait have the hash {now}" if now else "no deletions are waiting"
        raise ProjectError(f"{context.project.name}: nothing is withheld under the hash {word}; {waiting}")


async def request_export(context: Context, report_id: ReportId) -> str:
    """Record that a report is to become an issue. Returns what was done, in a sentence.

    Raises ProjectError for a report that has an issue, DatabaseIdentityError, BusyError, and what
    reading raises.
    """
    if await relink_exported_issue(context, report_id):
        return (
            "The issue that was created for it before is linked again; the next pass does the initial sync."
        )
    async with context.stores.project_locks.acquire(context.project.id):
        await bind_database(context)
        present = await context.stores.ledger.find_link_of_report(report_id)
        if present is not None and present.state in LIVE_LINK_STATES:
            raise ProjectError(f"It is linked to {present.repository}#{present.number} already.")
        await require_not_following(context, report_id)
        # GitHub is not asked: the pass gives the request its repository, if that is not known or has changed.
        state = await context.stores.projects.get_state(context.project.id)
        await record_export_intents(context, state, [report_id], asked=True)
    return f"Its issue is created in {context.project.repository} by the next pass."


async def request_verification(context: Context) -> str:
    """Make every link due for a full comparison. Returns that in a sentence. Raises BusyError."""
    async with context.stores.project_locks.acquire(context.project.id):
        state = await context.stores.projects.get_state(context.project.id)
        now = context.github.now()
        await context.stores.ledger.mark_all_due_for_verification(
            context.project.id, state.repository_id, now
        )
    return "The next passes check every link in full, the longest unchecked first, within the limits."


MAX_HISTORY_LINES_SEARCHED = 100
"""So many of the newest history lines are searched for the last one about a field."""
SIDE_NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


async def resolve_conflict(context: Context, report_id: ReportId, field: Field, take: Side) -> str:
    """Give a report the value that one side had in the newest recorded conflict of a field.

    The report is written; the next pass carries that to GitHub as it does any person's change. A value that
    the report has already is kept, and the conflict counts as settled. A frozen field thaws. Returns what was
    done, in a sentence. Raises ProjectError if there is nothing to resolve, BusyError during a pass.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        detail = await context.stores.queries.report_detail(report_id, MAX_HISTORY_LINES_SEARCHED)
        if detail is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, link = detail.report.tracking_id, detail.link
        if detail.unknown:
            raise ProjectError(f"{name}: {unknown_values_reason(detail.unknown)}")
        _require_own_link(detail, "resolve")
        if link is None or link.state is not LinkState.ACTIVE:
            raise ProjectError(f"{name} is not linked to an issue: there is nothing to resolve")
        frozen = any(each.field is field for each in link.frozen_fields)
        conflict = await context.stores.queries.newest_conflict(report_id, field)
        value = (
            _current_value(context, detail.report, link, field, take)
            if frozen
            else _side_value_in_conflict(context, field, take, conflict)
        )
        if value is None:
            raise ProjectError(f"{name}: no conflict about {field} is recorded: there is nothing to resolve")
        now = bugspark_value(detail.report, field)
        if now != value and take is Side.GITHUB:
            value = SYNCED_FIELDS[field].value_to_restore(value)
        was, to = _field_value_text(context, field, now), _field_value_text(context, field, value)
        change = replace(_resolved_conflict_change(field, link, was, to, take), values=(now, value))
        if now == value and not frozen:
            if not await _record_settled_conflict(context, detail, link, change):
                return f"{name}: {field} is {to!r} already, as {SIDE_NAMES[take]} had it; nothing to do"
            return f"{name}: {field} stays {to!r}, as {SIDE_NAMES[take]} had it; the conflict is settled"
        if not await context.stores.ledger.write_resolved_report_value(
            without_frozen_field(link, field), change, context.github.now()
        ):
            raise ProjectError(f"{name}: somebody has just changed {field}; look at it and resolve it again")
        return (
            f"{name}: {field} is {to!r} again, as {SIDE_NAMES[take]} had it (it was {was!r}); "
            f"the next pass makes {link.repository}#{link.number} say so"
        )


async def dismiss(context: Context, report_id: ReportId, field: Field | None) -> str:
    """Put away what is settled: decided conflicts of a report, all or of one field, an ended link, and
    issues of BugSpark's button that are not synced.

    The present values stay; nothing is written to GitHub and nothing is deleted. A link to an issue that is
    gone, transferred or converted becomes UNLINKED, and so does a second one. Returns what was done, in a
    sentence. Raises ProjectError if there is nothing to dismiss, BusyError during a pass.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        detail = await context.stores.queries.report_detail(report_id, MAX_HISTORY_LINES_SEARCHED)
        if detail is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, link = detail.report.tracking_id, detail.link
        if link is not None and link.state in ENDED_STATES and field is None:
            await context.stores.ledger.unlink(link)
            await promote_follower(context, link)
            issue = f"{link.repository}#{link.number}"
            return (
                f"{name}: its link to {issue}, which is {link.state.value}, is dismissed; nothing was deleted"
            )
        if detail.unknown:
            raise ProjectError(f"{name}: {unknown_values_reason(detail.unknown)}")
        standing = [
            dated.change
            for dated in open_conflicts(detail, context.clock.now())
            if field is None or dated.change.field == field
        ]
        done = []
        if link is not None and standing:
            for conflict in standing:
                await _dismiss_conflict(context, detail, link, Field(str(conflict.field)))
            fields = ", ".join(str(conflict.field) for conflict in standing)
            done.append(f"the conflict about {fields} is dismissed; the present value stays")
        if detail.second_issues and field is None:
            await leave_second_issues(context, detail.second_issues)
            issues = ", ".join(f"{each.repository}#{each.number}" for each in detail.second_issues)
            done.append(f"{issues} stays as it is, and is not synced")
        if not done:
            _require_own_link(detail, "dismiss")
            what = (
                f"conflict about {field}" if field else "decided conflict, no ended link and no second issue"
            )
            raise ProjectError(f"{name}: no {what}: there is nothing to dismiss")
        return f"{name}: {'; '.join(done)}"


def _require_own_link(detail: ReportDetail, command: str) -> None:
    """Raise ProjectError for a report that follows another one: only that one's fields meet the issue."""
    follows = detail.follows
    if follows is not None:
        name, issue = detail.report.tracking_id, f"{follows.link.repository}#{follows.link.number}"
        raise ProjectError(
            f"{name} follows {follows.tracking_id}, which alone is compared with {issue}: {command} that, "
            "or unlink this one first"
        )


async def _dismiss_conflict(context: Context, detail: ReportDetail, link: Link, field: Field) -> None:
    """Record that the present value of a field is right. Raises ProjectError if it has just changed."""
    now = bugspark_value(detail.report, field)
    text = _field_value_text(context, field, now)
    change = replace(
        _resolved_conflict_change(field, link, text, text, Side.BUGSPARK),
        rule="dismissed by a person: the present value stays",
        lost=None,
        values=(now, now),
    )
    if not await context.stores.ledger.record_settled_conflict(link, change, context.github.now()):
        name = detail.report.tracking_id
        raise ProjectError(f"{name}: somebody has just changed {field}; look at it and dismiss it again")


async def _record_settled_conflict(
    context: Context, detail: ReportDetail, link: Link, change: Change
) -> bool:
    """Record that the present value is right. False if the history says so already."""
    said = (Kind.CONFLICT, Kind.RESOLVE)  # lines about their consequences say nothing new
    about = (dated.change for dated in detail.history if dated.change.field == change.field)
    newest = next((each for each in about if each.kind in said), None)
    if newest is None or newest.kind is Kind.RESOLVE:
        return False
    kept = replace(change, rule=change.rule.replace("brought back", "kept"), lost=None)
    return await context.stores.ledger.record_settled_conflict(link, kept, context.github.now())


def _current_value(context: Context, report: Report, link: Link, field: Field, side: Side) -> str | None:
    """What a side says now: the operator looks at that if the field is frozen."""
    local = side is Side.BUGSPARK
    return bugspark_value(report, field) if local else github_value(report, link, field, context.policy)


def _field_value_text(context: Context, field: Field, value: str) -> str:
    """A value as people read it, in sentences and in the history."""
    return SYNCED_FIELDS[field].text_of_value(value, context.policy)


def _side_value_in_conflict(
    context: Context, field: Field, side: Side, conflict: Change | None
) -> str | None:
    if conflict is None:
        return None
    text = conflict.local if side is Side.BUGSPARK else conflict.remote
    if text is None:
        return None
    try:
        return SYNCED_FIELDS[field].value_of_text(text, context.policy)
    except ValueError as error:
        raise ProjectError(f"{context.project.name}: {error}: choose the value in BugSpark") from error


def _resolved_conflict_change(field: Field, link: Link, now: str, value: str, take: Side) -> Change:
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

    Those of a report that follows are the ones of the report that leads. Raises ProjectError for a deleted
    report, BusyError while the project is at work.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        follows, why = await context.stores.followers.find(report_id), ""
        if follows is not None:
            follower = await context.stores.reports.tracking_id_of_report(report_id)
            report_id = (await context.stores.followers.find_followed_link(follows)).report_id
            leader = await context.stores.reports.tracking_id_of_report(report_id)
            why = f"{follower} follows {leader}, whose link its comments go by. "
        detail = await context.stores.queries.report_detail(report_id, 0)
        if detail is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, now = detail.report.tracking_id, context.github.now()
        link = detail.link if detail.link and detail.link.quarantined_until else None
        resting = sum(intent.state is IntentState.QUARANTINED for intent in detail.intents)
        rule = "given up by a person: it was written in a repository that the project has left"
        stranded = await end_unknown_writes_to_old_repository(context, report_id, again=True, rule=rule)
        if link is None and not resting and not stranded:
            return f"{why}{name}: nothing of it is in quarantine; nothing to do"
        what = _describe_quarantined(link, resting + len(stranded))
        ended = replace(link, quarantined_until=min(now, context.clock.now())) if link else None
        await context.stores.ledger.release_quarantine(ended, report_id, f"{what} released by a person", now)
        return f"{why}{name}: {what} released; the next pass tries"


def _describe_quarantined(link: Link | None, writes: int) -> str:
    counted = f"{writes} write{'' if writes == 1 else 's'}" if writes else ""
    parts = [part for part in ("its link" if link else "", counted) if part]
    return " and ".join(parts)


async def pause_project(stores: Stores, project: Project) -> str:
    """Keep every pass from this project, also those by hand. Returns what was done, in a sentence.

    It does not wait for a running pass, which stops before its next recorded write (`Intents.claim`).
    """
    if not await stores.projects.set_paused(project.id, paused=True):
        return f"{project.name} is paused already; nothing to do"
    return (
        f"{project.name} is paused: no pass is made, and one at work stops before its next write to GitHub; "
        f"go on with reconcile resume {quote(project.name)}"
    )


async def resume_project(stores: Stores, project: Project) -> str:
    """Let passes work on the project again. Returns what was done, in a sentence."""
    if not await stores.projects.set_paused(project.id, paused=False):
        return f"{project.name} is not paused; nothing to do"
    return f"{project.name} goes on; the next pass brings over what changed in between"


def paused_error(project: Project) -> PausedError:
    """The error of a pass over a paused project."""
    return PausedError(f"{project.name}: it is paused; go on with reconcile resume {quote(project.name)}")
