"""The check reports the permissions that GitHub shows, and says where GitHub does not show them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.decide.permission_checks import (
    check_account_role,
    check_issue_permission,
    check_label_permission,
    check_refused_writes,
)
from reconciler.model.ids import RepositoryId
from reconciler.model.issue import Grants, Repository
from reconciler.model.views import CheckLevel, CheckResult

NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
OPEN = Repository(
    id=RepositoryId(1), full_name="acme/web", private=False, archived=False, has_issues=True, can_push=True
)
FINE = Grants()


def classic(*scopes: str) -> Grants:
    return Grants(scopes=frozenset(scopes))


def app(**permissions: str) -> Grants:
    return Grants(permissions=permissions)


@pytest.mark.parametrize(
    ("changes", "grants", "level", "expected"),
    [
        ({}, classic("repo"), CheckLevel.OK, "scopes cover issues"),
        ({}, classic("public_repo", "gist"), CheckLevel.OK, "scopes cover issues"),
        ({"private": True}, classic("public_repo"), CheckLevel.FAIL, "has public_repo"),
        ({}, classic("gist", "read:org"), CheckLevel.FAIL, "has gist, read:org"),
        ({}, classic(), CheckLevel.FAIL, "has no scope"),
        ({}, app(issues="write", metadata="read"), CheckLevel.OK, "may write issues"),
        ({}, app(issues="read"), CheckLevel.FAIL, "permission for issues is read"),
        ({}, app(metadata="read"), CheckLevel.FAIL, "permission for issues is none"),
        ({}, FINE, CheckLevel.WARN, "can't be told for a fine-grained token"),
        ({"archived": True}, classic("repo"), CheckLevel.FAIL, "archived"),
        ({"has_issues": False}, app(issues="write"), CheckLevel.FAIL, "switched off"),
    ],
)
def test_issues(changes: dict[str, Any], grants: Grants, level: CheckLevel, expected: str) -> None:
    check = check_issue_permission(replace(OPEN, **changes), grants, None, NOW)
    assert (check.level, check.remedy is None) == (level, level is CheckLevel.OK)
    assert expected in check.message


def test_a_write_that_github_confirmed_is_better_than_a_guess() -> None:
    check = check_issue_permission(OPEN, FINE, NOW - timedelta(hours=3), NOW)
    assert check.level is CheckLevel.OK
    assert check.message.endswith("but GitHub confirmed a write 3 h ago")


def test_a_refusal_counts_more_than_what_github_tells() -> None:
    reasons = [
        "GitHub refused to comment (403): locked",
        "GitHub refused (403); it needs the permission Issues: write",
    ]
    check = check_issue_permission(OPEN, classic("repo"), NOW, NOW, reasons)
    assert (check.level, check.message) == (CheckLevel.FAIL, reasons[1])
    then = "then reconcile retry the report, or wait for an hour"
    assert check.remedy == f"give the token Issues: write, {then}"
    of_app = check_issue_permission(OPEN, app(issues="write"), NOW, NOW, reasons)
    granted = "Issues: write, and accept that where it is installed"
    assert (of_app.level, of_app.remedy) == (CheckLevel.FAIL, f"give the App {granted}, {then}")
    waiting = check_refused_writes(reasons)
    assert waiting is not None
    assert (waiting.level, waiting.message.startswith("2 writes refused by GitHub")) == (
        CheckLevel.WARN,
        True,
    )
    assert check_issue_permission(OPEN, classic("repo"), NOW, NOW, reasons[:1]).level is CheckLevel.OK
    assert check_refused_writes([]) is None


def test_a_triage_role_is_no_failure() -> None:
    check = check_label_permission(replace(OPEN, can_push=False, can_triage=True), FINE)
    assert (check.level, "triage role" in check.message) == (CheckLevel.WARN, True)


@pytest.mark.parametrize(
    ("push", "grants", "level"),
    [
        (True, classic("repo"), CheckLevel.OK),
        (False, classic("repo"), CheckLevel.FAIL),
        (False, FINE, CheckLevel.FAIL),
        (None, FINE, CheckLevel.WARN),
        (None, app(issues="write"), CheckLevel.OK),
    ],
)
def test_labels(push: bool | None, grants: Grants, level: CheckLevel) -> None:
    check = check_label_permission(replace(OPEN, can_push=push), grants)
    assert (check.level, check.remedy is None) == (level, level is CheckLevel.OK)


UNKNOWN = "can't be told for a fine-grained token without writing"
EXPECTED_RESULTS = [
    (
        lambda: check_issue_permission(replace(OPEN, archived=True), FINE, None, NOW),
        ("issues", "the repository is archived", "unarchive it on GitHub"),
    ),
    (
        lambda: check_issue_permission(replace(OPEN, has_issues=False), FINE, None, NOW),
        ("issues", "issues are switched off", "switch issues on in the repository's settings"),
    ),
    (
        lambda: check_issue_permission(OPEN, app(issues="write"), None, NOW),
        ("issues", "the App may write issues where it is installed", None),
    ),
    (
        lambda: check_issue_permission(OPEN, app(), None, NOW),
        (
            "issues",
            "the App's permission for issues is none",
            "give the App Issues: read and write, and accept that where it is installed",
        ),
    ),
    (
        lambda: check_issue_permission(OPEN, classic("repo"), None, NOW),
        ("issues", "the classic token's scopes cover issues", None),
    ),
    (
        lambda: check_issue_permission(OPEN, classic(), None, NOW),
        (
            "issues",
            "the classic token has no scope",
            "a classic token needs the scope repo; public_repo is enough for a public repository",
        ),
    ),
    (
        lambda: check_issue_permission(OPEN, FINE, NOW, NOW),
        ("issues", f"{UNKNOWN}, but GitHub confirmed a write 0 s ago", None),
    ),
    (
        lambda: check_issue_permission(OPEN, FINE, None, NOW),
        (
            "issues",
            f"write permission {UNKNOWN}",
            "see that the token has Issues: read and write for this repository; the first write will tell",
        ),
    ),
    (
        lambda: check_label_permission(OPEN, app(issues="write")),
        ("labels", "an App that may write issues may set labels", None),
    ),
    (
        lambda: check_label_permission(OPEN, FINE),
        ("labels", "the account may push, so its labels stay", None),
    ),
    (
        lambda: check_label_permission(replace(OPEN, can_push=False), FINE),
        (
            "labels",
            "the token may not push: GitHub drops labels silently and refuses to close issues",
            "give the token Issues: read and write, and its account write access",
        ),
    ),
    (
        lambda: check_label_permission(replace(OPEN, can_push=None), FINE),
        (
            "labels",
            "GitHub does not say what the account may do here; the first write will tell",
            "see that the token's account has write access to the repository",
        ),
    ),
]


@pytest.mark.parametrize(("ask", "expected"), EXPECTED_RESULTS)
def test_each_result_says_what_is_wrong_and_what_to_do(
    ask: Callable[[], CheckResult], expected: tuple[str, str, str | None]
) -> None:
    check = ask()
    assert (check.name, check.message, check.remedy) == expected


@pytest.mark.parametrize(("administers", "warned"), [(True, True), (False, False), (None, False)])
def test_an_account_that_administers_the_repository_is_a_warning(
    administers: bool | None, warned: bool
) -> None:
    check = check_account_role(replace(OPEN, can_administer=administers), "alice")
    assert (check is not None) is warned
    if check is not None:
        assert (check.name, check.level) == ("account", CheckLevel.WARN)
        assert "alice administers the repository" in check.message and "author_association" in check.message
        assert check.remedy is not None and "Write role" in check.remedy
