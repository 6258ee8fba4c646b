"""Factories of model values: every field has a usable default, and a test passes only what it is about."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from reconciler.decide.link import seen_issue
from reconciler.model.fields import Base, Category, IssueState, Severity, Side, Status
from reconciler.model.ids import (
    AccountId,
    CommentId,
    CommentPairId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.issue import Account, Issue, RemoteComment
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    FirstReading,
    Link,
    LinkObservation,
    LinkOrigin,
    LinkState,
    Presence,
    SeenIssue,
)
from reconciler.model.passes import AppliedCounts, Cost, Outcome, PassResult
from reconciler.model.plan import LinkPlan
from reconciler.model.report import LocalComment, Report
from reconciler.model.report_detail import ReportDetail
from reconciler.text import text_digest

LINKED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""When the default link was made."""

BEFORE = LINKED - timedelta(hours=1)
AFTER = LINKED + timedelta(hours=1)
PROJECT = ProjectId(UUID(int=1))
REPORT = ReportId(UUID(int=2))
LINK = LinkId(UUID(int=3))
OURS = Account(id=AccountId(900), login="bugspark-bot")
OCTOCAT = Account(id=AccountId(1), login="octocat")


def ids(start: int = 1_000_000) -> Callable[[], UUID]:
    """Return a generator of made-up ids, the same ones each time."""
    numbers: Iterator[int] = count(start)
    return lambda: UUID(int=next(numbers))


def a_report(**given: Any) -> Report:
    fields: dict[str, Any] = {
        "id": REPORT,
        "project_id": PROJECT,
        "tracking_id": "BUG-0001",
        "title": "Crash on start",
        "status": Status.NEW,
        "severity": Severity.HIGH,
        "category": Category.BUG,
        "created_at": BEFORE,
        "updated_at": BEFORE,
    }
    return Report(**fields | given)


def an_issue(*labels: str, **given: Any) -> Issue:
    fields: dict[str, Any] = {
        "id": 7001,
        "number": IssueNumber(12),
        "title": "[BUG-0001] Crash on start",
        "body": "",
        "state": IssueState.OPEN,
        "state_reason": None,
        "labels": labels,
        "comments": 0,
        "locked": False,
        "author": OURS,
        "url": "https://github.com/acme/web/issues/12",
        "created_at": BEFORE,
        "updated_at": AFTER,
    }
    return Issue(**fields | given)


def a_base(**given: Any) -> Base:
    fields: dict[str, Any] = {
        "status": Status.NEW,
        "severity": Severity.HIGH,
        "category": Category.BUG,
        "title": "Crash on start",
        "remote_title": "[BUG-0001] Crash on start",
    }
    return Base(**fields | given)


def a_link(**given: Any) -> Link:
    """An ACTIVE link whose sides agree; `base=None` for a link before its initial sync."""
    fields: dict[str, Any] = {
        "id": LINK,
        "project_id": PROJECT,
        "report_id": REPORT,
        "repository_id": RepositoryId(55),
        "repository": "acme/web",
        "number": IssueNumber(12),
        "origin": LinkOrigin.COMMAND,
        "backfill": False,
        "state": LinkState.ACTIVE,
        "reason": None,
        "base": a_base(),
        "seen": seen_issue(an_issue("high-priority")),
        "created_at": LINKED,
        "revision": 1,
    }
    return Link(**fields | given)


def a_new_link(**given: Any) -> Link:
    fields: dict[str, Any] = {"state": LinkState.NEW, "base": None, "seen": None, "revision": 0}
    return a_link(**fields | given)


def a_remote_comment(number: int = 1, body: str = "Seen here too", **given: Any) -> RemoteComment:
    at = given.get("created_at", AFTER)
    fields: dict[str, Any] = {
        "id": RemoteCommentId(number),
        "issue_number": IssueNumber(12),
        "body": body,
        "author": OCTOCAT,
        "collaborator": True,
        "url": f"https://github.com/acme/web/issues/12#issuecomment-{number}",
        "created_at": at,
        "updated_at": at,
    }
    return RemoteComment(**fields | given)


def local_id(number: int) -> CommentId:
    return CommentId(UUID(int=500 + number))


def a_local_comment(number: int = 1, body: str = "It happens daily", **given: Any) -> LocalComment:
    fields: dict[str, Any] = {
        "id": local_id(number),
        "report_id": REPORT,
        "author": "Ada",
        "body": body,
        "source": None,
        "created_at": AFTER,
    }
    return LocalComment(**fields | given)


def a_pair(
    origin: Side, local: LocalComment | None, remote: RemoteComment | None, **given: Any
) -> CommentPair:
    """The LIVE comment pair of these two comments as they are now."""
    fields: dict[str, Any] = {
        "id": CommentPairId(
            UUID(int=700 + (remote.id if remote else 0) * 100 + (local.id.int % 100 if local else 0))
        ),
        "link_id": LINK,
        "origin": origin,
        "state": CommentPairState.LIVE,
        "local_id": local.id if local else None,
        "remote_id": remote.id if remote else None,
        "local_digest": text_digest(local.body) if local else None,
        "remote_digest": text_digest(remote.body) if remote else None,
        "remote_updated_at": remote.updated_at if remote else None,
        "author": "somebody",
    }
    return CommentPair(**fields | given)


def missing(pair: CommentPair) -> CommentPair:
    """The row after one reading that did not show its comment."""
    return replace(pair, first_reading=FirstReading(presence=Presence.ABSENT, at=AFTER, second_due=AFTER))


def shown(pair: CommentPair) -> CommentPair:
    """The row of a comment that counts as deleted, after one reading that showed it."""
    return replace(pair, first_reading=FirstReading(presence=Presence.PRESENT, at=AFTER, second_due=AFTER))


def an_observation(**given: Any) -> LinkObservation:
    fields: dict[str, Any] = {
        "link": a_link(),
        "report": a_report(),
        "now": AFTER,
        "own_accounts": frozenset({OURS.id}),
    }
    return LinkObservation(**fields | given)


def a_plan(*actions: Any, **given: Any) -> LinkPlan:
    link = given.pop("link", a_link())
    fields: dict[str, Any] = {"link": link, "report": a_report(), "after": link, "actions": actions}
    return LinkPlan(**fields | given)


def a_seen_issue(*labels: str, **given: Any) -> SeenIssue:
    """What the ledger stores of such an issue."""
    return seen_issue(an_issue(*labels, **given))


def a_report_detail(**given: Any) -> ReportDetail:
    """A linked report without comments or history; `given` replaces any field."""
    fields: dict[str, Any] = {
        "report": a_report(),
        "link": a_link(),
        "comments": (),
        "pairs": (),
        "intents": (),
        "history": (),
    }
    return ReportDetail(**{**fields, **given})


def a_result(project: ProjectId, **values: Any) -> PassResult:
    """The result of a pass that found nothing to do; `values` replaces any field."""
    result = PassResult(
        project_id=project,
        project_name="Shop",
        repository="acme/web",
        outcome=Outcome.OK,
        error=None,
        duration_ms=12,
        github=Cost(requests=2, not_modified=2),
        applied=AppliedCounts(),
        conflicts=0,
        quarantined=0,
        pending=0,
    )
    return replace(result, **values)
