"""A test of the proofs with crashes: a planted bug for each of these invariants must be found."""

import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.decide import comment_presence, comments, fields
from reconciler.decide.comment_draft import CommentDraft
from reconciler.demo.github.faults import Stale
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.synced_field import FieldDiff
from reconciler.model.fields import Base, Side
from reconciler.model.ids import AccountId, RemoteCommentId, RepositoryId
from reconciler.model.intent import MAYBE_SENT_STATES, IntentState
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, SeenIssue
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.ports import Claim
from reconciler.store.sync.intents import DELETE_INTENT
from reconciler.store.sync.writes.claims import mark_sending
from reconciler.sync import full_read, observe, run
from reconciler.sync.apply import PlanApplier
from reconciler.sync.context import Context
from reconciler.sync.observe import GitHubObservation
from reconciler.sync.recover import RecoveryFindings, recover_unknown_writes
from reconciler.sync.result import PassStats
from tests.proofs.random_history import RandomHistory
from tests.proofs.test_kill_points import busy_scenario, cut_at
from tests.support.invariants import find_violations
from tests.support.scenario import open_scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]

PlantBug = Callable[[pytest.MonkeyPatch], None]


def base_moves_before_the_write(patch: pytest.MonkeyPatch) -> None:
    """Invariant 5."""

    def advance(base: Base, item: FieldDiff, winner: Side | None, seen: SeenIssue) -> Base:
        value = item.remote if winner is Side.GITHUB and item.remote is not None else item.local
        return SYNCED_FIELDS[item.field].with_agreed_value(base, value, seen)

    patch.setattr(fields, "_advance_base", advance)


def ours_is_not_recognised(patch: pytest.MonkeyPatch) -> None:
    """Invariant 4: neither by the marker nor, where it was edited away, by our own text."""

    async def mark_nothing(
        context: Context,
        repository_id: RepositoryId,
        accounts: Collection[AccountId],
        comments: Mapping[RemoteCommentId, RemoteComment],
        recorded: Collection[RemoteCommentId | None],
    ) -> dict[RemoteCommentId, RemoteComment]:
        return dict(comments)

    patch.setattr(observe, "_mark_own_comment", lambda *given: given[-1])
    patch.setattr(full_read, "mark_edited_copies", mark_nothing)


def unknown_is_sent_again_unchecked(patch: pytest.MonkeyPatch) -> None:
    """Invariant 3."""

    async def plan_again(context: Context, state: ProjectState, stats: PassStats) -> RecoveryFindings:
        for intent in await context.stores.intents.list_open(context.project.id):
            if intent.state in MAYBE_SENT_STATES:
                await context.stores.intents.save_unconfirmed(replace(intent, state=IntentState.PLANNED))
        return await recover_unknown_writes(context, state, stats)

    patch.setattr(run, "recover_unknown_writes", plan_again)


def position_before_its_rows(patch: pytest.MonkeyPatch) -> None:
    """Invariant 14."""
    original = PlanApplier.apply_observation

    async def run_too_early(
        self: PlanApplier, observation: GitHubObservation, plans: Sequence[LinkPlan]
    ) -> None:
        await self._store_in_pages((), observation)
        await original(self, observation, plans)

    patch.setattr(PlanApplier, "apply_observation", run_too_early)


def done_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    """Invariant 6: confirmed with the claim, so that a crash between the two leaves nothing to be sent."""

    async def run_too_early(connection: AsyncConnection, found: Claim, at: datetime) -> Claim:
        claim = await mark_sending(connection, found, at)
        await connection.execute(DELETE_INTENT, {"wanted": claim.intent.id})
        return claim

    patch.setattr("reconciler.store.sync.intents.mark_sending", run_too_early)


def leaves(point: str) -> bool:
    return point.startswith("POST") and point.endswith("/comments")


def answered(point: str) -> bool:
    return point.startswith("POST") and point.endswith("/comments: answered")


def stored(point: str) -> bool:
    return point == "committed"


async def crash_with_all_kinds_of_work(path: Path, fatal: Callable[[str], bool], point: int) -> list[str]:
    where, wrong = await cut_at(busy_scenario(f"sqlite:///{path}"), point, fatal)
    assert where is not None, "the pass did not come to this point"
    return wrong


