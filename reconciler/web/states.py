"""A report's dossier in the API's few words. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.dossier import Dossier, ReportShown, Told
from reconciler.model.fields import Field
from reconciler.model.kinds import CROSSED, Kind
from reconciler.web.shapes import SyncState
from reconciler.web.signs import WORDS

SHOWN_FOR = timedelta(days=7)
"""As in `store.tallies`: so long a conflict is news."""
STATES = {"Synced": SyncState.SYNCED, "Waiting": SyncState.PENDING, "Not linked": SyncState.UNLINKED}


def state_of(shown: ReportShown, now: datetime) -> tuple[SyncState, str | None]:
    """The state and its reason. A conflict is told of a report with which nothing else is wrong."""
    state = STATES.get(shown.state, SyncState.ATTENTION)
    conflicts = list(open_conflicts(shown.dossier, now))
    if state is SyncState.SYNCED and conflicts:
        told = (f"{each.change.field}: {each.change.lost} was lost" for each in conflicts)
        return SyncState.CONFLICT, "; ".join(told)
    # What the page says in its own word, "Gone on GitHub", is a reason here.
    own = shown.state if state is SyncState.ATTENTION and shown.state != "Needs you" else None
    return state, shown.reason or own


def words_of(shown: ReportShown, now: datetime) -> tuple[str, str | None]:
    """The same for people: the page's own word (`Gone on GitHub`), or `Conflict`, and the reason."""
    state, reason = state_of(shown, now)
    if state is SyncState.CONFLICT:
        return WORDS[state], reason
    return shown.state, shown.reason


def open_conflicts(dossier: Dossier, now: datetime) -> Iterator[Told]:
    """Recorded conflicts that are news and whose outcome still stands (as `store.tallies` counts them)."""
    for field in Field:
        told = [each for each in dossier.story if each.change.field == field.value]  # newest first
        at = next((at for at, each in enumerate(told) if each.change.kind is Kind.CONFLICT), None)
        if at is None or told[at].at < now - SHOWN_FOR:
            continue
        settled = any(each.change.kind is Kind.RESOLVE for each in told[:at])
        if not settled and all(each.change.to == told[at].change.to for each in told[:at]):
            yield told[at]


def last_crossing(dossier: Dossier) -> datetime | None:
    """When anything was last written on either side because of the other."""
    return next((told.at for told in dossier.story if told.change.kind in CROSSED), None)
