"""A plan is what the following pass does: the same actions, each once, for random states.

`PROVE=n` looks at n histories on each database.
"""

import os
from collections import Counter
from functools import partial
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.model.kinds import Kind
from reconciler.model.passes import Outcome
from reconciler.model.plan import Rule
from reconciler.model.views import NoProgress
from reconciler.store.schema.tables import changes
from reconciler.sync import run
from reconciler.sync.observe import ROWS_PER_OBSERVATION, observe_lists
from tests.support.sync import Sync
from tests.sync.test_any_history import History

LOCAL = {Kind.SET_FIELD, Kind.IMPORT_COMMENT, Kind.EDIT_COMMENT, Kind.REMOVE_COMMENT}
REMOTE = {
    Kind.CREATE_ISSUE, Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.POST_COMMENT,
    Kind.EDIT_REMOTE_COMMENT, Kind.DELETE_REMOTE_COMMENT,
}  # fmt: skip
LIMITS_TABLE = "sync_governor"
STEPS = 12
VERIFICATION_DUE_SECONDS = 25_000

Line = tuple[str, str, str | None]


def done(sync: Sync, since: int) -> Counter[Line]:
    """What history says was done on either side after its row `since`."""
    rows = sync.bugspark.rows(sa.select(changes).where(changes.c.id > since))
    return Counter(
        (str(row["kind"]), str(row["report_id"]), row["field"])
        for row in rows
        if row["rule"] != Rule.FOUND
        and (row["kind"] in LOCAL or (row["kind"] in REMOTE and row["request_id"] is not None))
    )


def last_row(sync: Sync) -> int:
    return max((row["id"] for row in sync.bugspark.rows(sa.select(changes.c.id))), default=0)


async def compare(sync: Sync, seconds: float = 5) -> Counter[Line]:
    """Plan, then pass; returns what both say. Planning writes nothing but its reads."""
    before = sync.dump()
    since, requests = last_row(sync), len(sync.github.simulator.requests)
    plan = await sync.plan(seconds=seconds)
    after = sync.dump()
    assert {name for name in before if before[name] != after[name]} <= {LIMITS_TABLE}
    assert not [seen for seen in list(sync.github.simulator.requests)[requests:] if seen.write]
    result = await sync.run(seconds=0)
    assert plan.error is None
    assert result.outcome in (Outcome.OK, Outcome.PARTIAL), result.error
    planned = Counter((str(each.kind), str(each.report), each.field) for each in plan.actions)
    assert planned == done(sync, since)
    assert plan.withheld == result.withheld
    return planned


async def file_report(history: History, *, linked: bool) -> None:
    """A new report: to be exported, or with columns that name an issue of a person's."""
    sync = history.sync
    values: dict[str, Any] = {}
    if linked:
        issue = sync.github.web.open_issue(history.word(), by="alice")
        for _ in range(history.random.randrange(3)):
            sync.github.web.comment(issue.number, history.word(), by="bob")
        values = {"github_issue_number": issue.number, "github_repo": "acme/web"}
    report = sync.bugspark.add_report(sync.project, history.word(), **values)
    if history.random.random() < 0.5:
        sync.say(report, history.word())
    history.reports.append(report)
    if not linked:
        await sync.app.export((str(report),), NoProgress())


async def step(history: History) -> None:
    """Anyone does anything, then plan and pass are compared."""
    random = history.random
    for _ in range(random.randrange(6)):
        history.somebody()
    if random.random() < 0.15:
        await file_report(history, linked=random.random() < 0.6)
    await compare(history.sync, random.choice([0, 1, 5, 70, VERIFICATION_DUE_SECONDS]))
    withheld = (await history.sync.plan(seconds=0)).withheld
    if withheld and random.random() < 0.5:
        await history.sync.run(accept=withheld)


@pytest.mark.parametrize("number", range(int(os.environ.get("PROVE", "4"))))
@pytest.mark.parametrize("rows", [ROWS_PER_OBSERVATION, 2])
async def test_a_plan_is_what_the_following_pass_does(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, number: int, rows: int
) -> None:
    monkeypatch.setattr(run, "observe_lists", partial(observe_lists, rows=rows))
    history = History(sync=sync, random=Random(number * 10 + rows))
    for _ in range(3):
        await file_report(history, linked=False)
    await sync.run()
    for _ in range(STEPS):
        await step(history)
