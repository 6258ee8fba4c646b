"""The permission results of `reconcile check`, including what GitHub does not tell. Pure.

Nothing is tested by writing (docs/reference/github.md, Credentials and versions). GitHub does not tell what a
fine-grained token may do, so the check says exactly that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from reconciler.model.formatting import format_age, format_count
from reconciler.model.intent import MISSING_PERMISSION
from reconciler.model.issue import Grants, Repository
from reconciler.model.views import CheckLevel, CheckResult

WRITE_PERMISSION = "write"
UNKNOWN_PERMISSION_MESSAGE = "can't be told for a fine-grained token without writing"
PERMISSION_ADVICE = (
    "see that the token has Issues: read and write for this repository; the first write will tell"
)

PUSH_ADVICE = "give the token Issues: read and write, and its account write access"
TRIAGE_MESSAGE = (
    "the account has the triage role: it may close issues, but GitHub may drop its labels; a label that it"
    " dropped is shown as a refused write"
)

ADMINISTRATOR_MESSAGE = (
    "what strangers file in BugSpark is published as written by an owner or member, and passes workflows"
    " that go by author_association"
)
ADMINISTRATOR_ADVICE = (
    "use an account of its own with the Write role, or a GitHub App; the webhook can be made by hand"
)


def check_refused_writes(refused: Sequence[str]) -> CheckResult | None:
    """Check that no write waits because GitHub refused it. `refused`: the reasons, the oldest first."""
    if not refused:
        return None
    message = f"{format_count(len(refused), 'write')} refused by GitHub; the last one: {refused[-1]}"
    remedy = "correct what the message names, then reconcile retry the report (reconcile status names it)"
    return CheckResult(name="writes", level=CheckLevel.WARN, message=message, remedy=remedy)


def check_issue_permission(
    repository: Repository,
    grants: Grants,
    wrote_at: datetime | None,
    now: datetime,
    refused: Sequence[str] = (),
) -> CheckResult:
    """Check whether issues and comments can be written.

    `wrote_at`: when GitHub last confirmed a write; `refused`: why it refused those that wait since, which
    counts more than what it tells of permissions.
    """
    if repository.archived:
        return _failed_check("issues", "the repository is archived", "unarchive it on GitHub")
    if not repository.has_issues:
        return _failed_check(
            "issues", "issues are switched off", "switch issues on in the repository's settings"
        )
    missing = next((reason for reason in refused if MISSING_PERMISSION in reason), None)
    if missing is not None:
        permission = missing.partition(MISSING_PERMISSION)[2]
        is_app = grants.permissions is not None
        whom = (
            f"the App {permission}, and accept that where it is installed"
            if is_app
            else f"the token {permission}"
        )
        remedy = f"give {whom}, then reconcile retry the report, or wait for an hour"
        return _failed_check("issues", missing, remedy)
    if grants.permissions is not None:
        return _check_app(grants)
    if grants.scopes is not None:
        return _check_classic_token(repository, grants)
    if wrote_at is not None:
        return _passed_check(
            "issues",
            f"{UNKNOWN_PERMISSION_MESSAGE}, but GitHub confirmed a write {format_age(wrote_at, now)}",
        )
    return CheckResult(
        name="issues",
        level=CheckLevel.WARN,
        message=f"write permission {UNKNOWN_PERMISSION_MESSAGE}",
        remedy=PERMISSION_ADVICE,
    )


def _check_app(grants: Grants) -> CheckResult:
    permission = (grants.permissions or {}).get("issues")
    if permission == WRITE_PERMISSION:
        return _passed_check("issues", "the App may write issues where it is installed")
    remedy = "give the App Issues: read and write, and accept that where it is installed"
    return _failed_check("issues", f"the App's permission for issues is {permission or 'none'}", remedy)


def _check_classic_token(repository: Repository, grants: Grants) -> CheckResult:
    if grants.has_scope("repo") or (grants.has_scope("public_repo") and not repository.private):
        return _passed_check("issues", "the classic token's scopes cover issues")
    has = ", ".join(sorted(grants.scopes or ())) or "no scope"
    remedy = "a classic token needs the scope repo; public_repo is enough for a public repository"
    return _failed_check("issues", f"the classic token has {has}", remedy)


def check_linking_permission(problem: str | None) -> CheckResult:
    """Check whether issues may be linked. `problem`: why not, and what to do (docs/security.md, Claims)."""
    if problem is None:
        return _passed_check("claims", "the account may link issues of the repository")
    return _failed_check("claims", problem, "until then reports can be exported, but not linked to issues")


def check_account_role(repository: Repository, login: str) -> CheckResult | None:
    """Warn if what strangers file is published under an account that administers the repository.

    GitHub shows such an author as OWNER or MEMBER (`author_association`), and workflows let it pass. An App's
    installation has no role. Source: docs/security.md, Text of strangers under a member's account.
    """
    if not repository.can_administer:
        return None
    return CheckResult(
        name="account",
        level=CheckLevel.WARN,
        message=f"{login} administers the repository: {ADMINISTRATOR_MESSAGE}",
        remedy=ADMINISTRATOR_ADVICE,
    )


def check_label_permission(repository: Repository, grants: Grants) -> CheckResult:
    """Check whether labels are kept and issues can be closed (docs/reference/github.md, Writes)."""
    if grants.permissions is not None:
        return _passed_check("labels", "an App that may write issues may set labels")
    match repository.can_push:
        case True:
            return _passed_check("labels", "the account may push, so its labels stay")
        case False if repository.can_triage:
            return CheckResult(
                name="labels", level=CheckLevel.WARN, message=TRIAGE_MESSAGE, remedy=PUSH_ADVICE
            )
        case False:
            message = "the token may not push: GitHub drops labels silently and refuses to close issues"
            return _failed_check("labels", message, PUSH_ADVICE)
        case None:
            message = "GitHub does not say what the account may do here; the first write will tell"
            remedy = "see that the token's account has write access to the repository"
            return CheckResult(name="labels", level=CheckLevel.WARN, message=message, remedy=remedy)
    assert_never(repository.can_push)


def _passed_check(name: str, message: str) -> CheckResult:
    return CheckResult(name=name, level=CheckLevel.OK, message=message)


def _failed_check(name: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(name=name, level=CheckLevel.FAIL, message=message, remedy=remedy)
