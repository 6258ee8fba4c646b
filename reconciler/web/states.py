"""A report's dossier in the API's few words. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.dossier import Dossier, ReportShown, Told
from reconciler.model.fields import Field
from reconciler.model.kinds import Kind
from reconciler.web.shapes import SyncState

SHOWN_FOR = timedelta(days=7)
"""As in `store.tallies`: so long a conflict is news."""
STATES = {"Synced": SyncState.SYNCED, "Waiting": SyncState.PENDING, "Not linked": SyncState.UNLINKED}
CROSSED = frozenset(
    {
        Kind.SET_FIELD,
        Kind.IMPORT_COMMENT,
        Kind.EDIT_COMMENT,
        Kind.REMOVE_COMMENT,
        Kind.CREATE_ISSUE,
        Kind.SET_STATE,
        Kind.SWAP_LABELS,
        Kind.SET_TITLE,
        Kind.POST_COMMENT,
        Kind.EDIT_REMOTE_COMMENT,
        Kind.DELETE_REMOTE_COMMENT,
        Kind.CONFLICT,
        Kind.FIRST_CONTACT,
    }
)


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


def open_conflicts(dossier: Dossier, now: datetime) -> Iterator[Told]:
    """Recorded conflicts that are still the last thing that happened to their field, and are news."""
    fields = {each.value for each in Field}
    seen: set[str | None] = set()
    for told in dossier.story:  # newest first
        field, news = told.change.field, told.at >= now - SHOWN_FOR
        if news and field in fields and field not in seen and told.change.kind is Kind.CONFLICT:
            yield told
        seen.add(field)


def last_crossing(dossier: Dossier) -> datetime | None:
    """When anything was last written on either side because of the other."""
    return next((told.at for told in dossier.story if told.change.kind in CROSSED), None)
