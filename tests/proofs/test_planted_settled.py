"""A test of the tests, for what must be so when everything is at peace again: both sides equal, nobody's word
lost, nothing asked or written, nothing inferred from half a list. A planted bug for each must be seen.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.decide import comment_presence
from reconciler.decide.comment_draft import CommentDraft
from reconciler.demo.github.faults import Stale
from reconciler.fields.category import CategoryField
from reconciler.fields.synced_field import FieldDiff, Verdict
from reconciler.model.fields import Base
from reconciler.model.ids import ReportId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, Presence, SeenIssue
from reconciler.model.passes import NullProgress
from reconciler.model.plan import LinkPlan, SetReportField
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import Report
from reconciler.model.snapshot import ProjectState, TransactionBatch
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.sync import apply_batch
from reconciler.sync import run
from reconciler.sync.context import Context
from reconciler.sync.decide_links import end_renamed_label_problems
from reconciler.sync.preflight import resolve_repository_and_account
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


# --- 1: both sides become equal ---------------------------------------------------------------------------


def a_category_counts_as_equal(patch: pytest.MonkeyPatch) -> None:
    original = CategoryField.diff

    def compare_as_equal(
        self: CategoryField, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy
    ) -> FieldDiff:
        return replace(original(self, report, seen, base, policy), verdict=Verdict.EQUAL)

    patch.setattr(CategoryField, "diff", compare_as_equal)


async def people_sort_reports(scenario: Scenario) -> Violations:
    here, there = await scenario.export(title="first"), await scenario.export(title="second")
    await scenario.run()
    scenario.set_in_bugspark(here, "category", "ui")
    scenario.set_on_github(there, "category", "crash")
    return find_violations(scenario, await scenario.settle(hours=0))


# --- 2: every word of a user is there, or a recorded conflict ----------------------------------------------


def concurrent_edit_is_overwritten(patch: pytest.MonkeyPatch) -> None:
    async def write_unconditionally(
        connection: AsyncConnection, plans: Sequence[LinkPlan], _: TransactionBatch
    ) -> set[ReportId]:
        for plan in plans:
            wanted = {each.field.value: each.to for each in plan.actions if isinstance(each, SetReportField)}
            if wanted:
                same = reports.c.id == plan.link.report_id
                await connection.execute(sa.update(reports).where(same).values(wanted))
        return set()

    patch.setattr(apply_batch, "_update_report_fields", write_unconditionally)


async def user_edits_during_pass(scenario: Scenario) -> Violations:
    """Around the point between what a pass has read and what it stores: a pass for each."""
    report = await scenario.export(title="first")
    await scenario.run()
    wrong: Violations = []
    for point in range(9, 12):
        there, here = ("low", "medium") if point % 2 else ("high", "critical")
        scenario.set_on_github(report, "severity", there)
        scenario.crash_points.reset(acts={point: partial(scenario.set_in_bugspark, report, "severity", here)})
        await scenario.run()
        wrong += find_violations(scenario, await scenario.settle(hours=0))
    return wrong


# --- 8: an idle pass asks for two lists and writes two rows -------------------------------------------------


def every_pass_asks_who_it_is(patch: pytest.MonkeyPatch) -> None:
    original = resolve_repository_and_account

    async def forget_known(context: Context, state: ProjectState) -> ProjectState:
        return await original(context, replace(state, account=None))

    patch.setattr(run, "resolve_repository_and_account", forget_known)


def every_pass_marks_every_link(patch: pytest.MonkeyPatch) -> None:
    original = end_renamed_label_problems

    async def busy(context: Context, state: ProjectState) -> None:
        later = context.github.now() + timedelta(hours=5)
        await context.stores.ledger.mark_all_due_for_verification(
            context.project.id, state.repository_id, later
        )
        await original(context, state)

    patch.setattr(run, "end_renamed_label_problems", busy)


async def nothing_happens(scenario: Scenario) -> Violations:
    for number in range(3):
        await scenario.export(title=f"no. {number}")
    last = await scenario.settle(hours=0)
    before = rows_of_all(scenario)
    await scenario.run(seconds=1)
    after = rows_of_all(scenario)
    written = {name: len(after[name] - before[name]) for name in after if after[name] != before[name]}
    spare = sum(written.values()) > 2 or not written.keys() <= {"sync_governor", "sync_projects"}
    return find_violations(scenario, last) + ([f"an idle pass wrote {written}"] if spare else [])


def rows_of_all(scenario: Scenario) -> dict[str, set[str]]:
    engine = scenario.bugspark.engine
    with engine.connect() as connection:
        return {
            name: {repr(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
            for name in sa.inspect(engine).get_table_names()
        }


# --- 10: deletion is inferred only from complete, healthy reads --------------------------------------------


def one_reading_counts_as_two(patch: pytest.MonkeyPatch) -> None:
    def trusting(draft: CommentDraft, pair: CommentPair, row: RemoteComment | None) -> None:
        if comment_presence._seen_presence(draft, pair, row) is Presence.ABSENT and pair.believed_presence:
            comment_presence._end_pair(draft, pair, row)

    patch.setattr(comment_presence, "_record_contradicting_reading", trusting)


async def a_thread_is_shown_in_part(scenario: Scenario) -> Violations:
    """Everything is compared, while GitHub shows the thread as it was before its comments."""
    report = await scenario.export(title="first")
    scenario.github.clock.advance(600)
    scenario.comment_on_github(report)
    scenario.comment_in_bugspark(report)
    await scenario.run()
    scenario.github.clock.advance(60)
    scenario.comment_on_github(report)  # so that the thread has changed
    scenario.github.simulator.faults.add(
        Stale(seconds=300), method="GET", path=r"/issues/\d+/comments", times=4
    )
    app = await scenario.start()
    await app.verify(await app.find_project(str(scenario.project)), wait=False, progress=NullProgress())
    return find_violations(scenario, await scenario.settle(hours=0))


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "1": (a_category_counts_as_equal, people_sort_reports),
    "2": (concurrent_edit_is_overwritten, user_edits_during_pass),
    "8, it asks": (every_pass_asks_who_it_is, nothing_happens),
    "8, it writes": (every_pass_marks_every_link, nothing_happens),
    "10": (one_reading_counts_as_two, a_thread_is_shown_in_part),
}


@pytest.mark.parametrize("invariant", PLANTED)
async def test_a_settled_scenario_shows_a_planted_bug_and_nothing_without_it(
    invariant: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await require_bug_detected(*PLANTED[invariant], sqlite_template, tmp_path, monkeypatch)
