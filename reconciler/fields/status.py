"""Status ↔ state and state_reason. GitHub has fewer values: only open or closed is compared."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, assert_never

from reconciler.fields.synced_field import BaseColumn, FieldDiff, SeenColumn, SyncedField, decide_verdict
from reconciler.model.fields import Base, Field, IssueState, Status
from reconciler.model.intent import DesiredState
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import SetIssueState, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import Report


def issue_state_for(status: Status) -> IssueState:
    """Return whether an issue with this status is open or closed. Statuses with the same result are equal."""
    match status:
        case Status.NEW | Status.TRIAGING | Status.IN_PROGRESS:
            return IssueState.OPEN
        case Status.RESOLVED | Status.CLOSED:
            return IssueState.CLOSED
    assert_never(status)


def status_for_issue_state(state: IssueState, reason: str | None) -> Status:
    """Return the new status of a report whose issue was opened or closed.

    An unknown reason counts as completed.
    """
    match state:
        case IssueState.OPEN:
            return Status.NEW
        case IssueState.CLOSED:
            return Status.CLOSED if reason in ("not_planned", "duplicate") else Status.RESOLVED
    assert_never(state)


def issue_state_and_reason(status: Status) -> tuple[IssueState, str | None]:
    """Return the new state and state_reason of an issue whose report changed between open and closed."""
    match status:
        case Status.NEW | Status.TRIAGING | Status.IN_PROGRESS:
            return IssueState.OPEN, None
        case Status.RESOLVED:
            return IssueState.CLOSED, "completed"
        case Status.CLOSED:
            return IssueState.CLOSED, "not_planned"
    assert_never(status)


def state_update(state: IssueState, reason: str | None) -> IssueUpdate:
    """Build the update that opens or closes an issue."""
    members: dict[str, object] = {"state": state.value}
    if reason is not None:
        members["state_reason"] = reason
    return IssueUpdate(verb="close" if state is IssueState.CLOSED else "reopen", members=members)


class StatusField(SyncedField[SetIssueState, DesiredState]):
    """A report's status and an issue's state."""

    field = Field.STATUS
    desired_type = DesiredState
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_status", attribute="status", parse=Status, length=20),
        BaseColumn(name="base_state", attribute="state", parse=IssueState, length=20, seen_attribute="state"),
    )

    seen_columns: ClassVar[Sequence[SeenColumn]] = (
        SeenColumn(name="seen_state", attribute="state", parse=IssueState, length=20),
        SeenColumn(name="seen_reason", attribute="state_reason", length=50),
    )

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the report's status if it is an open one, else NEW: a new issue is open."""
        is_open = issue_state_for(report.status) is IssueState.OPEN
        return report.status if is_open else Status.NEW

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare open or closed only: a report in triage stays so while the issue stays open."""
        local, remote = issue_state_for(report.status), seen.state
        agreed = issue_state_for(base.status) if base else None
        agreed_remote = (base.state if base else None) or agreed
        return FieldDiff(
            field=self.field,
            base=base.status if base else None,
            local=report.status,
            remote=status_for_issue_state(seen.state, seen.state_reason),
            verdict=decide_verdict(
                first=base is None,
                local_moved=local != agreed,
                remote_moved=remote != agreed_remote,
                equal=local == remote,
            ),
        )

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> SetIssueState:
        """Open or close the issue."""
        state, reason = issue_state_and_reason(report.status)
        return SetIssueState(state=state, reason=reason, why=why)

    def is_same_value(self, one: str, other: str | None) -> bool:
        """Whether an issue would be open, or closed, for both values."""
        return other is not None and issue_state_for(Status(one)) is issue_state_for(Status(other))

    def build_desired(self, action: SetIssueState, report: Report) -> DesiredState:
        """Return state and reason."""
        return DesiredState(state=action.state, reason=action.reason, agreed=report.status)

    def with_written_value(self, base: Base, desired: DesiredState) -> Base:
        """Return the base after a write that was applied but whose answer was lost."""
        return replace(base, status=Status(desired.agreed), state=desired.state)

    def issue_update(self, desired: DesiredState) -> IssueUpdate:
        """Return the update of state and reason."""
        return state_update(desired.state, desired.reason)

    def expected_events(self, desired: DesiredState) -> set[tuple[str, bool]]:
        """Return the event of closing or reopening."""
        return {("closed" if desired.state is IssueState.CLOSED else "reopened", True)}

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return state and reason in words."""
        return f"{seen.state.value} ({seen.state_reason})" if seen.state_reason else seen.state.value


STATUS = StatusField()
