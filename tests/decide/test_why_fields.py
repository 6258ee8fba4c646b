"""Every field of a report on both sides and in the base, the title too if it is synced."""

from dataclasses import replace

import pytest

from reconciler.decide.report_view import bugspark_value, build_report_view, field_views, github_value
from reconciler.model.fields import Category, Field, IssueState, Severity, Side, Status
from reconciler.model.link import CommentPair, CommentPairState, LinkState
from reconciler.model.policy import SyncPolicy
from tests.support.factories import (
    AFTER,
    a_base,
    a_link,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    a_report,
    a_report_detail,
    a_seen_issue,
)

TITLES = SyncPolicy(directions={})
REPORT = a_report(severity=Severity.LOW, category=Category.UI, status=Status.TRIAGING)
LINK = a_link(
    base=a_base(severity=Severity.MEDIUM, category=Category.CRASH, status=Status.NEW),
    seen=replace(a_seen_issue("bug", "high", "performance"), state=IssueState.OPEN),
)


def test_all_three_states_of_each_field_are_shown() -> None:
    values = {
        view.field: (view.bugspark, view.agreed, view.github) for view in field_views(REPORT, LINK, TITLES)
    }
    assert values == {
        Field.STATUS: ("triaging", "new", "open"),
        Field.SEVERITY: ("low", "medium", "high"),
        Field.CATEGORY: ("ui", "crash", "performance"),
        Field.TITLE: ("Crash on start", "Crash on start", "[BUG-0001] Crash on start"),
    }


def test_a_changed_title_is_marked() -> None:
    (title,) = [
        view for view in field_views(a_report(title="Better"), LINK, TITLES) if view.field is Field.TITLE
    ]
    assert title.moved == {Side.BUGSPARK}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field.SEVERITY, "high"),
        (Field.CATEGORY, "performance"),
        (Field.TITLE, "Crash on start"),
    ],
)
def test_githubs_last_value_has_bugsparks_spelling(field: Field, expected: str) -> None:
    assert github_value(REPORT, LINK, field, TITLES) == expected
    assert github_value(REPORT, a_new_link(), field, TITLES) is None
    assert bugspark_value(REPORT, field) != ""


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (
            a_pair(Side.GITHUB, a_local_comment(), a_remote_comment(), state=CommentPairState.TOMBSTONE),
            "deleted here",
        ),
        (
            a_pair(Side.GITHUB, a_local_comment(), a_remote_comment(), state=CommentPairState.ENDED),
            "original deleted",
        ),
        (
            a_pair(
                Side.BUGSPARK,
                a_local_comment(),
                None,
                state=CommentPairState.ENDED,
                reason="deleted in BugSpark",
            ),
            "original deleted in BugSpark",
        ),
        (a_pair(Side.GITHUB, a_local_comment(), a_remote_comment(), state=CommentPairState.SKIPPED), "known"),
        (
            a_pair(
                Side.GITHUB,
                a_local_comment(),
                a_remote_comment(),
                state=CommentPairState.SKIPPED,
                reason="quoted",
            ),
            "quoted",
        ),
        (
            a_pair(
                Side.BUGSPARK,
                a_local_comment(),
                a_remote_comment(),
                state=CommentPairState.SKIPPED,
                reason="found",
            ),
            "found",
        ),
    ],
)
def test_a_finished_comment_shows_its_end(pair: CommentPair, expected: str) -> None:
    detail = a_report_detail(comments=(a_local_comment(),), pairs=(pair,))
    (comment,) = build_report_view("Shop", detail, SyncPolicy(), AFTER).comments
    assert comment.state == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (LinkState.CONTESTED, "Needs attention"),
        (LinkState.TRANSFERRED, "Transferred on GitHub"),
        (LinkState.CONVERTED, "Converted on GitHub"),
        (LinkState.REPORT_DELETED, "Deleted in BugSpark"),
    ],
)
def test_an_ended_link_shows_its_end(state: LinkState, expected: str) -> None:
    view = build_report_view(
        "Shop", a_report_detail(link=a_link(state=state, reason="so it is")), SyncPolicy(), AFTER
    )
    assert (view.state, view.reason, view.project_name) == (expected, "so it is", "Shop")


def test_a_quarantined_link_without_a_reason_has_a_standard_one() -> None:
    view = build_report_view(
        "Shop", a_report_detail(link=a_link(quarantined_until=AFTER)), SyncPolicy(), AFTER
    )
    assert (view.state, view.reason) == ("Needs attention", "it is in quarantine")
