"""The search in a project's list of reports: query string → filters, and links to other pages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from reconciler.model.fields import Severity, Status
from reconciler.model.ids import IssueNumber, LinkId
from reconciler.model.views import (
    LinkFilter,
    LinkPage,
    LinkPosition,
    LinkRow,
    UnlinkedFilter,
    UnlinkedPage,
    Urgency,
)
from reconciler.web.api.response_models import SyncState
from reconciler.web.plain_input import require_known_word

URGENCIES_BY_SYNC_STATE = {
    SyncState.SYNCED: Urgency.SYNCED,
    SyncState.PENDING: Urgency.PENDING,
    SyncState.CONFLICT: Urgency.CONFLICT,
    SyncState.ATTENTION: Urgency.ATTENTION,
}
SYNC_STATES_BY_URGENCY = {urgency: state for state, urgency in URGENCIES_BY_SYNC_STATE.items()}
MAX_SEARCH_LENGTH = 200
"""Length limit of a search text."""
OLDEST_FIRST = "oldest"
PLOT_PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
DEFAULT_PERIOD = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSearch:
    """A search, from the query string. A position that can't be read counts as not given."""

    state: str = ""  # a SyncState; "": all links
    text: str = ""
    status: str = ""
    severity: str = ""
    order: str = ""  # "" or OLDEST_FIRST
    period: str = DEFAULT_PERIOD  # of the plot
    after: str = ""
    before: str = ""

    @property
    def is_for_unlinked(self) -> bool:
        """Whether reports without a link are listed."""
        return self.state == SyncState.UNLINKED

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is given."""
        return bool(self.text or self.status or self.severity)

    @property
    def link_filter(self) -> LinkFilter:
        """The filter for links."""
        return LinkFilter(
            urgency=URGENCIES_BY_SYNC_STATE[SyncState(self.state)] if self.state else None,
            text=self.text,
            status=self.status,
            severity=self.severity,
            oldest_first=self.order == OLDEST_FIRST,
            after=_parse_position(self.after),
            before=_parse_position(self.before),
        )

    @property
    def unlinked_filter(self) -> UnlinkedFilter | None:
        """The filter for reports without a link that belong to this page; None if none do.

        Beside *Not linked* these are reports whose issue is to be created: they count as waiting, or as
        needing attention, and stand before the first page of links.
        """
        waiting = None
        if not self.is_for_unlinked:
            if self.state not in (SyncState.PENDING, SyncState.ATTENTION) or self.after or self.before:
                return None
            waiting = URGENCIES_BY_SYNC_STATE[SyncState(self.state)]
        return UnlinkedFilter(
            waiting=waiting,
            text=self.text,
            status=self.status,
            severity=self.severity,
            after=self.after if self.is_for_unlinked else "",
        )

    def query_string(self, **changes: str) -> str:
        """Return the query string of the first page with changes; what has its usual value is left out."""
        parameters = self.parameters() | changes
        kept = {name: value for name, value in parameters.items() if value}
        return f"?{urlencode(kept)}#links" if kept else "#links"

    def parameters(self) -> dict[str, str]:
        """Return the parameters, positions left out."""
        return {
            "state": self.state,
            "q": self.text,
            "status": self.status,
            "severity": self.severity,
            "order": self.order,
            "range": "" if self.period == DEFAULT_PERIOD else self.period,
        }


def parse_link_search(query: Mapping[str, str]) -> LinkSearch:
    """Read the search from a query string.

    Raises HTTPException 400 for a parameter with a value that it does not have.
    """
    return LinkSearch(
        state=require_known_word(query, "state", SyncState),
        text=query.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", ""),
        status=require_known_word(query, "status", Status),
        severity=require_known_word(query, "severity", Severity),
        order=require_known_word(query, "order", (OLDEST_FIRST,)),
        period=require_known_word(query, "range", PLOT_PERIODS) or DEFAULT_PERIOD,
        after=query.get("after", "")[:MAX_SEARCH_LENGTH].replace("\0", ""),
        before=query.get("before", "")[:MAX_SEARCH_LENGTH].replace("\0", ""),
    )


def without_position(search: LinkSearch) -> LinkSearch:
    """Return the search from its first page."""
    return replace(search, after="", before="")


def _parse_position(text: str) -> LinkPosition | None:
    number, _, link = text.partition(".")
    try:
        return LinkPosition(number=IssueNumber(min(int(number), 2**31 - 1)), link_id=LinkId(UUID(link)))
    except ValueError:
        return None


def page_links(search: LinkSearch, links: LinkPage) -> dict[str, str]:
    """Return the links to the previous and the next page of links, if there are any."""
    if not links.rows:
        return {}
    links_by_name = {}
    if links.more_before:
        links_by_name["before"] = search.query_string(before=encode_position(links.rows[0]))
    if links.more_after:
        links_by_name["after"] = search.query_string(after=encode_position(links.rows[-1]))
    return links_by_name


def unlinked_page_links(search: LinkSearch, page: UnlinkedPage) -> dict[str, str]:
    """Return the links to the first and the next page of reports without a link, if there are any."""
    links_by_name = {"before": search.query_string()} if search.after else {}
    if page.more_after and page.rows:
        links_by_name["after"] = search.query_string(after=page.rows[-1].tracking_id)
    return links_by_name


def encode_position(row: LinkRow) -> str:
    """Return the position of a row as the query string has it."""
    return f"{row.number}.{row.id}"
