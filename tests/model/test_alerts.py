"""The problems of a project, and which of them are new compared with the stored ones."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from reconciler.model.alerts import (
    MAX_PENDING_NOTICES,
    NO_ALERT_STATE,
    AlertState,
    CurrentProblems,
    Notice,
    Problem,
    current_problems,
    new_notices,
    next_alert_state,
)
from reconciler.model.health import AttentionItem
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import AppliedCounts, Cost, Failure, Outcome, PassResult

NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
CALM = CurrentProblems(withheld=None, exposed=False, items=(), is_complete=True)
FROZEN = Problem(what="frozen", reason="undone three times", report_id="r1", field="status")
GONE = Problem(what="gone", reason="deleted", report_id="r2")


def result(outcome: Outcome = Outcome.OK, kind: str | None = None, **values: Any) -> PassResult:
    return PassResult(
        project_id=ProjectId(UUID(int=1)),
        project_name="Shop",
        repository="acme/web",
        outcome=outcome,
        error=Failure(kind=kind, message="x" * 500) if kind else None,
        duration_ms=1,
        github=Cost(),
        applied=AppliedCounts(),
        conflicts=0,
        quarantined=0,
        pending=0,
        **values,
    )


@pytest.mark.parametrize(
    ("pass_result", "needs"),
    [
        (result(Outcome.FAILED, "credential", failures=1), True),
        (result(Outcome.FAILED, "github", failures=2), False),  # may pass by itself
        (result(Outcome.FAILED, "github", failures=3), True),
        (result(Outcome.REFUSED, "recreated", failures=1), True),
        (result(Outcome.REFUSED, "paused"), False),  # the operator knows
        (result(Outcome.LIMITED, "limited"), False),
        (result(Outcome.PARTIAL, "withheld"), False),  # `withheld` is a problem of its own
    ],
)
def test_a_failed_pass_is_a_problem_if_it_will_not_pass_by_itself(
    pass_result: PassResult, needs: bool
) -> None:
    problems = current_problems(pass_result, CALM, NOW)
    assert [problem.what for problem in problems] == (["failing"] if needs else [])
    assert all(len(problem.reason) <= 300 for problem in problems)


def test_withheld_writes_and_links_are_problems_too() -> None:
    item = AttentionItem(
        report="BUG-0001",
        report_id=ReportId(UUID(int=2)),
        issue="acme/web#3",
        what="refused",
        field="status",
        reason="locked",
    )
    problems = current_problems(
        result(), CurrentProblems(withheld="h4sh", exposed=True, items=(item,), is_complete=True), NOW
    )
    assert [(problem.what, problem.mark, problem.report, problem.issue) for problem in problems] == [
        ("withheld", "h4sh", None, None),
        ("public", "", None, None),
        ("refused", "", "BUG-0001", "acme/web#3"),
    ]


def test_only_new_problems_make_notices_and_only_once() -> None:
    first = new_notices(NO_ALERT_STATE, (FROZEN, GONE), NOW)
    assert first == (Notice(entered=True, about=FROZEN, at=NOW), Notice(entered=True, about=GONE, at=NOW))
    state = AlertState(known=(FROZEN, GONE))
    reworded = Problem(what="frozen", reason="undone four times", report_id="r1", field="status")
    assert new_notices(state, (GONE, reworded), NOW) == ()
    assert new_notices(state, (GONE,), NOW) == (Notice(entered=False, about=FROZEN, at=NOW),)


def test_deletions_with_another_hash_are_a_new_problem() -> None:
    one, other = (Problem(what="withheld", mark=mark, reason="") for mark in ("a", "b"))
    assert [notice.entered for notice in new_notices(AlertState(known=(one,)), (other,), NOW)] == [
        True,
        False,
    ]


def test_an_incomplete_list_ends_no_problem() -> None:
    state = AlertState(known=(FROZEN,))
    notices = new_notices(state, (GONE,), NOW, is_complete=False)
    assert notices == (Notice(entered=True, about=GONE, at=NOW),)
    assert next_alert_state(state, (GONE,), notices, is_complete=False).known == (GONE, FROZEN)


def test_pending_notices_are_kept_in_order_and_bounded() -> None:
    many = tuple(Notice(entered=True, about=GONE, at=NOW) for _ in range(MAX_PENDING_NOTICES))
    last = Notice(entered=False, about=GONE, at=NOW)
    after = next_alert_state(AlertState(owed=many, tries=2), (), (last,))
    assert (len(after.owed), after.owed[-1], after.tries, after.known) == (MAX_PENDING_NOTICES, last, 2, ())
