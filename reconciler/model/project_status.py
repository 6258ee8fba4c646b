"""A project's status in one symbol and a few words, and what a person should do (docs/reference/looks.md)."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from reconciler.model.database_identity import OWNED_ELSEWHERE
from reconciler.model.formatting import format_age, format_count, format_time, shell_command
from reconciler.model.health import MISNAMED, AttentionItem, ProjectHealth
from reconciler.model.link import LIVE_STATES, LinkState
from reconciler.model.passes import Outcome
from reconciler.model.webhook import WebhookHealth


class ProjectStatusKind(StrEnum):
    """The kinds of status: the same words on the terminal, in JSON and on the dashboard."""

    SYNCED = "Synced"
    WAITING = "Waiting"
    CONFLICT = "Conflict"
    ATTENTION = "Needs attention"
    FAILED = "Failed"
    PAUSED = "Paused"
    NEW = "Not looked at yet"


STATUS_SYMBOLS = {
    ProjectStatusKind.SYNCED: ("✓", "+"),
    ProjectStatusKind.WAITING: ("…", "~"),
    ProjectStatusKind.CONFLICT: ("≠", "%"),
    ProjectStatusKind.ATTENTION: ("!", "!"),
    ProjectStatusKind.FAILED: ("✗", "x"),
    ProjectStatusKind.PAUSED: ("‖", "="),
    ProjectStatusKind.NEW: ("·", "."),
}
READ_ONLY_DATABASE = (
    "the database takes no writes: database.url leads to a standby, so nothing is synced and what is shown "
    "is old"
)
RECREATED_ERROR_KIND = "recreated"  # errors.RepositoryRecreatedError.kind
CHECK_COMMAND = "reconcile check"
RESTING, FROZEN, REFUSED = "resting", "frozen", "refused"
ATTENTION_TEXTS = {
    RESTING: "is in quarantine",
    LinkState.GONE.value: "names an issue that GitHub does not show",
    LinkState.TRANSFERRED.value: "names an issue that was transferred on GitHub",
    LinkState.CONVERTED.value: "names a pull request, not an issue",
    LinkState.CONTESTED.value: "names an issue that another report holds, or that the token may not claim",
    LinkState.SECOND.value: "has an issue of BugSpark's button that is not synced",
    MISNAMED: "has link columns that can't be used",
}
"""Texts for the states of links that need a person (`store.attention`), as the link's page shows them."""
_UNREMARKABLE_LINK_STATES = (*LIVE_STATES, LinkState.UNLINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """A project's status. `command`: what a person should run, if anything.

    `age_of`: the time whose age `reason` begins with, so that a page can keep the age right.
    """

    state: ProjectStatusKind
    reason: str | None = None
    command: str | None = None
    age_of: datetime | None = None

    @property
    def reason_after_age(self) -> str:
        """The reason without the age that it begins with."""
        return (self.reason or "").partition(" ago")[2]

    @property
    def text(self) -> str:
        """The status in words: `Synced`, `Waiting (…)`, `Needs attention: …`."""
        match self.state, self.reason:
            case _, None:
                return self.state.value
            case ((ProjectStatusKind.WAITING | ProjectStatusKind.SYNCED), reason):
                return f"{self.state.value} ({reason})"
            case _, reason:
                return f"{self.state.value}: {reason}"


def project_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus:
    """Return the most urgent status of a project: first what needs a person."""
    return (
        _problem_status(health, now, zone)
        or _conflict_status(health, now, zone)
        or _status_without_problem(health, now, zone)
    )


def _problem_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus | None:
    one_pass = ("reconcile", "--project", health.name)
    if database_status := _database_status(health):
        return database_status
    if health.withheld:
        reason = f"{format_count(health.withheld_count, 'deletion')} withheld"
        command = shell_command(*one_pass, "--accept", health.withheld)
        return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason, command=command)
    if health.problem:
        return ProjectStatus(state=ProjectStatusKind.FAILED, reason=health.problem, command=CHECK_COMMAND)
    if health.paused:
        return ProjectStatus(
            state=ProjectStatusKind.PAUSED, command=shell_command("reconcile", "resume", health.name)
        )
    last = health.last_pass
    if last and last.outcome is Outcome.FAILED:
        reason = last.error.message if last.error else "the last pass failed"
        reason = _with_next_attempt(reason, health, now, zone)
        return ProjectStatus(state=ProjectStatusKind.FAILED, reason=reason, command=shell_command(*one_pass))
    if brake_status := _status_awaiting_consent(health):
        return brake_status
    if health.quarantined:
        reason = f"{format_count(health.quarantined, 'change')} quarantined"
        refused = next((item for item in health.attention if item.what == REFUSED), None)
        if refused is not None:  # the cause of the first one
            reason += f": {' '.join(filter(None, (refused.report, refused.issue)))}: {refused.reason}"
        return ProjectStatus(
            state=ProjectStatusKind.ATTENTION, reason=reason, command=shell_command(*one_pass)
        )
    return (
        _stuck_lock_status(health, now, zone)
        or _attention_status(health)
        or _renamed_label_status(health)
        or _expiry_status(health, now)
        or _overdue_status(health, now, zone)
    )


