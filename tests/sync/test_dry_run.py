"""A plan is what the following pass does: for random states, the same actions, each once."""

from collections import Counter
from random import Random

import pytest
import sqlalchemy as sa

from reconciler.bootstrap.application import NoProgress
from reconciler.model.kinds import Kind
from reconciler.model.passes import Outcome
from reconciler.model.plan import Rule
from reconciler.store.schema.tables import changes
from tests.support.sync import Sync
from tests.sync.test_any_history import History

LOCAL = {Kind.SET_FIELD, Kind.IMPORT_COMMENT, Kind.EDIT_COMMENT, Kind.REMOVE_COMMENT}
REMOTE = {
    Kind.CREATE_ISSUE, Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.POST_COMMENT,
    Kind.EDIT_REMOTE_COMMENT, Kind.DELETE_REMOTE_COMMENT,
}  # fmt: skip

Line = tuple[str, str, str | None]


def done(sync: Sync, since: int) -> Counter[Line]:
    """What history says was done on either side after its row `since`."""
    rows = sync.bugspark.rows(sa.select(changes).where(changes.c.id > since))
    return Counter(
        (row["kind"], str(row["report_id"]), row["field"])
        for row in rows
        if row["rule"] != Rule.FOUND
        and (row["kind"] in LOCAL or (row["kind"] in REMOTE and row["request_id"] is not None))
    )


def last_row(sync: Sync) -> int:
    return max((row["id"] for row in sync.bugspark.rows(sa.select(changes.c.id))), default=0)


async def compare(sync: Sync, seconds: float) -> bool:
    """Plan, then pass: whether both succeeded; then they are equal, and planning has written nothing."""
    before = sync.dump()
    plan = await sync.plan(seconds=seconds)
    after = sync.dump()
    assert {name for name in before if before[name] != after[name]} <= {"sync_governor"}
    since = last_row(sync)
    result = await sync.run(seconds=0)
    if plan.error or result.outcome not in (Outcome.OK, Outcome.PARTIAL):
        return False
    planned = Counter((str(each.kind), str(each.report), each.field) for each in plan.actions)
    assert planned == done(sync, since)
    return True


@pytest.mark.parametrize("seed", range(8))
async def test_a_plan_is_what_the_following_pass_does(sync: Sync, seed: int) -> None:
    history = History(sync=sync, random=Random(seed))
    history.reports = [sync.bugspark.add_report(sync.project, f"Report {n}") for n in range(3)]
    await sync.app.export(tuple(str(report) for report in history.reports), NoProgress())
    await sync.run()
    wrong = []
    for step in range(30):
        for _ in range(history.random.randrange(5)):
            history.somebody()
        try:
            await compare(sync, history.random.choice([0, 1, 5, 70, 25_000]))
        except AssertionError as error:
            wrong.append((step, str(error)[:600]))
    assert not wrong, wrong