async def crash_with_one_comment(path: Path, fatal: Callable[[str], bool], point: int) -> list[str]:
    """One comment, and no change afterwards that would let the lists show it again."""
    async with open_scenario(f"sqlite:///{path}") as scenario:
        report = await scenario.export(title="first")
        await scenario.settle(hours=0)
        scenario.comment_on_github(report)
        await scenario.start()
        scenario.crash_points.reset(crash_at=point, is_fatal=fatal)
        await scenario.run()
        return find_violations(scenario, await scenario.settle(hours=0))


async def lose_answer_while_list_lags(path: Path, fatal: Callable[[str], bool], point: int) -> list[str]:
    async with open_scenario(f"sqlite:///{path}") as scenario:
        report = await scenario.export(title="first")
        await scenario.run()
        scenario.comment_in_bugspark(report)
        await scenario.start()
        scenario.crash_points.reset(crash_at=point, is_fatal=fatal)
        await scenario.run()
        scenario.github.simulator.faults.add(Stale(seconds=120), method="GET", path=r"\?", times=4)
        await scenario.run(seconds=61)
        return find_violations(scenario, await scenario.settle(hours=0))


Situation = Callable[[Path, Callable[[str], bool], int], Awaitable[list[str]]]
PLANTED: dict[str, tuple[PlantBug, Situation, Callable[[str], bool], int]] = {
    "3": (unknown_is_sent_again_unchecked, lose_answer_while_list_lags, answered, 1),
    "4": (ours_is_not_recognised, crash_with_all_kinds_of_work, answered, 1),
    "5": (base_moves_before_the_write, crash_with_all_kinds_of_work, stored, 8),
    "6": (done_before_it_is_sent, lose_answer_while_list_lags, leaves, 1),
    "14": (position_before_its_rows, crash_with_one_comment, stored, 6),
}


async def found(
    situation: Situation, fatal: Callable[[str], bool], points: int, make: Callable[[], Path]
) -> int:
    return sum([len(await situation(make(), fatal, point)) for point in range(points)])


@pytest.mark.parametrize("invariant", PLANTED)
async def test_a_crash_shows_a_planted_bug_and_nothing_without_it(
    invariant: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(range(100))

    def make() -> Path:
        return Path(shutil.copy(sqlite_template, tmp_path / f"{next(names)}.db"))

    plant, situation, fatal, points = PLANTED[invariant]
    assert await found(situation, fatal, points, make) == 0
    plant(monkeypatch)
    assert await found(situation, fatal, points, make) > 0


def copies_outlive_their_originals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comment_presence, "_end_pair", lambda *_: None)


def deleted_copies_are_made_again(patch: pytest.MonkeyPatch) -> None:
    def forget(draft: CommentDraft, pair: CommentPair) -> None:
        draft.set_pair(replace(pair, local_id=None, remote_id=None))

    patch.setattr(comments, "_end_pair_deleted_in_bugspark", forget)


def edits_are_not_carried_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comments, "_decide_remote_edit", lambda *given: given[2])


@pytest.mark.parametrize("is_planted", [False, True])
def test_a_fixed_history_shows_a_planted_bug_and_nothing_without_it(
    is_planted: bool, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_planted:
        edits_are_not_carried_over(monkeypatch)
    machine = history_on(sqlite_template, tmp_path)()
    machine.begin([])
    machine.people([("edit", 0, None)], 1)
    machine.quiet_pass(61)
    with pytest.raises(AssertionError) if is_planted else nullcontext():
        machine.teardown()


def history_on(template: Path, folder: Path) -> type[RandomHistory]:
    """The machine, each run of it on a new copy of the template."""
    runs = iter(range(1_000))

    def make_url(resources: AsyncExitStack) -> str:
        return f"sqlite:///{shutil.copy(template, folder / f'{next(runs)}.db')}"

    return type("RandomHistory", (RandomHistory,), {"make_url": staticmethod(make_url)})


if "PROVE" in os.environ:  # it takes minutes

    @pytest.mark.parametrize(
        "plant", [edits_are_not_carried_over, copies_outlive_their_originals, deleted_copies_are_made_again]
    )
    def test_the_machine_finds_a_planted_bug(
        plant: PlantBug, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plant(monkeypatch)
        some = settings(max_examples=120, stateful_step_count=25, phases=[Phase.generate], database=None)
        with pytest.raises((AssertionError, ExceptionGroup)):
            run_state_machine_as_test(seed(1)(history_on(sqlite_template, tmp_path)), settings=some)
