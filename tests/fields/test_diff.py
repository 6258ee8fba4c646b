from collections.abc import Sequence

import pytest

from reconciler.fields.category import CATEGORY
from reconciler.fields.severity import SEVERITY
from reconciler.fields.status import STATUS
from reconciler.fields.synced_field import Verdict, decide_verdict
from reconciler.fields.title import TITLE, readable_title
from reconciler.model.fields import Category, IssueState, Severity, Status
from reconciler.model.policy import LabelMapping, SyncPolicy
from tests.support.factories import a_base, a_report, a_seen_issue, an_issue

EQUAL, LOCAL, REMOTE, CONFLICT = (
    Verdict.EQUAL,
    Verdict.LOCAL_MOVED,
    Verdict.REMOTE_MOVED,
    Verdict.CONFLICT,
)
OPEN, CLOSED = IssueState.OPEN, IssueState.CLOSED
POLICY = SyncPolicy()


@pytest.mark.parametrize(
    ("first", "local", "remote", "equal", "expected"),
    [
        (False, False, False, True, EQUAL),
        (False, False, False, False, EQUAL),
        (False, True, True, True, EQUAL),
        (False, True, False, False, LOCAL),
        (False, False, True, False, REMOTE),
        (False, True, True, False, CONFLICT),
        (True, False, False, True, EQUAL),
        (True, False, False, False, CONFLICT),
    ],
)
def test_the_verdict_of_each_row_of_the_table(
    *, first: bool, local: bool, remote: bool, equal: bool, expected: Verdict
) -> None:
    assert decide_verdict(first=first, local_moved=local, remote_moved=remote, equal=equal) is expected


@pytest.mark.parametrize(
    ("base", "local", "remote", "expected"),
    [
        (Status.NEW, Status.NEW, OPEN, EQUAL),
        (Status.NEW, Status.TRIAGING, OPEN, EQUAL),
        (Status.NEW, Status.IN_PROGRESS, OPEN, EQUAL),
        (Status.RESOLVED, Status.CLOSED, CLOSED, EQUAL),
        (Status.NEW, Status.RESOLVED, CLOSED, EQUAL),
        (Status.CLOSED, Status.TRIAGING, OPEN, EQUAL),
        (Status.NEW, Status.RESOLVED, OPEN, LOCAL),
        (Status.TRIAGING, Status.CLOSED, OPEN, LOCAL),
        (Status.RESOLVED, Status.IN_PROGRESS, CLOSED, LOCAL),
        (Status.TRIAGING, Status.TRIAGING, CLOSED, REMOTE),
        (Status.NEW, Status.TRIAGING, CLOSED, REMOTE),
        (Status.CLOSED, Status.CLOSED, OPEN, REMOTE),
        (None, Status.TRIAGING, OPEN, EQUAL),
        (None, Status.CLOSED, CLOSED, EQUAL),
        (None, Status.NEW, CLOSED, CONFLICT),
        (None, Status.RESOLVED, OPEN, CONFLICT),
    ],
)
def test_a_status_changes_only_between_open_and_closed(
    base: Status | None, local: Status, remote: IssueState, expected: Verdict
) -> None:
    agreed = None if base is None else a_base(status=base)
    assert STATUS.diff(a_report(status=local), a_seen_issue(state=remote), agreed, POLICY).verdict is expected


HIGH, LOW, MEDIUM, CRITICAL = Severity.HIGH, Severity.LOW, Severity.MEDIUM, Severity.CRITICAL


@pytest.mark.parametrize(
    ("base", "local", "labels", "expected"),
    [
        (HIGH, HIGH, ["high-priority"], EQUAL),
        (HIGH, HIGH, ["High"], EQUAL),
        (HIGH, HIGH, [], EQUAL),  # no label: none is added again
        (HIGH, HIGH, ["wontfix"], EQUAL),
        (HIGH, HIGH, ["low", "high"], EQUAL),  # the most severe counts
        (HIGH, HIGH, ["low"], REMOTE),
        (HIGH, HIGH, ["high", "critical"], REMOTE),
        (HIGH, LOW, ["high"], LOCAL),
        (HIGH, LOW, [], LOCAL),
        (HIGH, LOW, ["low"], EQUAL),  # both changed to the same
        (HIGH, LOW, ["critical"], CONFLICT),
        (HIGH, LOW, ["high", "low-priority"], LOCAL),  # our unfinished swap
        (HIGH, CRITICAL, ["critical", "high"], LOCAL),  # our unfinished swap, and both read the same
        (LOW, HIGH, ["high", "high-priority"], LOCAL),  # finished only when exactly one is left
        (HIGH, HIGH, ["high", "high-priority"], EQUAL),
        (None, HIGH, ["high"], EQUAL),
        (None, HIGH, [], EQUAL),
        (None, HIGH, ["low"], CONFLICT),
        (None, HIGH, ["critical", "high"], CONFLICT),
    ],
)
def test_severity_in_three_states(
    base: Severity | None, local: Severity, labels: Sequence[str], expected: Verdict
) -> None:
    agreed = None if base is None else a_base(severity=base)
    assert SEVERITY.diff(a_report(severity=local), a_seen_issue(*labels), agreed, POLICY).verdict is expected


BUG, UI, CRASH, OTHER = Category.BUG, Category.UI, Category.CRASH, Category.OTHER


