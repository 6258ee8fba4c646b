"""The first chapters: users act on one side, then on the other. Plain data.

The rules behind every `expected` are in docs/design.md, Deciding.
"""

from reconciler.demo.environment import DemoEnvironment, Ref, ref
from reconciler.demo.sample_data import CHECKOUT, HUBERT, MOBILE, MOBILE_BOT, MONA, SHOP, SUPPORT, TESTER
from reconciler.demo.texts import (
    BUILD,
    HOSTILE_REPORT,
    IRELAND,
    ORDER,
    PHOTO,
    PLAIN_ORDER,
    PLAIN_REPLY,
    QUOTE,
    REPLY,
    SEEN,
)
from reconciler.demo.user_actions import (
    Chapter,
    UserAction,
    all_of,
    change_report,
    close_issue,
    comment_in_bugspark,
    comment_on_github,
    issue_is,
    labels_are,
    report_has,
)


def people_on_github() -> Chapter:
    """Users close, relabel and comment on GitHub, also on unlinked issues."""
    return Chapter(
        title="People act on GitHub",
        words="mona and hubert work on the issues. Shop and Checkout share a repository, so each sees the"
        " other's changes, and leaves them alone. First, the plan for Shop.",
        plan_of=SHOP.name,
        actions=(
            close_issue(ref(SHOP, 2), MONA, "completed", "resolved"),
            close_issue(ref(SHOP, 3), MONA, "not_planned", "closed"),
            close_issue(ref(CHECKOUT, 2), MONA, "duplicate", "closed"),
            _another_spelling(ref(MOBILE, 3)),
            _a_category(ref(MOBILE, 4)),
            comment_on_github(ref(SHOP, 4), MONA, SEEN, "the comment is in BugSpark"),
            comment_on_github(ref(CHECKOUT, 3), HUBERT, QUOTE, "in BugSpark: a quote is not an echo"),
            comment_on_github(ref(MOBILE, 2), MOBILE_BOT, BUILD, "in BugSpark: a person at our own account"),
        ),
    )


def people_in_bugspark() -> Chapter:
    """Users resolve, close, triage, change severity and comment in BugSpark."""
    return Chapter(
        title="People act in BugSpark",
        words="Ada, Ben and Chiara work on the reports. GitHub knows open and closed only, so a step"
        " within one of the two writes nothing.",
        actions=(
            _resolved(ref(SHOP, 5)),
            _closed(ref(SHOP, 6)),
            _triaging(ref(SHOP, 7)),
            _severity_while_labelling(ref(CHECKOUT, 4)),
            _crash(ref(MOBILE, 5)),
            comment_in_bugspark(ref(SHOP, 4), TESTER, REPLY, "the comment is on GitHub", reads=PLAIN_REPLY),
            comment_in_bugspark(ref(CHECKOUT, 3), SUPPORT, IRELAND, "the comment is on GitHub"),
            comment_in_bugspark(ref(CHECKOUT, 4), SUPPORT, PHOTO, "the comment is on GitHub"),
            comment_in_bugspark(
                HOSTILE_REPORT, SUPPORT, ORDER, "there, but calls and closes nothing", reads=PLAIN_ORDER
            ),
        ),
    )


def _another_spelling(at: Ref) -> UserAction:
    labels = ("bug", "HIGH", "good first issue")
    return UserAction(
        at=at,
        what="mona: HIGH for medium-priority, and good first issue",
        expected="severity high; the other labels stay",
        act=lambda s: s.repository(at).relabel(s.number(at), list(labels), by=MONA),
        check=all_of(report_has(at, severity="high"), labels_are(at, *labels)),
    )


def _a_category(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="mona adds the label performance",
        expected="category performance",
        act=lambda s: s.repository(at).label(s.number(at), "performance", by=MONA),
        check=report_has(at, category="performance"),
    )


def _resolved(at: Ref) -> UserAction:
    completed = issue_is(at, "closed", "completed")
    what, expected = "Ada resolves the report", "the issue is closed as completed"
    return change_report(at, "status", "resolved", what=what, expected=expected, check=completed)


def _closed(at: Ref) -> UserAction:
    not_planned = issue_is(at, "closed", "not_planned")
    what, expected = "Ada closes the report", "the issue is closed as not planned"
    return change_report(at, "status", "closed", what=what, expected=expected, check=not_planned)


def _triaging(at: Ref) -> UserAction:
    survives = all_of(report_has(at, status="triaging"), issue_is(at, "open", None))
    what, expected = "Ben is triaging it", "the issue is open, the report still triaging"
    return change_report(at, "status", "triaging", what=what, expected=expected, check=survives)


def _crash(at: Ref) -> UserAction:
    labelled = labels_are(at, "bug", "medium-priority", "crash")
    what, expected = "Chiara: category bug → crash", "the label crash is added"
    return change_report(at, "category", "crash", what=what, expected=expected, check=labelled)


def _severity_while_labelling(at: Ref) -> UserAction:
    def act(environment: DemoEnvironment) -> None:
        environment.bugspark.edit(environment.report_id(at), "severity", "critical")
        environment.repository(at).label(environment.number(at), "needs design", by=MONA)

    labels = labels_are(at, "bug", "critical", "ui", "needs design")
    return UserAction(
        at=at,
        what="Ben: severity low → critical; mona adds needs design",
        expected="our label is swapped, mona's stays",
        act=act,
        check=all_of(report_has(at, severity="critical"), labels),
    )
