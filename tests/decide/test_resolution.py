"""When it is asked who closed an issue, and what the answer means."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.resolution import (
    REOPENED,
    resolution_of_events,
    resolution_of_row,
    resolution_text,
    was_closed,
    with_resolution,
    without_resolution,
)
from reconciler.model.fields import Field, IssueState, Status
from reconciler.model.ids import AccountId
from reconciler.model.issue import Account, FieldEvent, Resolution
from reconciler.model.link import LinkObservation, Verification
from reconciler.model.plan import LinkPlan, Rule, SetIssueState, Why, WriteLocalComment
from reconciler.model.policy import CommentRules, Direction, SyncPolicy
from tests.support.factories import (
    AFTER,
    a_base,
    a_link,
    a_report,
    a_seen_issue,
    an_issue,
    an_observation,
    ids,
)

OPEN, CLOSED = IssueState.OPEN, IssueState.CLOSED
ALICE, OURS = Account(id=AccountId(7), login="alice"), Account(id=AccountId(8), login="bot")
OWN = frozenset({OURS.id})
AN_HOUR = timedelta(hours=1)
COMMIT = "1a2b3c4d" + "0" * 32
KEPT = Resolution(by="alice", commit=None, at=AFTER, reason="completed")
SAYS = SyncPolicy(resolution_comment=True)


def a_view(
    state: IssueState = CLOSED,
    base: IssueState | None = OPEN,
    *,
    kept: Resolution | None = None,
    **given: Any,
) -> LinkObservation:
    """An issue of this state, of a link whose base has that state (None: it has no base)."""
    status = Status.NEW if base is OPEN else Status.RESOLVED
    link = a_link(base=a_base(status=status, state=base) if base else None, resolution=kept)
    issue = an_issue(state=state, state_reason="completed", closed_by=ALICE, closed_at=AFTER)
    values: dict[str, Any] = {"link": link, "issue": issue, "now": AFTER, "report": a_report(status=status)}
    return an_observation(**{**values, **given})


def a_plan(view: LinkObservation, *actions: Any) -> LinkPlan:
    after = replace(view.link, seen=a_seen_issue(state=view.issue.state if view.issue else OPEN))
    return LinkPlan(link=view.link, report=view.report, after=after, actions=actions)


def an_event(value: str, actor: Account | None = ALICE, commit: str | None = None) -> FieldEvent:
    return FieldEvent(field=Field.STATUS, value=value, added=True, actor=actor, at=AFTER, commit=commit)


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        (a_view(), True),
        (a_view(state=OPEN), False),
        (a_view(base=CLOSED), False),
        (a_view(base=None), False),
        (a_view(issue=None), False),
        (a_view(unconfirmed_fields=frozenset({Field.STATUS})), False),
        (a_view(base=CLOSED, kept=KEPT), False),
        (a_view(base=CLOSED, kept=replace(KEPT, is_read=False)), True),
        (a_view(base=CLOSED, kept=replace(KEPT, at=AFTER - AN_HOUR)), True),
        (
            a_view(base=CLOSED, kept=replace(KEPT, at=AFTER - AN_HOUR), now=AFTER - AN_HOUR),
            False,
        ),
    ],
)
def test_it_is_asked_once_for_each_closing_by_others(view: LinkObservation, asked: bool) -> None:
    assert was_closed(view, a_plan(view)) is asked


def test_it_is_not_asked_about_an_issue_that_is_about_to_be_opened() -> None:
    view = a_view()
    opens = SetIssueState(state=OPEN, reason=None, why=Why(rule=Rule.NEWEST_LOCAL))
    assert not was_closed(view, a_plan(view, opens))


def test_a_link_that_rests_is_asked_about_later() -> None:
    view = a_view()
    plan = a_plan(view)
    assert not was_closed(view, replace(plan, after=replace(plan.after, quarantined_until=AFTER)))


@pytest.mark.parametrize(
    ("events", "own", "expected"),
    [
        ((an_event("closed", commit="c" * 40),), None, ("alice", "c" * 40)),
        ((an_event("closed", OURS), an_event("reopened", OURS), an_event("closed")), OWN, ("alice", None)),
        ((an_event("closed", OURS),), OWN, None),
        ((an_event("closed", OURS),), None, ("bot", None)),
        ((an_event("closed", None),), None, (None, None)),
        ((), None, ("alice", None)),
        ((an_event("closed", OURS), an_event("reopened", OURS)), None, ("alice", None)),
    ],
)
def test_the_last_closing_counts_and_the_issues_row_where_the_events_lag(
    events: tuple[FieldEvent, ...], own: Any, expected: Any
) -> None:
    found = resolution_of_events(a_view(), events, own)
    assert (found and (found.by, found.commit)) == expected


def test_a_row_that_names_our_account_is_ours_only_if_a_write_of_ours_may_have_closed_it() -> None:
    view = a_view(issue=an_issue(state=CLOSED, closed_by=OURS))
    assert resolution_of_row(view, OWN) is None
    assert resolution_of_row(view, None) is not None


def test_a_time_ahead_of_githubs_clock_is_bounded() -> None:
    ahead = an_issue(state=CLOSED, closed_at=AFTER + timedelta(hours=5))
    found = resolution_of_row(a_view(issue=ahead), None)
    assert found is not None
    assert found.at == AFTER


@pytest.mark.parametrize(
    ("resolution", "text"),
    [
        (KEPT, "Closed as completed by alice"),
        (
            replace(KEPT, reason="not_planned", commit=COMMIT),
            "Closed as not planned by alice in 1a2b3c4",
        ),
        (replace(KEPT, reason="duplicate", by=None), "Closed as a duplicate on GitHub"),
        (replace(KEPT, reason=None), "Closed by alice"),
        (replace(KEPT, reason="something new"), "Closed by alice"),
    ],
)
def test_the_resolution_is_described_in_a_sentence(resolution: Resolution, text: str) -> None:
    assert resolution_text(resolution) == text


def comments(plan: LinkPlan) -> list[str]:
    return [action.body for action in plan.actions if isinstance(action, WriteLocalComment)]


@pytest.mark.parametrize(
    ("kept", "found", "policy", "announcements"),
    [
        (None, KEPT, SAYS, 1),
        (None, KEPT, SyncPolicy(), 0),
        (None, KEPT, replace(SAYS, comments=CommentRules(direction=Direction.TO_GITHUB)), 0),
        (None, replace(KEPT, is_read=False), SAYS, 0),
        (replace(KEPT, is_read=False), KEPT, SAYS, 1),
        (replace(KEPT, at=AFTER - AN_HOUR), KEPT, SAYS, 0),
        (replace(KEPT, by="bob"), KEPT, SAYS, 1),
    ],
)
def test_a_closing_is_announced_once_and_only_where_comments_are_imported(
    kept: Resolution | None, found: Resolution, policy: SyncPolicy, announcements: int
) -> None:
    view = a_view(kept=kept)
    plan = with_resolution(view, a_plan(view), found, policy, ids())
    assert plan.after.resolution == found
    assert len(comments(plan)) == len(plan.pairs) == announcements


def test_a_closing_that_is_not_read_yet_makes_the_link_due_for_verification() -> None:
    view = a_view()
    late = Verification(at=AFTER, due=AFTER + timedelta(hours=6), etags=None)
    plan = a_plan(view)
    plan = replace(plan, after=replace(plan.after, verification=late))
    after = with_resolution(view, plan, replace(KEPT, is_read=False), SAYS, ids()).after
    assert after.verification is not None
    assert after.verification.due == view.now + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("status", "texts"), [(Status.RESOLVED, [REOPENED]), (Status.NEW, [])], ids=["on GitHub", "in BugSpark"]
)
def test_an_issue_that_is_open_again_has_no_resolution_and_the_history_says_so(
    status: Status, texts: list[str]
) -> None:
    view = a_view(state=OPEN, base=CLOSED, kept=KEPT, report=a_report(status=status))
    plan = without_resolution(view, a_plan(view), SAYS, ids())
    assert plan.after.resolution is None
    assert plan.notes == ("opened again; before that: Closed as completed by alice",)
    assert comments(plan) == texts


def test_names_are_one_line_and_bounded_and_unknown_reasons_are_left_out() -> None:
    hostile = Account(id=AccountId(9), login="a\nb\0" + "c" * 500)
    issue = an_issue(state=CLOSED, closed_by=hostile, state_reason="x" * 500)
    found = resolution_of_row(a_view(issue=issue), None)
    assert found is not None
    assert found.by is not None
    assert found.by.isprintable()
    assert len(found.by) <= 100
    assert found.reason is None
