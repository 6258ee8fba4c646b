"""A report's dossier in the API's few words. Pure."""

from datetime import datetime

from reconciler.model.dossier import ReportDetail, ReportView
from reconciler.model.kinds import CROSS_SIDE_KINDS
from reconciler.web.api.response_models import SyncState
from reconciler.web.pages.status_icons import WORDS_BY_STATE

STATES_BY_WORD = {word: state for state, word in WORDS_BY_STATE.items()}


def report_state(shown: ReportView) -> tuple[SyncState, str | None]:
    """The state and its reason. What the page says in its own word, "Gone on GitHub", is a reason here."""
    state = STATES_BY_WORD.get(shown.state, SyncState.ATTENTION)
    return state, shown.reason or (None if shown.state in STATES_BY_WORD else shown.state)


def last_crossing_at(dossier: ReportDetail) -> datetime | None:
    """When anything was last written on either side because of the other."""
    return next((told.at for told in dossier.history if told.change.kind in CROSS_SIDE_KINDS), None)
