"""The parameters of `GET /api/v1/reports`. Pure; a parameter that can't be used raises HTTPException 400."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import HTTPException

from reconciler.model.fields import Severity
from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.views import ReportPosition
from reconciler.web.api.response_models import SyncState
from reconciler.web.plain_input import is_plain_word, require_known_word
from reconciler.web.security.access_control import raise_not_found

MAX_IDS = 200
MAX_SEARCH_CHARACTERS = 500
SEARCH_PARAMETERS = ("project", "state", "severity", "q", "cursor")
CHOICES = {"state": tuple(map(str, SyncState)), "severity": tuple(map(str, Severity))}
"""The parameters that have one of a few values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSearch:
    """Which reports to list, and from where. None: all."""

    project: ProjectId | None
    state: SyncState | None
    severity: str | None
    text: str
    after: ReportPosition | None


def parse_ids(query: Mapping[str, str]) -> tuple[ReportId, ...] | None:
    """Return the reports that are asked for by id; None for a search. A text that is no id is left out."""
    if "ids" not in query:
        return None
    if any(name in query for name in SEARCH_PARAMETERS):
        raise _refusal("ids goes with no other parameter.")
    texts = [text for text in query["ids"].split(",") if text]
    if len(texts) > MAX_IDS:
        raise _refusal(f"There are more than {MAX_IDS} ids.")
    return tuple(ReportId(uuid) for text in texts if (uuid := parse_uuid(text.strip())) is not None)


def parse_search(query: Mapping[str, str]) -> ReportSearch:
    """Read the search from a query string. An empty parameter is as none.

    A project id that can't be parsed is answered like an unknown one (404).
    """
    for name in SEARCH_PARAMETERS:
        text = query.get(name, "")
        if len(text) > MAX_SEARCH_CHARACTERS or not is_plain_word(text):
            raise _refusal(f"{name} is too long, or has control characters.")
    project_text, state = query.get("project", ""), require_known_word(query, "state", CHOICES["state"])
    project = parse_uuid(project_text)
    if project_text and project is None:
        raise_not_found()
    return ReportSearch(
        project=None if project is None else ProjectId(project),
        state=SyncState(state) if state else None,
        severity=require_known_word(query, "severity", CHOICES["severity"]) or None,
        text=query.get("q", ""),
        after=_parse_position(query.get("cursor", "")),
    )


def position_text(position: ReportPosition) -> str:
    """Return the cursor for a position."""
    return f"{position.project_id}.{position.tracking_id}"


def _parse_position(text: str) -> ReportPosition | None:
    if not text:
        return None
    project_text, _, tracking_id = text.partition(".")
    project = parse_uuid(project_text)
    if project is None:
        raise _refusal("cursor is not one of this list.")
    return ReportPosition(project_id=ProjectId(project), tracking_id=tracking_id)


def _refusal(reason: str) -> HTTPException:
    return HTTPException(HTTPStatus.BAD_REQUEST, reason)
