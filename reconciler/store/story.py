"""The story of a report (`sync_changes`): what was written where, by which rule, and what was lost."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ProjectId
from reconciler.model.plan import (
    EditLocal,
    ImportComment,
    LinkPlan,
    LocalAction,
    RemoveLocal,
    Rule,
    SetField,
    Why,
)
from reconciler.model.snapshot import Change
from reconciler.store.bulk import insert_all
from reconciler.store.records import kinds
from reconciler.store.tables import changes

KINDS = {name: kind for name, kind in kinds(changes).items() if name != "id"}
WORDS: dict[type[LocalAction], str] = {
    SetField: "set_field",
    ImportComment: "import_comment",
    EditLocal: "edit_local",
    RemoveLocal: "remove_local",
}
LOCAL_WON = (Rule.NEWEST_LOCAL, Rule.POLICY_LOCAL)


def of_plans(plans: Iterable[LinkPlan]) -> list[Change]:
    """What the local half of these plans wrote, and conflicts. Writes to GitHub are told when confirmed."""
    return [change for plan in plans for change in _of_plan(plan)]


def _of_plan(plan: LinkPlan) -> Iterator[Change]:
    for action in plan.actions:
        if isinstance(action, SetField | ImportComment | EditLocal | RemoveLocal):
            field = action.field if isinstance(action, SetField) else None
            yield _change(plan, WORDS[type(action)], Side.BUGSPARK, action.why, field)
    for conflict in plan.conflicts:
        written = Side.GITHUB if conflict.why.rule in LOCAL_WON else Side.BUGSPARK
        yield _change(plan, "conflict", written, conflict.why, conflict.field, conflict.lost)
    for note in plan.notes:
        yield Change(
            report_id=plan.link.report_id,
            link_id=plan.link.id,
            side=Side.GITHUB,
            kind="note",
            field=None,
            base=None,
            local=None,
            remote=None,
            to=None,
            rule=note,
        )


def _change(
    plan: LinkPlan, kind: str, side: Side, why: Why, field: Field | None, lost: str | None = None
) -> Change:
    return Change(
        report_id=plan.link.report_id,
        link_id=plan.link.id,
        side=side,
        kind=kind,
        field=field,
        base=why.base,
        local=why.local,
        remote=why.remote,
        to=why.to,
        rule=why.rule,
        lost=lost,
    )


async def tell(connection: AsyncConnection, project: ProjectId, at: datetime, told: Sequence[Change]) -> None:
    """Add these lines, all at one time."""
    rows = [
        (
            project,
            each.report_id,
            each.link_id,
            at,
            each.side,
            each.kind,
            each.field,
            each.base,
            each.local,
            each.remote,
            each.to,
            each.rule,
            each.lost,
            each.request_id,
        )
        for each in told
    ]
    await insert_all(connection, changes, KINDS, rows)