def _stuck_lock_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus | None:
    """Return a status if another process has had the project for too long."""
    if health.busy_since is None:
        return None
    since = format_time(health.busy_since, now, zone)
    reason = f"at work in another process since {since}: if no pass runs there, its lock is stuck"
    return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason, command="reconcile check")


def _database_status(health: ProjectHealth) -> ProjectStatus | None:
    """Return a status if this database is not the one to write to."""
    if health.is_read_only:
        return ProjectStatus(state=ProjectStatusKind.FAILED, reason=READ_ONLY_DATABASE, command=CHECK_COMMAND)
    if health.reason_not_to_write:
        return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=health.reason_not_to_write)
    return None


def _overdue_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus | None:
    """Return a status if the last success is too long ago. A limit has a status of its own."""
    last, at = health.last_pass, health.last_pass_at
    ended_well = last is not None and last.outcome in (Outcome.OK, Outcome.PARTIAL)
    if not ended_well or at is None or now - at <= health.coverage.within:
        return None
    command = shell_command("reconcile", "--project", health.name)
    return ProjectStatus(
        state=ProjectStatusKind.ATTENTION,
        reason=f"no pass since {format_time(at, now, zone)}",
        command=command,
    )


def _status_awaiting_consent(health: ProjectHealth) -> ProjectStatus | None:
    """Return a status if writes or deletions wait for a person's consent."""
    last = health.last_pass
    if last and last.error and last.error.kind == RECREATED_ERROR_KIND:
        return ProjectStatus(
            state=ProjectStatusKind.ATTENTION, reason=last.error.message, command=CHECK_COMMAND
        )
    if health.exposed:
        command = shell_command("reconcile", "--project", health.name, "--accept", "public")
        reason = f"{health.repository} has become public, text is held back"
        return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason, command=command)
    owned_elsewhere = [item for item in health.attention if item.what == OWNED_ELSEWHERE]
    if owned_elsewhere:
        reason = f"{owned_elsewhere[0].issue}: {owned_elsewhere[0].reason}"
        more = f" (and {len(owned_elsewhere) - 1:,} more)" if len(owned_elsewhere) > 1 else ""
        return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason + more)
    frozen_item = next((item for item in health.attention if item.what == FROZEN), None)
    if frozen_item:
        resolve = (
            "reconcile",
            "resolve",
            report_reference(health, frozen_item),
            str(frozen_item.field),
            "--take",
            "github",
        )
        reason = f"{frozen_item.field} of {frozen_item.report} is frozen: {frozen_item.reason}"
        return ProjectStatus(
            state=ProjectStatusKind.ATTENTION, reason=reason, command=shell_command(*resolve)
        )
    return None


def _attention_status(health: ProjectHealth) -> ProjectStatus | None:
    """Return a status if links are quarantined or their issue is gone, as the pages count them."""
    if not health.attention:
        return None
    first, more = health.attention[0], len(health.attention) - 1
    count_text = f" (and {more:,} more)" if more else ""
    reason = f"{first.report} {ATTENTION_TEXTS.get(first.what, first.what)}{count_text}"
    command_name = "retry" if first.what == RESTING else "why"
    command = shell_command("reconcile", command_name, report_reference(health, first))
    return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason, command=command)


def _renamed_label_status(health: ProjectHealth) -> ProjectStatus | None:
    """Return a status if a label of the mapping was renamed on GitHub."""
    if not health.renamed_labels:
        return None
    more = len(health.renamed_labels) - 1
    reason = health.renamed_labels[0].text + (f" (and {format_count(more, 'label')} more)" if more else "")
    return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason)


def _expiry_status(health: ProjectHealth, now: datetime) -> ProjectStatus | None:
    """Return a status if the token expires or the version of the API ends soon, as GitHub announced."""
    announced = health.last_pass.announced if health.last_pass else None
    if announced is None:
        return None
    reason = announced.token_warning(now)
    if reason is None and announced.version_ends_soon(now):
        reason = announced.version_warning()
    if reason is None:
        return None
    return ProjectStatus(state=ProjectStatusKind.ATTENTION, reason=reason, command=CHECK_COMMAND)


