"""A plan is a dry run of the pass (tests/proofs/test_plans.py compares both for random states)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields
from inspect import signature
from typing import Any
from unittest.mock import patch

import pytest

from reconciler import ports
from reconciler.demo.github.faults import DuringRequest, Limit
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome
from reconciler.store.schema.engine import Database
from reconciler.sync.dry_run import ledger, plan_project
from reconciler.sync.dry_run.github import DryGitHub
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.ledger import DryLedger
from reconciler.sync.dry_run.snapshot import SnapshotParameters
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.compare_plan import compare
from tests.sync.test_full_read import connect, second_repository
from tests.sync.test_moved_links import elsewhere, move

VERIFICATION_DUE_SECONDS = 25_000

Scenario = Callable[[Sync], Awaitable[float]]
"""Prepares a state; returns in how many seconds it is planned."""


async def changed_link_is_due(sync: Sync) -> float:
    """A link is decided from the lists and compared in full by the same pass."""
    report, number = await sync.linked()
    comment = sync.add_comment(report, "to be deleted")
    await sync.settle()
    sync.bugspark.delete_comment(comment)
    sync.add_comment(report, "new")
    sync.change(report, severity="critical")
    sync.github.web.close(number, by="alice")
    sync.github.web.comment(number, "new, too", by="bob")
    return VERIFICATION_DUE_SECONDS


async def cleared_columns_are_due(sync: Sync) -> float:
    """The link ends, so what changed on it before is nobody's business."""
    report, number = await sync.linked()
    sync.change(report, severity="critical")
    sync.github.web.close(number, by="alice")
    move(sync, report, None)
    return VERIFICATION_DUE_SECONDS


async def edited_copy_of_an_edited_original(sync: Sync) -> float:
    """The pass finds that the copy is not as it was made, and decides again."""
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "first", by="bob")
    await sync.settle()
    sync.bugspark.set_comment(sync.bugspark.comments(report)[0]["id"], "edited in BugSpark")
    sync.github.web.edit_comment(comment.id, "edited on GitHub", by="bob")
    return 5


async def recorded_export(sync: Sync) -> ReportId:
    """An export is asked for, and GitHub takes nothing just now."""
    report = sync.bugspark.add_report(sync.project, "Asked for")
    sync.github.simulator.faults.add(Limit(), method="POST", path="/issues$")
    await sync.app.export((str(report),), NullProgress())
    sync.github.simulator.faults.clear()
    return report


async def moved_link_and_an_export(sync: Sync) -> float:
    """An export has the pass look again, and it finds the issue that the columns name now."""
    report, _ = await sync.linked()
    await recorded_export(sync)
    number = elsewhere(sync)
    sync.github.web.comment(number, "here already", by="bob")
    move(sync, report, number)
    return 70


async def freed_issue_and_an_export(sync: Sync) -> float:
    """A report waits for an issue that another one had until now."""
    report, number = await sync.linked()
    sync.github.web.comment(number, "here already", by="bob")
    move(sync, sync.bugspark.add_report(sync.project, "Waits"), number)
    await sync.settle()
    await recorded_export(sync)
    move(sync, report, None)
    return 70


async def first_repository_again(sync: Sync) -> float:
    """Its links are due from the next moment on."""
    report, number = await sync.linked()
    second_repository(sync)
    connect(sync, repo="api")
    await sync.run()
    connect(sync, repo="web")
    sync.change(report, severity="critical")
    sync.github.web.comment(number, "while it was not looked at", by="bob")
    return VERIFICATION_DUE_SECONDS


async def transferred_issue(sync: Sync) -> float:
    """It is taken up where it is now, with what was never sent."""
    report, number = await sync.linked()
    other = second_repository(sync)
    sync.github.web.transfer(number, other, by="alice")
    for _ in range(2):
        await sync.run(seconds=VERIFICATION_DUE_SECONDS)
    sync.add_comment(report, "not sent yet")
    connect(sync, repo="api")
    return 5


SCENARIOS: tuple[Scenario, ...] = (
    changed_link_is_due,
    cleared_columns_are_due,
    edited_copy_of_an_edited_original,
    moved_link_and_an_export,
    freed_issue_and_an_export,
    first_repository_again,
    transferred_issue,
)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_plan_is_what_the_following_pass_does(sync: Sync, scenario: Scenario) -> None:
    plan, result = await compare(sync, await scenario(sync))
    assert (plan.error, result.outcome) == (None, Outcome.OK)


def forget_steps(_: DryRunState, *__: Any) -> None:
    """No step sees what an earlier one would have stored."""


async def apply_stale_plans(*_: Any) -> frozenset[Any]:
    """Apply plans although the state they were decided on has changed."""
    return frozenset()


