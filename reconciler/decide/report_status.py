"""The status of a report in words, and its reason: what needs a person first, then what waits."""

from collections.abc import Iterator
from datetime import datetime

from reconciler.decide.followers import agreed_issue_state, is_changed_alone
from reconciler.model.intent import MAYBE_SENT_STATES, IntentState
from reconciler.model.link import Link, LinkState
from reconciler.model.project_status import ProjectStatusKind
from reconciler.model.report import unknown_values_reason
from reconciler.model.report_detail import (
    ConnectedRepository,
    FieldView,
    FollowedReport,
    ReportDetail,
    open_conflicts,
)
from reconciler.model.snapshot import UNKNOWN_REPOSITORY

ENDED_STATE_TEXTS = {
    LinkState.UNLINKED: "Not linked",
    LinkState.CONTESTED: ProjectStatusKind.ATTENTION.value,
    LinkState.SECOND: ProjectStatusKind.ATTENTION.value,
    LinkState.GONE: "Gone on GitHub",
    LinkState.TRANSFERRED: "Transferred on GitHub",
    LinkState.CONVERTED: "Converted on GitHub",
    LinkState.REPORT_DELETED: "Deleted in BugSpark",
}


def report_status(
    detail: ReportDetail,
    fields: tuple[FieldView, ...],
    now: datetime,
    connected: ConnectedRepository | None,
) -> tuple[str, str | None]:
    """Return a report's status in words, and the reason. Pure. `connected`: as for `build_report_view`."""
    left_behind = _old_repository_status(detail, connected) if connected else None
    if left_behind is not None:
        return left_behind
    if detail.follows is not None:
        return _follower_status(detail, detail.follows)
    link = detail.link
    misnamed = detail.columns.problem(connected.name if connected else None) if detail.columns else None
    if misnamed is not None:
        return ProjectStatusKind.ATTENTION.value, misnamed
    if link is not None and link.state in ENDED_STATE_TEXTS:
        return ENDED_STATE_TEXTS[link.state], link.reason
    if detail.unknown:
        return ProjectStatusKind.ATTENTION.value, unknown_values_reason(detail.unknown)
    if link is None:
        return _unlinked_status(detail)
    problem = next(_problems(detail, link, fields), None)
    if problem is not None:
        return ProjectStatusKind.ATTENTION.value, problem
    return _conflict_status(_waiting_status(detail, link, fields), detail, now)


def is_follower_changed_alone(detail: ReportDetail) -> bool:
    """Whether the report follows another one, and a person opened or closed it alone."""
    follows = detail.follows
    return follows is not None and is_changed_alone(detail.report.status, follows.state)


def _follower_status(detail: ReportDetail, follows: FollowedReport) -> tuple[str, str | None]:
    """Say what a report follows, and whether it is where the issue is."""
    if detail.unknown:
        return ProjectStatusKind.ATTENTION.value, unknown_values_reason(detail.unknown)
    problem = next(_second_issue_problems(detail), None)
    if problem is not None:
        return ProjectStatusKind.ATTENTION.value, problem
    link = follows.link
    said = f"it follows {follows.tracking_id}, which leads {link.repository}#{link.number}"
    if not link.is_live:
        return ProjectStatusKind.WAITING.value, f"{said} no more"
    state = agreed_issue_state(link)
    if state is not None and state is not follows.state:
        return ProjectStatusKind.WAITING.value, f"{said}; the next pass gives it that issue's state"
    if is_follower_changed_alone(detail):
        said += "; a person changed its status, which stays until that issue is opened or closed"
    return ProjectStatusKind.SYNCED.value, said


def _problems(detail: ReportDetail, link: Link, fields: tuple[FieldView, ...]) -> Iterator[str]:
    """Yield what needs a person, the most urgent first."""
    if link.quarantined_until is not None:
        yield link.reason or "it is in quarantine"
    for intent in detail.intents:
        if intent.state is IntentState.QUARANTINED:
            yield intent.reason or "GitHub refused a write"
    for intent in detail.intents:
        if intent.needs_decision and intent.reason:
            yield intent.reason
    for view in fields:
        if view.frozen:
            yield view.frozen
    yield from _second_issue_problems(detail)
    if detail.withheld:
        count = len(detail.withheld)
        yield f"{count} deletion{'' if count == 1 else 's'} withheld"


def _second_issue_problems(detail: ReportDetail) -> Iterator[str]:
    for second in detail.second_issues:
        yield second.reason or f"{second.repository}#{second.number} is a second issue of it"


def _old_repository_status(
    detail: ReportDetail, connected: ConnectedRepository
) -> tuple[str, str | None] | None:
    """Say what waits in a repository that the project has left; None if nothing does."""
    link = detail.link
    here = f"the project is connected to {connected.name} now"
    if link is not None and link.is_live and link.repository_id != connected.id:
        reason = (
            f"its issue is {link.repository}#{link.number}, and {here}: nothing of it is synced; connect "
            "that repository again, or `reconcile unlink` the report"
        )
        return ProjectStatusKind.ATTENTION.value, reason
    unknown = any(
        intent.state in MAYBE_SENT_STATES and intent.repository_id not in (connected.id, UNKNOWN_REPOSITORY)
        for intent in detail.intents
    )
    if unknown and (link is None or not link.is_live):
        reason = (
            f"whether its issue was made in the earlier repository is not known, and {here}: `reconcile "
            f"retry` makes it in {connected.name}, `reconcile unlink` gives it up"
        )
        return ProjectStatusKind.ATTENTION.value, reason
    return None


def _conflict_status(
    waiting_status: tuple[str, str | None], detail: ReportDetail, now: datetime
) -> tuple[str, str | None]:
    """Put a lost value before what is only waiting, and name both."""
    lost_values = [
        f"{dated_change.change.field}: {dated_change.change.lost} was lost"
        for dated_change in open_conflicts(detail, now)
    ]
    if not lost_values:
        return waiting_status
    reasons = [*lost_values, *([waiting_status[1]] if waiting_status[1] else [])]
    return ProjectStatusKind.CONFLICT.value, "; ".join(reasons)


def _unlinked_status(detail: ReportDetail) -> tuple[str, str | None]:
    if detail.intents and detail.intents[0].needs_decision:
        return ProjectStatusKind.ATTENTION.value, detail.intents[0].reason
    if detail.intents:
        reason = detail.intents[0].reason or "its issue is to be made by the next pass"
        return ProjectStatusKind.WAITING.value, reason
    return "Not linked", detail.passed_over


def _waiting_status(
    detail: ReportDetail, link: Link, fields: tuple[FieldView, ...]
) -> tuple[str, str | None]:
    if link.base is None:
        return ProjectStatusKind.WAITING.value, "the next pass does the initial sync"
    if detail.intents:
        count = len(detail.intents)
        return ProjectStatusKind.WAITING.value, f"{count} write{'' if count == 1 else 's'} pending"
    differing = [view.field.value for view in fields if view.moved]
    if differing:
        return ProjectStatusKind.WAITING.value, f"the next pass looks at {', '.join(differing)}"
    return ProjectStatusKind.SYNCED.value, None
