"""A project's standing in one sign and a few words, and what a person should do (docs/reference/looks.md)."""

from datetime import datetime, tzinfo
from enum import StrEnum

from reconciler.model.identity import HELD
from reconciler.model.link import LinkState
from reconciler.model.passes import Outcome
from reconciler.model.snapshot import Health
from reconciler.model.values import dataclass
from reconciler.model.webhook import WebhookHealth
from reconciler.model.wording import ago, clock, counted, words_of_shell


class State(StrEnum):
    """The same words on the terminal, in JSON and on the dashboard."""

    SYNCED = "Synced"
    WAITING = "Waiting"
    CONFLICT = "Conflict"
    ATTENTION = "Needs you"
    FAILED = "Failed"
    PAUSED = "Paused"
    NEW = "Not looked at yet"


SIGNS = {
    State.SYNCED: ("✓", "+"),
    State.WAITING: ("…", "~"),
    State.CONFLICT: ("≠", "%"),
    State.ATTENTION: ("!", "!"),
    State.FAILED: ("✗", "x"),
    State.PAUSED: ("‖", "="),
    State.NEW: ("·", "."),
}
RECREATED = "recreated"  # errors.RecreatedError.kind
RESTS, FROZEN = "resting", "frozen"
ENDINGS = {
    RESTS: "rests",
    LinkState.GONE.value: "is gone on GitHub",
    LinkState.TRANSFERRED.value: "was transferred on GitHub",
    LinkState.CONVERTED.value: "was converted on GitHub",
    LinkState.CONTESTED.value: "names an issue that another report holds",
}
"""What `store.attention` tells of a link, in the words of its own page."""
LIVE = (LinkState.ACTIVE, LinkState.NEW)
_QUIET = (*LIVE, LinkState.UNLINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a project stands; `command` is what a person should run, if anything."""

    state: State
    reason: str | None = None
    command: str | None = None

    @property
    def words(self) -> str:
        """`Synced`, `Waiting (…)`, `Needs you: …`."""
        match self.state, self.reason:
            case _, None:
                return self.state.value
            case ((State.WAITING | State.SYNCED), reason):
                return f"{self.state.value} ({reason})"
            case _, reason:
                return f"{self.state.value}: {reason}"


def standing(health: Health, now: datetime, zone: tzinfo | None) -> Standing:
    """The most pressing thing about a project: what needs a person first."""
    return _needs_person(health, now, zone) or _conflict(health, now, zone) or _quiet(health, now, zone)


def _needs_person(health: Health, now: datetime, zone: tzinfo | None) -> Standing | None:
    one_pass = ("reconcile", "--project", health.name)
    if health.doubt:
        return Standing(state=State.ATTENTION, reason=health.doubt)
    if health.withheld:
        reason = f"{counted(health.withheld_count, 'deletion')} withheld"
        command = words_of_shell(*one_pass, "--accept", health.withheld)
        return Standing(state=State.ATTENTION, reason=reason, command=command)
    if health.problem:
        return Standing(state=State.FAILED, reason=health.problem, command="reconcile check")
    if health.paused:
        return Standing(state=State.PAUSED, command=words_of_shell("reconcile", "resume", health.name))
    last = health.last_pass
    if last and last.outcome is Outcome.FAILED:
        reason = last.error.message if last.error else "the last pass failed"
        reason = _until_next(reason, health, now, zone)
        return Standing(state=State.FAILED, reason=reason, command=words_of_shell(*one_pass))
    if held := _held(health):
        return held
    if health.quarantined:
        reason = f"{counted(health.quarantined, 'change')} quarantined"
        return Standing(state=State.ATTENTION, reason=reason, command=words_of_shell(*one_pass))
    return _told(health) or _silent(health, now, zone)


def _silent(health: Health, now: datetime, zone: tzinfo | None) -> Standing | None:
    """Health is freshness: what was equal long ago is nobody's good news. A limit has its own word."""
    last, at = health.last_pass, health.last_pass_at
    ended_well = last is not None and last.outcome in (Outcome.OK, Outcome.PARTIAL)
    if not ended_well or at is None or now - at <= health.coverage.within:
        return None
    command = words_of_shell("reconcile", "--project", health.name)
    return Standing(state=State.ATTENTION, reason=f"no pass since {clock(at, now, zone)}", command=command)


def _held(health: Health) -> Standing | None:
    """What a brake holds back until a person says so."""
    last = health.last_pass
    if last and last.error and last.error.kind == RECREATED:
        return Standing(state=State.ATTENTION, reason=last.error.message, command="reconcile check")
    if health.exposed:
        command = words_of_shell("reconcile", "--project", health.name, "--accept", "public")
        reason = f"{health.repository} has become public, text is held back"
        return Standing(state=State.ATTENTION, reason=reason, command=command)
    held = [item for item in health.attention if item.what == HELD]
    if held:
        reason = f"{held[0].issue}: {held[0].reason}"
        more = f" (and {len(held) - 1:,} more)" if len(held) > 1 else ""
        return Standing(state=State.ATTENTION, reason=reason + more)
    frozen = next((item for item in health.attention if item.what == FROZEN), None)
    if frozen:
        resolve = ("reconcile", "resolve", str(frozen.report_id), str(frozen.field), "--take", "github")
        reason = f"{frozen.field} of {frozen.report} is frozen: {frozen.reason}"
        return Standing(state=State.ATTENTION, reason=reason, command=words_of_shell(*resolve))
    return None


def _told(health: Health) -> Standing | None:
    """Links that rest, or whose issue is gone: whatever pages count as needing a person."""
    if not health.attention:
        return None
    first, more = health.attention[0], len(health.attention) - 1
    rest = f" (and {more:,} more)" if more else ""
    reason = f"{first.report} {ENDINGS.get(first.what, first.what)}{rest}"
    deed = "retry" if first.what == RESTS else "why"
    command = words_of_shell("reconcile", deed, str(first.report_id))
    return Standing(state=State.ATTENTION, reason=reason, command=command)


def _conflict(health: Health, now: datetime, zone: tzinfo | None) -> Standing | None:
    """A value was lost of late and can be brought back; what the project waits for is told beside it."""
    if not health.conflicts:
        return None
    more = f" and {health.conflicts - 1:,} more" if health.conflicts > 1 else ""
    waits = _waits(health, now, zone)
    reason = f"{health.disputed or 'one field'}{more}" + (f"; {waits.reason}" if waits else "")
    return Standing(state=State.CONFLICT, reason=reason)


def _quiet(health: Health, now: datetime, zone: tzinfo | None) -> Standing:
    return _waits(health, now, zone) or _fine(health, now, zone)


def _waits(health: Health, now: datetime, zone: tzinfo | None) -> Standing | None:
    last = health.last_pass
    if health.recovering:
        cover = health.recovering
        reason = f"recovering after a restore: {cover.verified:,} of {counted(cover.links, 'link')}"
        return Standing(state=State.WAITING, reason=reason)
    if last and last.outcome is Outcome.LIMITED:
        return Standing(state=State.WAITING, reason=limit_words(last.next_at or health.next_at, now, zone))
    if last and last.outcome is Outcome.REFUSED:
        reason = last.error.message if last.error else "refused"
        return Standing(state=State.WAITING, reason=_until_next(reason, health, now, zone))
    if health.pending:
        return Standing(state=State.WAITING, reason=f"{counted(health.pending, 'write')} pending")
    return None


def _until_next(reason: str, health: Health, now: datetime, zone: tzinfo | None) -> str:
    """`…; 3 failures, next try at 14:05`: what a back-off of ours puts off."""
    if health.next_at is None or not health.failures:
        return reason
    failures = counted(health.failures, "failure")
    return f"{reason.rstrip('.')}; {failures}, next try at {clock(health.next_at, now, zone)}"


def _fine(health: Health, now: datetime, zone: tzinfo | None) -> Standing:
    if health.last_success_at is None:
        return Standing(state=State.NEW)
    parts = [ago(health.last_success_at, now)]
    parts += [f"{number:,} {state.replace('_', ' ')}" for state, number in aside(health).items()]
    if health.elsewhere:
        parts.append(f"{counted(health.elsewhere, 'link')} of another repository rest")
    command = None
    if silent := silence(health.webhook, now, zone):
        parts.append(silent)
        command = words_of_shell("reconcile", "webhook", "create", "--project", health.name)
    return Standing(state=State.SYNCED, reason=", ".join(parts), command=command)


def silence(webhook: WebhookHealth, now: datetime, zone: tzinfo | None) -> str | None:
    """`webhook silent since 14:05`: changes were found by looking, and no delivery has come since."""
    if not webhook.silent or webhook.silent_since is None:
        return None
    return f"webhook silent since {clock(webhook.silent_since, now, zone)}"


def aside(health: Health) -> dict[str, int]:
    """Links that exist but are not synced any more: gone, transferred, contested … `unlinked` is history."""
    return {state: number for state, number in health.links.items() if number and state not in _QUIET}


def limit_words(until: datetime | None, now: datetime, zone: tzinfo | None) -> str:
    """`GitHub limit until 14:05`."""
    return f"GitHub limit until {clock(until, now, zone)}" if until else "GitHub limit"