PLANTED: dict[str, tuple[Any, str, Any, Scenario]] = {
    "a step forgets the ones before": (DryRunState, "apply_plan", forget_steps, changed_link_is_due),
    "cleared columns go unnoticed": (
        ledger,
        "with_changed_links",
        lambda stored, *_: stored,
        moved_link_and_an_export,
    ),
    "stale plans are applied": (
        DryLedger,
        "_stale_reports",
        apply_stale_plans,
        edited_copy_of_an_edited_original,
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
async def test_a_planted_fault_of_the_dry_run_is_seen(sync: Sync, fault: str) -> None:
    owner, name, planted, scenario = PLANTED[fault]
    seconds = await scenario(sync)
    with patch.object(owner, name, planted), pytest.raises(AssertionError, match="planned"):
        await compare(sync, seconds)


async def test_an_action_that_is_shown_twice_is_seen(sync: Sync) -> None:
    seconds = await changed_link_is_due(sync)
    actions = plan_project._planned_actions

    async def doubled(*given: Any) -> list[Any]:
        return [*await actions(*given), *await actions(*given)]

    with (
        patch.object(plan_project, "_planned_actions", doubled),
        pytest.raises(AssertionError, match="planned and not done"),
    ):
        await compare(sync, seconds)


async def test_a_plan_of_an_archived_repository_says_what_the_pass_says(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="critical")
    sync.github.web.comment(number, "read all the same", by="bob")
    sync.github.web.archive()
    plan, result = await compare(sync)
    assert plan.error is not None
    assert plan.error == result.error
    assert "is archived" in plan.error.message


async def test_an_export_recorded_earlier_is_shown_once_and_sent_once(sync: Sync) -> None:
    report = await recorded_export(sync)
    plan, _ = await compare(sync, 70)
    assert [(action.kind, action.report) for action in plan.actions] == [("create_issue", str(report))]
    assert sync.number(report) == 1


async def test_a_plan_of_all_new_reports_shows_exports_and_their_comments(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        await sync.run()
        report = sync.bugspark.add_report(sync.project, "New", at=github.clock.now())
        sync.add_comment(report, "older than its issue")
        github.clock.advance(61)  # BugSpark's own button was given its time
        plan, _ = await compare(sync)
        assert [action.kind for action in plan.actions] == ["post_comment", "create_issue"]


# --- transactions -----------------------------------------------------------------------------------------


class Transactions:
    """How many are open, and how many there were."""

    def __init__(self) -> None:
        self.open = self.begun = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Within the block, those of the program are counted."""
        with (
            patch.object(Database, "read", self._counting(Database.read)),
            patch.object(Database, "write", self._counting(Database.write)),
        ):
            yield

    def _counting(self, original: Any) -> Any:
        @asynccontextmanager
        async def count(database: Database) -> AsyncIterator[Any]:
            self.open, self.begun = self.open + 1, self.begun + 1
            try:
                async with original(database) as connection:
                    yield connection
            finally:
                self.open -= 1

        return count


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_no_transaction_is_open_while_a_plan_asks_github(sync: Sync, scenario: Scenario) -> None:
    seconds = await scenario(sync)
    transactions, at_requests = Transactions(), []
    look = DuringRequest(before=lambda: at_requests.append(transactions.open))
    sync.github.simulator.faults.add(look, method=".*", times=None)
    with transactions.counted():
        assert (await sync.plan(seconds=seconds)).error is None
    assert transactions.begun
    assert at_requests
    assert not any(at_requests)


# --- ports --------------------------------------------------------------------------------------------------

PORTS: dict[type[ReadOnlyPort], type] = {
    DryLedger: ports.Ledger,
    DryIntents: ports.Intents,
    DryGitHub: ports.GitHub,
    plan_project.DryProjects: ports.Projects,
    plan_project.DryReports: ports.Reports,
    plan_project.DryRestores: ports.Restores,
    plan_project.DryDatabaseIdentity: ports.DatabaseIdentity,
    plan_project.DryRateLimiter: ports.RateLimiter,
    plan_project.DryWebhooks: ports.Webhooks,
}


@pytest.mark.parametrize("dry", PORTS, ids=lambda dry: dry.__name__)
def test_a_port_of_a_dry_run_takes_what_the_port_takes(dry: type[ReadOnlyPort]) -> None:
    """Its methods are not checked against the protocol by mypy: it lacks those that are refused."""
    port = PORTS[dry]
    methods = {
        name: method
        for name, method in vars(dry).items()
        if not name.startswith("_") and callable(method) and hasattr(port, name)
    }
    assert methods or dry.reads
    assert all(hasattr(port, name) for name in dry.reads)
    for name, method in methods.items():
        wanted, taken = parameters(getattr(port, name)), parameters(method)
        if taken.pop("query", None) is not None:  # a snapshot's keywords are those of the query
            taken |= {each: wanted[each] for each in wanted if each in SNAPSHOT_KEYWORDS}
        assert taken == wanted, name


SNAPSHOT_KEYWORDS = {each.name for each in fields(SnapshotParameters)}


def parameters(method: Any) -> dict[str, Any]:
    """How a method can be called."""
    return {each.name: (each.kind, each.default) for each in signature(method).parameters.values()}
