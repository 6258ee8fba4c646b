"""A plan and the pass that follows it: whether both say and do the same."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from reconciler.decide.plan_view import RECORDED_EARLIER
from reconciler.model.fields import Side
from reconciler.model.kinds import Kind
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.plan import Rule
from reconciler.model.views import ActionView, PlanView
from reconciler.store.schema.tables import changes
from tests.support.sync import Sync

LOCAL_KINDS = {
    Kind.SET_FIELD, Kind.IMPORT_COMMENT, Kind.WRITE_COMMENT, Kind.EDIT_COMMENT, Kind.REMOVE_COMMENT,
}  # fmt: skip
REMOTE_KINDS = {
    Kind.CREATE_ISSUE, Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.POST_COMMENT,
    Kind.EDIT_REMOTE_COMMENT, Kind.DELETE_REMOTE_COMMENT, Kind.CHANGE_ASSIGNEES, Kind.SET_PRIORITY,
}  # fmt: skip
LIMITS_TABLE = "sync_governor"
"""Reads are counted there, those of a plan as well."""

Line = tuple[str | None, ...]
"""Kind, report and field of an action, the values of each side, the rule."""


async def compare(sync: Sync, seconds: float = 5) -> tuple[PlanView, PassResult]:
    """Plan, then pass. Fails unless both say and do the same, each once, and planning changes nothing."""
    before, since = sync.dump(), _last_row(sync)
    requests = len(sync.github.simulator.requests)
    plan = await sync.plan(seconds=seconds)
    after = sync.dump()
    assert {name for name in before if before[name] != after[name]} <= {LIMITS_TABLE}
    assert not [seen for seen in list(sync.github.simulator.requests)[requests:] if seen.write]
    result = await sync.run(seconds=0)
    if not has_refused_write(sync, result):
        _compare_actions(sync, plan, result, since)
    return plan, result


def has_refused_write(sync: Sync, result: PassResult) -> bool:
    """Whether GitHub refused a write of the last pass, which no plan foresees. That a label is not there any
    more is no refusal.
    """
    refused = [seen for seen in sync.writes if seen.status >= 300]
    absent = [seen for seen in refused if seen.status == 404 and "/labels/" in seen.path]
    return len(refused) > len(absent) or result.outcome is Outcome.LIMITED


def _compare_actions(sync: Sync, plan: PlanView, result: PassResult, since: int) -> None:
    if plan.error is not None or result.outcome not in (Outcome.OK, Outcome.PARTIAL):
        assert plan.error == result.error
        return
    planned, recorded = _planned_lines(plan.actions)
    done = _done_lines(sync, since)
    assert not planned - done, "planned and not done"
    assert Counter(line[:3] for line in (done - planned).elements()) == recorded, "done and not planned"
    assert plan.withheld == result.withheld


def _planned_lines(actions: tuple[ActionView, ...]) -> tuple[Counter[Line], Counter[Line]]:
    """What a plan shows; and, with less to each, the writes that earlier passes recorded."""
    lines: list[Line] = []
    recorded: list[Line] = []
    for each in actions:
        short = (str(each.kind), str(each.report), each.field)
        if each.rule == RECORDED_EARLIER:
            recorded.append(short)
        else:
            lines.append((*short, each.base, each.local, each.remote, each.rule))
    return Counter(lines), Counter(recorded)


def _done_lines(sync: Sync, since: int) -> Counter[Line]:
    """What history says was done on either side after its row `since`."""
    rows = sync.bugspark.rows(sa.select(changes).where(changes.c.id > since))
    return Counter(line for row in rows if (line := _done_line(row)) is not None)


def _done_line(row: Any) -> Line | None:
    kind = row["kind"]
    if kind == Kind.CONFLICT and row["side"] == Side.BUGSPARK:
        kind = Kind.SET_FIELD  # a value that won over BugSpark's has one row for both
    is_sent = kind in REMOTE_KINDS and row["request_id"] is not None and row["rule"] != Rule.FOUND
    if kind not in LOCAL_KINDS and not is_sent:
        return None
    values = (row["base"], row["local"], row["remote"], row["rule"])
    return (str(kind), str(row["report_id"]), row["field"], *values)


def _last_row(sync: Sync) -> int:
    return max((row["id"] for row in sync.bugspark.rows(sa.select(changes.c.id))), default=0)
