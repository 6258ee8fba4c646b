"""A report's status, fields and comments as people see them.

Source: docs/reference/looks.md, Rules: the same words everywhere.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.decide.edited_originals import COPY_EDITED_ON_GITHUB
from reconciler.decide.report_view import build_report_view
from reconciler.model.fields import Field, IssueState, Severity, Side, Status
from reconciler.model.ids import CommentPairId, IntentId, IssueNumber, LinkId, ReportId, RepositoryId
from reconciler.model.intent import DOUBTFUL_ANSWER, Intent, IntentState, NewComment
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import CommentPairState, FrozenField, LinkState
from reconciler.model.plan import Rule
from reconciler.model.policy import SyncPolicy
from reconciler.model.report_detail import ConnectedRepository, DatedChange, ReportView, SkippedComments
from reconciler.model.snapshot import Change
from tests.support.factories import (
    AFTER,
    a_link,
    a_local_comment,
    a_new_link,
    a_pair,
    a_report,
    a_report_detail,
    a_seen_issue,
    ids,
    local_id,
)

OURS, THEIRS = Side.BUGSPARK, Side.GITHUB


def explained(**values: Any) -> ReportView:
    return build_report_view("Shop", a_report_detail(**values), SyncPolicy(), AFTER)


def an_intent(state: IntentState = IntentState.PLANNED, **values: Any) -> Intent:
    new = ids(7)
    detail_values: dict[str, Any] = {
        "id": IntentId(new()),
        "project_id": a_report().project_id,
        "report_id": ReportId(new()),
        "link_id": LinkId(new()),
        "pair_id": None,
        "local_id": new(),
        "operation": Operation.CREATE_COMMENT,
        "repository_id": RepositoryId(1),
        "number": None,
        "desired": NewComment(body="hello"),
        "state": state,
        "attempts": 1,
        "created_at": AFTER,
    }
    return Intent(**{**detail_values, **values})


REFUSED = an_intent(IntentState.QUARANTINED, reason="the issue is locked")
DOUBT = f"{DOUBTFUL_ANSWER}acme/web#8, acme/web#9 could be it"
DOUBTFUL = an_intent(IntentState.UNKNOWN, reason=DOUBT)
SECOND = a_link(number=IssueNumber(13), state=LinkState.SECOND)
FROZEN = FrozenField(field=Field.SEVERITY, since=AFTER, reason="bot undid it three times")


@pytest.mark.parametrize(
    ("values", "state", "reason"),
    [
        ({}, "Synced", None),
        ({"link": None}, "Not linked", None),
        ({"link": None, "intents": (an_intent(),)}, "Waiting", "its issue is to be made by the next pass"),
        ({"link": a_new_link()}, "Waiting", "the next pass does the initial sync"),
        ({"link": a_link(state=LinkState.GONE, reason="deleted")}, "Gone on GitHub", "deleted"),
        ({"link": a_link(state=LinkState.UNLINKED)}, "Not linked", None),
        ({"link": a_link(quarantined_until=AFTER, reason="404")}, "Needs attention", "404"),
        ({"link": a_link(frozen_fields=(FROZEN,))}, "Needs attention", "bot undid it three times"),
        ({"intents": (an_intent(), REFUSED)}, "Needs attention", "the issue is locked"),
        (
            {"intents": (an_intent(), an_intent(IntentState.QUARANTINED))},
            "Needs attention",
            "GitHub refused a write",
        ),
        ({"intents": (an_intent(), DOUBTFUL)}, "Needs attention", DOUBT),
        ({"link": None, "intents": (DOUBTFUL,)}, "Needs attention", DOUBT),
        ({"link": a_link(quarantined_until=AFTER)}, "Needs attention", "it is in quarantine"),
        ({"second_issues": (SECOND,)}, "Needs attention", "acme/web#13 is a second issue of it"),
        ({"second_issues": (replace(SECOND, reason="pressed twice"),)}, "Needs attention", "pressed twice"),
        (
            {"withheld": {CommentPairId(ids(9)()): Kind.REMOVE_COMMENT}},
            "Needs attention",
            "1 deletion withheld",
        ),
        ({"intents": (an_intent(),)}, "Waiting", "1 write pending"),
        ({"report": a_report(status=Status.RESOLVED)}, "Waiting", "the next pass looks at status"),
    ],
)
def test_a_reports_status_and_reason(values: dict[str, Any], state: str, reason: str | None) -> None:
    view = explained(**values)
    assert (view.state, view.reason) == (state, reason)


ELSEWHERE = ConnectedRepository(id=RepositoryId(56), name="acme/site")
HERE = ConnectedRepository(id=a_link().repository_id, name="acme/web")
LOST_THERE = an_intent(IntentState.UNKNOWN, repository_id=HERE.id)
LEFT_LINK = (
    "its issue is acme/web#12, and the project is connected to acme/site now: nothing of it is synced; "
    "connect that repository again, or `reconcile unlink` the report"
)
LEFT_CREATE = (
    "whether its issue was made in the earlier repository is not known, and the project is connected to "
    "acme/site now: `reconcile retry` makes it in acme/site, `reconcile unlink` gives it up"
)


@pytest.mark.parametrize(
    ("values", "connected", "state", "reason"),
    [
        ({}, HERE, "Synced", None),
        ({}, ELSEWHERE, "Needs attention", LEFT_LINK),
        ({"link": a_link(state=LinkState.GONE)}, ELSEWHERE, "Gone on GitHub", None),
        ({"link": None}, ELSEWHERE, "Not linked", None),
        ({"link": None, "intents": (LOST_THERE,)}, ELSEWHERE, "Needs attention", LEFT_CREATE),
        (
            {"link": a_link(state=LinkState.UNLINKED), "intents": (LOST_THERE,)},
            ELSEWHERE,
            "Needs attention",
            LEFT_CREATE,
        ),
        (
            {"link": None, "intents": (LOST_THERE,)},
            HERE,
            "Waiting",
            "its issue is to be made by the next pass",
        ),
        (
            {"link": None, "intents": (an_intent(repository_id=HERE.id),)},
            ELSEWHERE,
            "Waiting",
            "its issue is to be made by the next pass",
        ),
        ({"intents": (LOST_THERE,)}, HERE, "Waiting", "1 write pending"),
    ],
)
def test_what_a_project_left_in_an_earlier_repository_needs_a_person(
    values: dict[str, Any], connected: ConnectedRepository, state: str, reason: str | None
) -> None:
    view = build_report_view("Shop", a_report_detail(**values), SyncPolicy(), AFTER, connected)
    assert (view.state, view.reason) == (state, reason)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "status: closed was lost; severity: low was lost"),
        (
            {"intents": (an_intent(), an_intent())},
            "status: closed was lost; severity: low was lost; 2 writes pending",
        ),
        ({"now": AFTER + timedelta(days=8)}, None),
    ],
)
def test_a_lost_value_is_shown_before_what_only_waits(values: dict[str, Any], reason: str | None) -> None:
    history = tuple(
        DatedChange(change=conflict(field, lost), at=AFTER)
        for field, lost in ((Field.SEVERITY, "low"), (Field.STATUS, "closed"))
    )
    about = {"now": AFTER, **values}
    now = about.pop("now")
    view = build_report_view("Shop", a_report_detail(history=history, **about), SyncPolicy(), now)
    assert (view.state, view.reason) == ("Conflict" if reason else "Synced", reason)


def conflict(field: Field, lost: str) -> Change:
    return Change(
        report_id=a_report().id,
        link_id=a_link().id,
        side=THEIRS,
        kind=Kind.CONFLICT,
        field=field,
        base=None,
        local=None,
        remote=lost,
        to="new",
        rule=Rule.NEWEST_LOCAL,
        lost=lost,
    )


def test_deletions_and_differing_fields_are_counted_and_named() -> None:
    withheld = {CommentPairId(each): Kind.REMOVE_COMMENT for each in (ids(9)(), ids(10)())}
    assert explained(withheld=withheld).reason == "2 deletions withheld"
    report = a_report(status=Status.RESOLVED, severity=Severity.LOW)
    assert explained(report=report).reason == "the next pass looks at status, severity"


def test_each_field_is_shown_as_each_side_spells_it() -> None:
    link = a_link(
        seen=replace(a_seen_issue("bug", "high"), state=IssueState.CLOSED, state_reason="not_planned")
    )
    views = {view.field: view for view in explained(link=link).fields}
    assert views[Field.STATUS].github == "closed (not_planned)"
    assert views[Field.STATUS].moved == {THEIRS}
    assert views[Field.SEVERITY].github == "high"
    assert views[Field.CATEGORY].github is None
    assert Field.TITLE not in views


def test_the_side_that_changed_is_marked() -> None:
    report = a_report(severity=Severity.CRITICAL)
    (severity,) = [view for view in explained(report=report).fields if view.field is Field.SEVERITY]
    assert severity.moved == {OURS}
    both = explained(report=report, link=a_link(seen=a_seen_issue("bug", "low")))
    assert both.fields[1].moved == {OURS, THEIRS}


def test_without_a_read_github_has_no_values() -> None:
    view = explained(link=a_new_link())
    assert {(field.agreed, field.github, field.moved) for field in view.fields} == {(None, None, frozenset())}


@pytest.mark.parametrize(
    ("origin", "state", "more", "expected"),
    [
        (OURS, CommentPairState.LIVE, {}, "on GitHub"),
        (OURS, CommentPairState.LIVE, {"reason": COPY_EDITED_ON_GITHUB}, "on GitHub, edited there"),
        (THEIRS, CommentPairState.LIVE, {}, "in BugSpark"),
        (OURS, CommentPairState.PENDING, {}, "waiting"),
        (OURS, CommentPairState.ENDED, {}, "original deleted"),
        (OURS, CommentPairState.TOMBSTONE, {}, "deleted there"),
        (OURS, CommentPairState.SKIPPED, {"reason": "older than the link"}, "not sent: older than the link"),
    ],
)
def test_a_comment_shows_the_state_of_its_copy(
    origin: Side, state: CommentPairState, more: dict[str, Any], expected: str
) -> None:
    pair = replace(a_pair(origin, a_local_comment(), None), state=state, **more)
    (comment,) = explained(comments=(a_local_comment(),), pairs=(pair,)).comments
    assert (comment.origin, comment.state) == (origin, expected)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (IntentState.PLANNED, "waiting"),
        (IntentState.UNKNOWN, "waiting: GitHub is asked whether it arrived"),
        (IntentState.SENDING, "waiting: GitHub is asked whether it arrived"),
        (IntentState.QUARANTINED, "not sent: the issue is locked"),
    ],
)
def test_an_unsent_comment_shows_what_it_waits_for(state: IntentState, expected: str) -> None:
    pair = replace(a_pair(OURS, a_local_comment(), None), state=CommentPairState.PENDING)
    reason = "the issue is locked" if state is IntentState.QUARANTINED else None
    intent = an_intent(state, pair_id=pair.id, reason=reason)
    (comment,) = explained(comments=(a_local_comment(),), pairs=(pair,), intents=(intent,)).comments
    assert comment.state == expected


def test_an_unsent_comment_that_may_be_there_edited_shows_the_doubt() -> None:
    pair = replace(a_pair(OURS, a_local_comment(), None), state=CommentPairState.PENDING)
    intent = replace(DOUBTFUL, pair_id=pair.id)
    (comment,) = explained(comments=(a_local_comment(),), pairs=(pair,), intents=(intent,)).comments
    assert comment.state == f"waiting: {DOUBT}"


def test_a_copy_whose_edit_github_refused_shows_the_reason() -> None:
    pair = a_pair(OURS, a_local_comment(), None)
    intent = an_intent(IntentState.QUARANTINED, pair_id=pair.id, reason="the issue is locked")
    (comment,) = explained(comments=(a_local_comment(),), pairs=(pair,), intents=(intent,)).comments
    assert comment.state == "refused: the issue is locked"


def test_a_comment_without_a_row_waits_or_has_no_link() -> None:
    assert [view.state for view in explained(comments=(a_local_comment(),)).comments] == ["waiting"]
    assert [view.state for view in explained(comments=(a_local_comment(),), link=None).comments] == [
        "not linked"
    ]


def test_a_deleted_copy_is_shown_and_an_ended_pair_is_not() -> None:
    gone = replace(a_pair(THEIRS, a_local_comment(), None), state=CommentPairState.TOMBSTONE, author="bob")
    other = a_local_comment(2)
    ended = replace(a_pair(OURS, other, None), state=CommentPairState.ENDED)
    views = explained(pairs=(gone, ended)).comments
    assert [(view.author, view.text, view.state) for view in views] == [("bob", None, "deleted here")]


def test_an_imported_comment_is_shown_without_its_first_line() -> None:
    local = replace(
        a_local_comment(), id=local_id(3), body="**bob** (via GitHub):\n\nIt was the cache", source="github"
    )
    pair = replace(a_pair(THEIRS, local, None), author="bob")
    (comment,) = explained(comments=(local,), pairs=(pair,)).comments
    assert (comment.author, comment.text, comment.at) == ("bob", "It was the cache", local.created_at)
    assert local.created_at - AFTER < timedelta(days=1)


def test_the_full_text_is_shown_as_its_author_wrote_it() -> None:
    long = "a\n" * 100
    ours = replace(a_local_comment(), body=f"don&#x27;t {long}")
    theirs = replace(a_local_comment(2), body=f"**bob** (via GitHub):\n\n&lt;b&gt; {long}", source="github")
    assert [view.body for view in explained(comments=(ours, theirs)).comments] == [
        f"don't {long}",
        f"&lt;b&gt; {long}".rstrip(),
    ]


@pytest.mark.parametrize(
    ("origin", "kind", "expected"),
    [
        (THEIRS, Kind.REMOVE_COMMENT, "deleted on GitHub; deletion here withheld"),
        (OURS, Kind.DELETE_REMOTE_COMMENT, "deleted in BugSpark; deletion there withheld"),
    ],
)
def test_a_comment_whose_deletion_is_withheld_says_so(origin: Side, kind: Kind, expected: str) -> None:
    pair = a_pair(origin, a_local_comment(), None)
    local_comments = (a_local_comment(),) if origin is THEIRS else ()
    (comment,) = explained(comments=local_comments, pairs=(pair,), withheld={pair.id: kind}).comments
    assert comment.state == expected


@pytest.mark.parametrize("linked", [True, False])
def test_an_unknown_value_is_shown_unchanged(*, linked: bool) -> None:
    values: dict[str, Any] = {} if linked else {"link": None}
    shown = explained(unknown={Field.SEVERITY: "blocker"}, **values)
    assert shown.state == "Needs attention"
    assert "severity is 'blocker'" in (shown.reason or "")
    (severity,) = (each for each in shown.fields if each.field is Field.SEVERITY)
    assert severity.bugspark == "blocker"
    assert severity.moved == {Side.BUGSPARK}


def test_comments_that_were_passed_over_are_counted_by_reason() -> None:
    skipped = [
        replace(a_pair(Side.GITHUB, None, None), state=CommentPairState.SKIPPED, reason=reason)
        for reason in ("older", "not heard", "older")
    ]
    assert explained(pairs=tuple(skipped)).skipped == (
        SkippedComments(reason="not heard", count=1),
        SkippedComments(reason="older", count=2),
    )
