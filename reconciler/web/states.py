"""A report's dossier in the API's few words. Pure."""

from datetime import datetime

from reconciler.model.dossier import Dossier, ReportShown
from reconciler.model.kinds import CROSSED
from reconciler.web.shapes import SyncState
from reconciler.web.signs import WORDS

STATES = {word: state for state, word in WORDS.items()}


def state_of(shown: ReportShown) -> tuple[SyncState, str | None]:
    """The state and its reason. What the page says in its own word, "Gone on GitHub", is a reason here."""
    state = STATES.get(shown.state, SyncState.ATTENTION)
    return state, shown.reason or (None if shown.state in STATES else shown.state)


def last_crossing(dossier: Dossier) -> datetime | None:
    """When anything was last written on either side because of the other."""
    return next((told.at for told in dossier.story if told.change.kind in CROSSED), None)
