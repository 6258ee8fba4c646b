"""Rendering of pages from templates, with automatic escaping, and the icon of each state."""

import re
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from reconciler import __version__
from reconciler.model.formatting import (
    escape_unprintable,
    format_age,
    format_count,
    format_duration,
    format_interval,
    format_iso,
    format_time,
)
from reconciler.model.project_status import ProjectStatusKind
from reconciler.model.report import unescape_html
from reconciler.web.api.response_models import WORDS_BY_STATE, SyncState
from reconciler.web.pages.static_files import StaticFileSet
from reconciler.web.site import Site

_COMBINING_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_EXCESS_COMBINING_MARKS = re.compile(f"([{_COMBINING_MARKS}]{{6}})[{_COMBINING_MARKS}]+")
"""More combining marks on one letter than any language uses; they would cover other lines."""
DEFAULT_ICON = ("still", "new")
SYMBOLS_BY_TONE = {"ok": "✓", "wait": "…", "conflict": "≠", "needs": "!", "failed": "✗", "still": "·"}
"""As `model.project_status.STATUS_SYMBOLS` has them, for the title of a tab."""
ICONS_BY_WORD: dict[str, tuple[str, str]] = {
    ProjectStatusKind.SYNCED: ("ok", "ok"),
    ProjectStatusKind.WAITING: ("wait", "wait"),
    ProjectStatusKind.CONFLICT: ("conflict", "conflict"),
    ProjectStatusKind.ATTENTION: ("needs", "needs"),
    ProjectStatusKind.FAILED: ("failed", "failed"),
    ProjectStatusKind.PAUSED: ("still", "paused"),
    ProjectStatusKind.NEW: DEFAULT_ICON,
    SyncState.SYNCED: ("ok", "ok"),
    SyncState.PENDING: ("wait", "wait"),
    SyncState.CONFLICT: ("conflict", "conflict"),
    SyncState.ATTENTION: ("needs", "needs"),
    SyncState.UNLINKED: ("still", "unlinked"),
    "Not linked": ("still", "unlinked"),
    "Gone on GitHub": ("still", "gone"),
    "Transferred on GitHub": ("still", "gone"),
    "Converted on GitHub": ("still", "gone"),
    "Deleted in BugSpark": ("still", "gone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TabState:
    """What a browser's tab says of a page's state: a symbol and the word in the title, and an icon's file."""

    word: str
    symbol: str
    icon: str


def tab_of_state(word: str) -> TabState:
    """Return the symbol and the icon for a state's word."""
    tone, _ = icon_of_state(word)
    return TabState(word=word, symbol=SYMBOLS_BY_TONE[tone], icon=f"mark-{tone}.svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The templates of one site."""

    environment: Environment

    def render(self, name: str, status: HTTPStatus = HTTPStatus.OK, **values: object) -> HTMLResponse:
        """Render a page. Raises UndefinedError if the template uses a value that is not given."""
        return HTMLResponse(self.environment.get_template(name).render(values), status)


def build_templates(site: Site, static: StaticFileSet) -> Templates:
    """Build the environment. Templates may use `here(path)`, `asset(name)` and the filters below."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "here": lambda path: f"{site.path_prefix}{path}",
        "asset": static.asset_url_function(site.path_prefix),
        "sign_of": icon_of_state,
        "tab_of": tab_of_state,
        "word_of": lambda state: WORDS_BY_STATE[state],
        "version": __version__,
    }
    environment.filters |= {
        "visible": safe_line,
        "written": lambda text: safe_line(unescape_html(str(text))),  # a title as BugSpark stores it
        "visible_lines": visible_lines,
        "worded": lambda text: safe_line(str(text).replace("_", " ")),  # a name of BugSpark's: in_progress
        "web_link": safe_web_link,
        "ago": format_age,
        "clock": lambda moment, now: format_time(moment, now, UTC),
        "exact": lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "hour": lambda moment: f"{moment.astimezone(UTC):%H:%M} UTC",
        "weekday": lambda moment: f"{moment.astimezone(UTC):%a %d %b}",
        "iso": format_iso,
        "span": format_interval,
        "length_of": format_duration,
        "thousands": lambda number: f"{number:,}",
        "counted": format_count,
    }
    return Templates(environment=environment)


def safe_line(text: object) -> str:
    """Make untrusted text safe for one line; at most six combining marks stay on one letter."""
    return escape_unprintable(_EXCESS_COMBINING_MARKS.sub(r"\1", str(text)))


def visible_lines(text: object) -> str:
    """Make untrusted text of several lines safe: line breaks stay, other control characters are escaped."""
    return "\n".join(map(safe_line, str(text).replace("\r\n", "\n").split("\n")))


def safe_web_link(text: object) -> str:
    """Return the address if it is http(s), else "#". `text`: untrusted."""
    try:
        split_url = urlsplit(str(text))
    except ValueError:
        return "#"
    return str(text) if split_url.scheme in ("http", "https") and split_url.hostname else "#"


def icon_of_state(word: str) -> tuple[str, str]:
    """Return (tone, shape) for a state's word, as pages or the API spell it; neutral if unknown."""
    return ICONS_BY_WORD.get(word, DEFAULT_ICON)
