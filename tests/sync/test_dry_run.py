"""A plan is what the following pass does: the same actions, each once, for random states."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.decide.plan_view import RECORDED_EARLIER
from reconciler.errors import IdentityError
from reconciler.model.fields import Side
from reconciler.model.kinds import Kind
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.plan import Rule
from reconciler.model.views import ActionView, PlanView
from reconciler.store.schema.tables import changes
from reconciler.sync import run
from reconciler.sync.observe import ROWS_PER_OBSERVATION, observe_lists
from tests.support.sync import Sync
from tests.sync.random_states import RandomStates, open_random_states

LOCAL = {Kind.SET_FIELD, Kind.IMPORT_COMMENT, Kind.EDIT_COMMENT, Kind.REMOVE_COMMENT}
REMOTE = {
    Kind.CREATE_ISSUE, Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.POST_COMMENT,
    Kind.EDIT_REMOTE_COMMENT, Kind.DELETE_REMOTE_COMMENT,
}  # fmt: skip
LIMITS_TABLE = "sync_governor"
SECONDS = (0, 1, 5, 70, 4_000, 25_000)
STEPS = 6

Line = tuple[str | None, ...]
"""Kind, report, field, and what was said on each side and by which rule."""


def planned_lines(actions: tuple[ActionView, ...]) -> tuple[Counter[Line], Counter[Line]]:
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


def done_lines(sync: Sync, since: int) -> Counter[Line]:
    """What history says was done on either side after its row `since`."""
    rows = sync.bugspark.rows(sa.select(changes).where(changes.c.id > since))
    return Counter(filter(None, map(_done_line, rows)))


def _done_line(row: Any) -> Line | None:
    kind = row["kind"]
    if kind == Kind.CONFLICT and row["side"] == Side.BUGSPARK:
        kind = Kind.SET_FIELD  # a value that won over BugSpark's has one row for both
    is_write = kind in REMOTE and row["request_id"] is not None and row["rule"] != Rule.FOUND
    if kind not in LOCAL and not is_write:
        return None
    said = (row["base"], row["local"], row["remote"], row["rule"])
    return (str(kind), str(row["report_id"]), row["field"], *said)


def has_refused_write(sync: Sync) -> bool:
    """Whether GitHub refused a write of the last pass; that a label is not there any more is no refusal."""
    return any(seen.status >= 300 and "/labels/" not in seen.path for seen in sync.writes)


def last_row(sync: Sync) -> int:
    return max((row["id"] for row in sync.bugspark.rows(sa.select(changes.c.id))), default=0)


async def compare(sync: Sync, seconds: float) -> PassResult:
    """Plan, then pass: both say and do the same, and planning stores nothing and writes nothing."""
    before, since = sync.dump(), last_row(sync)
    requests = len(sync.github.simulator.requests)
    plan = await sync.plan(seconds=seconds)
    after = sync.dump()
    assert {name for name in before if before[name] != after[name]} <= {LIMITS_TABLE}
    assert not [seen for seen in list(sync.github.simulator.requests)[requests:] if seen.write]
    result = await sync.run(seconds=0)
    check(sync, plan, result, since)
    return result


def check(sync: Sync, plan: PlanView, result: PassResult, since: int) -> None:
    if has_refused_write(sync) or result.outcome is Outcome.LIMITED:
        return  # not what a plan foresees
    if plan.error is not None or result.outcome not in (Outcome.OK, Outcome.PARTIAL):
        assert plan.error == result.error
        return
    lines, recorded = planned_lines(plan.actions)
    done = done_lines(sync, since)
    assert not lines - done, "planned and not done"
    assert Counter(line[:3] for line in (done - lines).elements()) == recorded, "done and not planned"
    assert plan.withheld == result.withheld


async def step(states: RandomStates) -> bool:
    """Anyone does anything, then plan and pass are compared; False once this database may write no more."""
    await states.next_state()
    random = states.random
    result = await compare(states.sync, random.choice(SECONDS))
    if result.withheld and random.random() < 0.5:
        await states.sync.run(accept=result.withheld)
    return result.error is None or result.error.kind != IdentityError.kind


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("rows", [ROWS_PER_OBSERVATION, 2])
async def test_a_plan_is_what_the_following_pass_does(
    world_url: str, monkeypatch: pytest.MonkeyPatch, number: int, rows: int
) -> None:
    monkeypatch.setattr(run, "observe_lists", partial(observe_lists, rows=rows))
    async with open_random_states(world_url, number * 10 + rows) as states:
        for _ in range(STEPS):
            if not await step(states):
                break