@pytest.mark.parametrize(
    ("base", "local", "labels", "expected"),
    [
        (UI, UI, ["bug", "ui"], EQUAL),
        (UI, UI, ["bug"], EQUAL),
        (UI, UI, ["bug", "crash"], REMOTE),
        (BUG, BUG, ["bug"], EQUAL),
        (BUG, BUG, ["ui"], REMOTE),
        (BUG, OTHER, [], EQUAL),  # neither has a label
        (UI, BUG, [], EQUAL),
        (UI, BUG, ["ui"], LOCAL),
        (BUG, UI, ["bug"], LOCAL),
        (BUG, UI, ["crash"], CONFLICT),
        (None, BUG, ["bug"], EQUAL),
        (None, UI, ["bug"], EQUAL),
        (None, BUG, ["ui"], CONFLICT),
    ],
)
def test_category_in_three_states(
    base: Category | None, local: Category, labels: Sequence[str], expected: Verdict
) -> None:
    agreed = None if base is None else a_base(category=base)
    assert CATEGORY.diff(a_report(category=local), a_seen_issue(*labels), agreed, POLICY).verdict is expected


def test_a_category_without_a_configured_label_is_like_one_without() -> None:
    without = SyncPolicy(labels=LabelMapping(category={Category.UI: ()}))
    assert CATEGORY.diff(a_report(category=UI), a_seen_issue(), a_base(), without).verdict is EQUAL


@pytest.mark.parametrize(
    ("base", "local", "remote", "expected"),
    [
        (("Old", "[BUG-0001] Old"), "Old", "[BUG-0001] Old", EQUAL),
        (("Old", "[BUG-0001] Old"), "New", "[BUG-0001] Old", LOCAL),
        (("Old", "[BUG-0001] Old"), "Old", "[BUG-0001] New", REMOTE),
        (("Old", "[BUG-0001] Old"), "Old", "New", REMOTE),
        (("Old", "[BUG-0001] Old"), "New", "[BUG-0001] New", EQUAL),
        (("Old", "[BUG-0001] Old"), "Mine", "[BUG-0001] Theirs", CONFLICT),
        (("Old", "[BUG-0001] Old"), "Don&#x27;t", "[BUG-0001] Don't", EQUAL),
        # the spelling of an old version of the button
        (("Old", "[BUG-0001] Old"), "Don&#x27;t", "[BUG-0001] Don&#x27;t", EQUAL),
        (("Old", "[BUG-0001] Old"), "Old", "Old", EQUAL),  # the prefix is not part of a title
        (("Old", "[BUG-0001] Old"), "Old", "[BUG-0001]", EQUAL),  # an empty title has no value
        (("Old", "[BUG-0001] Old"), "New", "[BUG-0001]", LOCAL),
        (
            ("a &amp; b", "[BUG-0001] a &amp; b"),
            "a &amp; b",
            "[BUG-0001] a &amp; b",
            EQUAL,
        ),  # typed on GitHub
        # It came from GitHub, where it is shown like that.
        (("Show &lt;b&gt;", "Show &lt;b&gt;"), "Show &lt;b&gt;", "[BUG-0001] Show &lt;b&gt;", EQUAL),
        (("Show &lt;b&gt;", "Show &lt;b&gt;"), "Show &lt;b&gt;", "Show <b>", REMOTE),
        (("Old", "Old"), "Show &lt;b&gt;", "Show <b>", EQUAL),
        (("Show &lt;b&gt;", "[BUG-0001] Show <b>"), "Show &lt;b&gt;", "Show <b>", EQUAL),
        (None, "Old", "[BUG-0001] Old", EQUAL),
        (None, "Old", "Old", EQUAL),
        (None, "Old", "[BUG-0001]", EQUAL),
        (None, "Mine", "[BUG-0001] Theirs", CONFLICT),
    ],
)
def test_each_title_is_compared_with_its_own_last_spelling(
    base: tuple[str, str] | None, local: str, remote: str, expected: Verdict
) -> None:
    agreed = None if base is None else a_base(title=base[0], remote_title=base[1])
    assert TITLE.diff(a_report(title=local), a_seen_issue(title=remote), agreed, POLICY).verdict is expected


@pytest.mark.parametrize(
    ("base", "title", "read"),
    [
        (None, "Show &lt;b&gt;", "Show <b>"),
        (("Show &lt;b&gt;", "[BUG-0001] Show &lt;b&gt;"), "Show &lt;b&gt;", "Show &lt;b&gt;"),
        (("Show &lt;b&gt;", "[BUG-0001] Show <b>"), "Show &lt;b&gt;", "Show <b>"),
        (("Old", "Old"), "Show &lt;b&gt;", "Show <b>"),
    ],
)
def test_a_title_that_came_from_github_is_read_as_it_is(
    base: tuple[str, str] | None, title: str, read: str
) -> None:
    agreed = None if base is None else a_base(title=base[0], remote_title=base[1])
    assert readable_title(a_report(title=title), agreed) == read


@pytest.mark.parametrize(
    ("title", "issue_title", "agreed"),
    [
        ("Ping @a", "[BUG-0001] Ping @\u200ba", True),
        ("Ping @a", "[BUG-0001] Ping \u200b@\u200ba", True),  # rendered by another release
        ("Ping @b", "[BUG-0001] Ping @\u200ba", False),
    ],
)
def test_an_exported_title_is_compared_as_text(title: str, issue_title: str, agreed: bool) -> None:
    exported = TITLE.base_value_after_export(a_report(title=title), an_issue(title=issue_title), POLICY)
    assert exported == (title if agreed else "")


def test_a_title_of_github_is_restored_so_that_it_reads_the_same() -> None:
    assert TITLE.value_to_restore("Show &lt;b&gt; & go") == "Show &amp;lt;b&amp;gt; & go"
    assert CATEGORY.value_to_restore("ui") == "ui"


def test_a_long_title_that_was_truncated_is_equal() -> None:
    report = a_report(title="x" * 400)
    diff = TITLE.diff(report, a_seen_issue(title=f"[BUG-0001] {'x' * 244}…"), a_base(), POLICY)
    assert diff.verdict is EQUAL
