"""A test of the proofs without crashes: a planted bug for each of these invariants must be found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reconciler.bootstrap.application import open_application
from reconciler.decide.comment_draft import NewId
from reconciler.decide.fields import FieldChangeTimes
from reconciler.decide.guard import GuardResult
from reconciler.decide.link import decide_link
from reconciler.model.fields import Field
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit
from reconciler.model.link import LinkObservation
from reconciler.model.passes import NullProgress
from reconciler.model.plan import LinkPlan
from reconciler.model.policy import SyncPolicy
from reconciler.model.snapshot import ProjectState
from reconciler.store.sync.rate_limiter import CredentialBudget, StoredRateLimiter
from reconciler.store.sync.sliding_window import WindowUsage
from reconciler.sync import apply, decide_links, run
from reconciler.sync.context import Context
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.support.canary import BOT_TOKEN, TokenFoundError, search_rows
from tests.support.crash_points import HOST, intercept_process
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template
from tests.support.sync import settings_for

__all__ = ["sqlite_template"]


# --- 7: replayed pages change nothing ---------------------------------------------------------------------


def known_comments_are_news(patch: pytest.MonkeyPatch) -> None:
    original = decide_link

    def forget_known(
        view: LinkObservation, policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes], new_id: NewId
    ) -> LinkPlan | frozenset[Field]:
        return original(replace(view, pairs=()), policy, times, new_id)

    patch.setattr(decide_links, "decide_link", forget_known)


async def pages_come_again(scenario: Scenario) -> Violations:
    report = await scenario.export(title="first")
    for _ in range(3):
        scenario.comment_on_github(report)
    await scenario.run()
    scenario.bugspark.execute("UPDATE sync_lists SET etag = NULL, anchor = '2026-01-01 00:00:00'")
    await scenario.run()
    return find_violations(scenario, await scenario.settle(hours=0))


# --- 9: limits are kept across processes ------------------------------------------------------------------


def each_process_counts_for_itself(patch: pytest.MonkeyPatch) -> None:
    async def alone(
        self: StoredRateLimiter,
        credential: Fingerprint,
        budget: CredentialBudget,
        spent: WindowUsage,
        rate: RateLimit | None,
    ) -> bool:
        self._known[credential] = CredentialBudget(revision=budget.revision + 1, spent=spent, rate=rate)
        return True

    patch.setattr(StoredRateLimiter, "_save_if_unchanged", alone)


async def two_processes_write(scenario: Scenario) -> Violations:
    """By turns, a second apart at least: the pace of one credential."""
    slow = settings_for(scenario.url, f"http://{HOST}:9", write={"min_interval_seconds": 1.0})
    with intercept_process(scenario.crash_points, scenario.github.simulator):
        async with (
            open_application(slow, scenario.clock) as one,
            open_application(slow, scenario.clock) as other,
        ):
            for number in range(4):
                filed = scenario.bugspark.add_report(
                    scenario.project, f"no. {number}", at=scenario.clock.now()
                )
                await (one if number % 2 else other).export((str(filed),), NullProgress())
    times = [seen.time for seen in scenario.github.simulator.requests if seen.method == "POST"]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return [f"two writes {gap:.2f} s apart" for gap in gaps if gap < 1] + (
        [] if len(times) >= 4 else [f"only {len(times)} issues were made"]
    )


# --- 11: brakes hold --------------------------------------------------------------------------------------


def nothing_is_withheld(patch: pytest.MonkeyPatch) -> None:
    def open_gate(plans: Sequence[LinkPlan], **_: Any) -> GuardResult:
        return GuardResult(plans=tuple(plans))

    patch.setattr(apply, "withhold_suspicious_deletions", open_gate)


async def all_comments_are_deleted(scenario: Scenario) -> Violations:
    """All comments of BugSpark are gone at once; their copies must wait for a person."""
    report = await scenario.export(title="first")
    for _ in range(8):
        scenario.comment_in_bugspark(report)
    await scenario.run()
    for note in scenario.notes:
        scenario.delete_comment_of(note)
    await scenario.run()
    left = len(scenario.comments_of_its_issue(report))
    return [] if left == 8 else [f"{8 - left} copies were deleted without a person's word"]


# --- 12: one poisoned item stops nothing else -------------------------------------------------------------


def one_stops_all(patch: pytest.MonkeyPatch) -> None:
    def rethrow(_: Context, __: LinkObservation, reason: str) -> LinkPlan:
        raise RuntimeError(reason)

    patch.setattr(decide_links, "quarantine_plan", rethrow)


async def one_of_three_cannot_be_decided(scenario: Scenario) -> Violations:
    reports = [await scenario.export(title=f"no. {number}") for number in range(3)]
    await scenario.run()
    original = decide_link

    def breaks(
        view: LinkObservation, policy: SyncPolicy, times: Mapping[Field, FieldChangeTimes], new_id: NewId
    ) -> LinkPlan | frozenset[Field]:
        if view.link.report_id == reports[1]:
            raise ValueError("poison")
        return original(view, policy, times, new_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide_links, "decide_link", breaks)
        for report in reports:
            scenario.set_on_github(report, "status", "closed")
        await scenario.run()
    rows = [scenario.all_reports()[report]["status"] for report in reports]
    return [f"no. {place} is {rows[place]}" for place in (0, 2) if rows[place] != "closed"]


# --- 13: no secret anywhere -------------------------------------------------------------------------------


def an_error_names_the_token(patch: pytest.MonkeyPatch) -> None:
    async def raise_with_token(_: Context, __: ProjectState) -> ProjectState:
        raise RuntimeError(f"refused with {BOT_TOKEN}")

    patch.setattr(run, "resolve_repository_and_account", raise_with_token)


async def a_pass_is_written_down(scenario: Scenario) -> Violations:
    await scenario.run()
    try:
        search_rows(scenario.bugspark.engine)
    except TokenFoundError as escaped:
        return [str(escaped)]
    finally:
        scenario.bugspark.execute("DELETE FROM sync_projects")
        scenario.bugspark.execute("DELETE FROM sync_runs")
    return []


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "7": (known_comments_are_news, pages_come_again),
    "9": (each_process_counts_for_itself, two_processes_write),
    "11": (nothing_is_withheld, all_comments_are_deleted),
    "12": (one_stops_all, one_of_three_cannot_be_decided),
    "13": (an_error_names_the_token, a_pass_is_written_down),
}


@pytest.mark.parametrize("invariant", PLANTED)
async def test_a_scenario_shows_a_planted_bug_and_nothing_without_it(
    invariant: str,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_token_allowed: None,
) -> None:
    await require_bug_detected(*PLANTED[invariant], sqlite_template, tmp_path, monkeypatch)
