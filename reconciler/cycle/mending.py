"""`resolve` and `retry`: what people mend about single reports. Nothing is written to GitHub here."""

from dataclasses import replace

from reconciler.cycle.context import Context
from reconciler.cycle.flap import thawed
from reconciler.decide.why import github_value, value_of
from reconciler.errors import ProjectError
from reconciler.model.dossier import Dossier
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import Link, LinkState
from reconciler.model.report import Report
from reconciler.model.snapshot import Change

LOOKED_AT = 100
"""Lines of a story, the newest, in which the last word about a field is looked for."""
NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


async def resolve(context: Context, report_id: ReportId, field: Field, take: Side) -> str:
    """Give a report the value that one side had in the newest recorded conflict of a field.

    The report is written; the next pass carries that to GitHub as it does any person's change. The value that
    stands already is kept, and the conflict is no news any more. A frozen field thaws. Returns what was done,
    in a sentence. Raises ProjectError when there is nothing to resolve, BusyError while a pass is at work.
    """
    async with context.stores.fences.hold(context.project.id):
        dossier = await context.stores.stories.dossier(report_id, LOOKED_AT)
        if dossier is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, link = dossier.report.tracking_id, dossier.link
        if link is None or link.state is not LinkState.ACTIVE:
            raise ProjectError(f"{name} is not linked to an issue: there is nothing to resolve")
        frozen = any(each.field is field for each in link.frozen)
        conflict = await context.stores.stories.conflict(report_id, field)
        value = _side(context, dossier.report, link, field, take) if frozen else _of(take, conflict)
        if value is None:
            raise ProjectError(f"{name}: no conflict about {field} is recorded: there is nothing to resolve")
        now = value_of(dossier.report, field)
        change = _change(field, link, now, value, take)
        if now == value and not frozen:
            if not await _kept(context, dossier, link, change):
                return f"{name}: {field} is {value!r} already, as {NAMES[take]} had it; nothing to do"
            return f"{name}: {field} stays {value!r}, as {NAMES[take]} had it; the conflict is settled"
        if not await context.stores.stories.bring_back(thawed(link, field), change, context.github.now()):
            raise ProjectError(f"{name}: somebody has just changed {field}; look at it and resolve it again")
        return (
            f"{name}: {field} is {value!r} again, as {NAMES[take]} had it (it was {now!r}); "
            f"the next pass makes {link.repository}#{link.number} say so"
        )


async def _kept(context: Context, dossier: Dossier, link: Link, change: Change) -> bool:
    """A person says that what stands is right. False where nothing is left to say."""
    said = (Kind.CONFLICT, Kind.RESOLVE)  # what was written because of them says nothing new
    about = (told.change for told in dossier.story if told.change.field == change.field)
    newest = next((each for each in about if each.kind in said), None)
    if newest is None or newest.kind is Kind.RESOLVE:
        return False
    kept = replace(change, rule=change.rule.replace("brought back", "kept"), lost=None)
    return await context.stores.stories.keep(link, kept, context.github.now())


def _side(context: Context, report: Report, link: Link, field: Field, side: Side) -> str | None:
    """What a side says now: of a frozen field that is what the operator looks at."""
    local = side is Side.BUGSPARK
    return value_of(report, field) if local else github_value(report, link, field, context.policy)


def _of(side: Side, conflict: Change | None) -> str | None:
    if conflict is None:
        return None
    return conflict.local if side is Side.BUGSPARK else conflict.remote


def _change(field: Field, link: Link, now: str, value: str, take: Side) -> Change:
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
        rule=f"brought back by a person: {NAMES[take]}'s value",
        lost=now,
    )


async def retry(context: Context, report_id: ReportId) -> str:
    """End the quarantine of a report's link and writes; the next pass tries them. Returns what was done.

    Raises ProjectError for a deleted report, BusyError while the project is at work.
    """
    async with context.stores.fences.hold(context.project.id):
        dossier = await context.stores.stories.dossier(report_id, 0)
        if dossier is None:
            raise ProjectError(f"report {report_id} was deleted")
        name, now = dossier.report.tracking_id, context.github.now()
        link = dossier.link if dossier.link and dossier.link.quarantined_until else None
        resting = sum(intent.state is IntentState.QUARANTINED for intent in dossier.intents)
        if link is None and not resting:
            return f"{name}: nothing of it is in quarantine; nothing to do"
        what = _resting(link, resting)
        ended = replace(link, quarantined_until=min(now, context.clock.now())) if link else None
        await context.stores.stories.release(ended, report_id, f"{what} released by a person", now)
        return f"{name}: {what} released; the next pass tries"


def _resting(link: Link | None, writes: int) -> str:
    counted = f"{writes} write{'' if writes == 1 else 's'}" if writes else ""
    parts = [part for part in ("its link" if link else "", counted) if part]
    return " and ".join(parts)