def _conflict_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus | None:
    """Return a status if a value was lost in the last days; what the project waits for is shown beside it."""
    if not health.conflicts:
        return None
    more = f" and {health.conflicts - 1:,} more" if health.conflicts > 1 else ""
    waiting_status = _waiting_status(health, now, zone)
    reason = f"{health.newest_conflict or 'one field'}{more}" + (
        f"; {waiting_status.reason}" if waiting_status else ""
    )
    return ProjectStatus(state=ProjectStatusKind.CONFLICT, reason=reason, command=_conflict_command(health))


def _conflict_command(health: ProjectHealth) -> str | None:
    """Return the command that brings back the value that lost the newest conflict."""
    lost = health.newest_lost_value
    if lost is None:
        return None
    report = f"{health.name}:{lost.report}"
    return shell_command("reconcile", "resolve", report, lost.field, "--take", lost.side.value)


def report_reference(health: ProjectHealth, item: AttentionItem) -> str:
    """Return how commands name a report: `Shop:BUG-0001`, or its id where it has no tracking id any more."""
    return item.report if item.report == str(item.report_id) else f"{health.name}:{item.report}"


def _status_without_problem(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus:
    return _waiting_status(health, now, zone) or _synced_status(health, now, zone)


def _waiting_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus | None:
    last = health.last_pass
    if health.recovering:
        cover = health.recovering
        reason = f"recovering after a restore: {cover.verified:,} of {format_count(cover.links, 'link')}"
        return ProjectStatus(state=ProjectStatusKind.WAITING, reason=reason)
    if last and last.outcome is Outcome.LIMITED:
        return ProjectStatus(
            state=ProjectStatusKind.WAITING,
            reason=github_limit_text(last.next_at or health.next_at, now, zone),
        )
    if last and last.outcome is Outcome.REFUSED:
        reason = last.error.message if last.error else "refused"
        return ProjectStatus(
            state=ProjectStatusKind.WAITING, reason=_with_next_attempt(reason, health, now, zone)
        )
    if health.pending:
        return ProjectStatus(
            state=ProjectStatusKind.WAITING, reason=f"{format_count(health.pending, 'write')} pending"
        )
    return None


def _with_next_attempt(reason: str, health: ProjectHealth, now: datetime, zone: tzinfo | None) -> str:
    """Append `; 3 failures, next try at 14:05` while the next pass waits because of failures."""
    if health.next_at is None or not health.failures:
        return reason
    failures = format_count(health.failures, "failure")
    return f"{reason.rstrip('.')}; {failures}, next try at {format_time(health.next_at, now, zone)}"


def _synced_status(health: ProjectHealth, now: datetime, zone: tzinfo | None) -> ProjectStatus:
    if health.last_success_at is None:
        return ProjectStatus(state=ProjectStatusKind.NEW)
    parts = [format_age(health.last_success_at, now)]
    parts += [
        f"{number:,} {state.replace('_', ' ')}" for state, number in inactive_link_counts(health).items()
    ]
    if not any(health.links.get(state) for state in LIVE_STATES):
        parts.append("no links yet")
    if health.other_repository_links:
        parts.append(f"{format_count(health.other_repository_links, 'link')} of another repository rest")
    announced = health.last_pass.announced if health.last_pass else None
    if announced is not None and (ending := announced.version_warning()):
        parts.append(ending)
    command = None
    if silent := webhook_silence_text(health.webhook, now, zone):
        parts.append(silent)
        command = shell_command("reconcile", "webhook", "create", "--project", health.name)
    return ProjectStatus(
        state=ProjectStatusKind.SYNCED,
        reason=", ".join(parts),
        command=command,
        age_of=health.last_success_at,
    )


def webhook_silence_text(webhook: WebhookHealth, now: datetime, zone: tzinfo | None) -> str | None:
    """Return `webhook silent since 14:05`: passes found changes, and no delivery announced them."""
    if not webhook.silent or webhook.silent_since is None:
        return None
    return f"webhook silent since {format_time(webhook.silent_since, now, zone)}"


def inactive_link_counts(health: ProjectHealth) -> dict[str, int]:
    """Count links that are not synced any more, by state; UNLINKED ones are left out."""
    return {
        state: number
        for state, number in health.links.items()
        if number and state not in _UNREMARKABLE_LINK_STATES
    }


def github_limit_text(until: datetime | None, now: datetime, zone: tzinfo | None) -> str:
    """Return `GitHub limit until 14:05`."""
    return f"GitHub limit until {format_time(until, now, zone)}" if until else "GitHub limit"
