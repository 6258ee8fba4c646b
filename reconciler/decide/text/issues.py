"""The body of an exported issue: BugSpark's own export, made safe.

Source: docs/reference/bugspark.md, The existing export.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.decide.text.clean import normalise, single_line
from reconciler.decide.text.comments import BODY_BYTES, block
from reconciler.decide.text.cut import cut_line
from reconciler.decide.text.fences import fence_for
from reconciler.decide.text.inert import MARKER_NAME, allowed_image, inert, inert_line
from reconciler.decide.text.json_values import entries, lines_of, one_line, pairs
from reconciler.model.written import unescape

LOG_ENTRIES: Final = 10
LOG_CHARS: Final = 500
METADATA_KEYS: Final = 30
VALUE_CHARS: Final = 255
URL_CHARS: Final = 1_000
_MARKER_LINE: Final = re.compile(rf"<!-- {MARKER_NAME} [^\n]*-->")
_WEB: Final = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_LINKABLE: Final = re.compile(r"https?://[A-Za-z0-9._~:/?%=+-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedReport:
    """A report as its issue shows it; every value as BugSpark stores it, hostile."""

    tracking_id: str
    title: str
    description: str
    severity: str
    category: str
    status: str
    screenshot_url: str | None = None  # an address, or an object key that means nothing outside
    console_logs: object = None  # JSON of any shape
    metadata: object = None  # JSON of any shape
    reporter_identifier: str | None = None
    report_url: str | None = None  # the report's page on BugSpark's dashboard


def issue_body(
    report: ExportedReport, marker: str, *, hosts: Collection[str], dashboard_url: str = ""
) -> str:
    """Return the body of the issue made for `report`; at most 65,000 bytes, the marker its last line.

    `hosts`: where images may come from. `dashboard_url`: the origin a link to the report must have; empty for
    no link. Only the description is cut to fit, every other part has a bound of its own. Pure.
    """
    head = _section(_summary(report), "### Description")
    tail = _section(
        *_screenshot(report.screenshot_url, hosts),
        *_logs(report.console_logs),
        *_metadata(report.metadata),
        *_people(report, dashboard_url),
        export_footer(report.tracking_id),
        marker,
    )
    room = BODY_BYTES - len(_section(head, "", tail).encode())
    description = block(report.description, room, hosts=hosts) or "(none)"
    return _section(head, description, tail)


def export_footer(tracking_id: str) -> str:
    """Return the line that ends an exported issue's text."""
    return f"*Exported from BugSpark ({_value(tracking_id)})*"


def has_export_footer(body: str, tracking_id: str) -> bool:
    """Tell whether an issue's text ends with the export's footer for this report; a marker may follow it."""
    lines = normalise(body).split("\n")
    if _MARKER_LINE.fullmatch(lines[-1]):
        lines = normalise("\n".join(lines[:-1])).split("\n")
    return lines[-1].strip() == f"*Exported from BugSpark ({tracking_id})*"


def _section(*parts: str) -> str:
    return "\n\n".join(parts)


def _summary(report: ExportedReport) -> str:
    values = (("Severity", report.severity), ("Category", report.category), ("Status", report.status))
    lines = "\n".join(f"**{name}:** {_value(value)}" for name, value in values)
    return _section(f"## Bug Report: {_value(report.tracking_id)}", lines)


def _screenshot(stored: str | None, hosts: Collection[str]) -> Iterator[str]:
    url = single_line(unescape(stored or ""))
    if not _WEB.fullmatch(url):
        return
    yield "### Screenshot"
    if len(url) <= URL_CHARS and allowed_image(url, hosts):
        yield inert(f"![Screenshot]({url})", hosts=hosts)
    else:
        yield _value(url, URL_CHARS)


def _logs(logs: object) -> Iterator[str]:
    shown = [_log_entry(entry) for entry in entries(logs, LOG_ENTRIES)]
    text = "\n".join(line for line in shown if line)
    if text:
        fence = fence_for(text)
        yield "### Console Logs"
        yield f"{fence}\n{text}\n{fence}"


def _log_entry(entry: object) -> str:
    """Return an entry as inert text for a code block, which it may not end."""
    text = lines_of(entry, chars=LOG_CHARS)
    if isinstance(entry, dict) and "message" in entry:
        level = one_line(entry.get("level") or "log", chars=20)
        text = f"[{level}] {lines_of(entry['message'], chars=LOG_CHARS)}"
    return cut_line(inert(unescape(text), hosts=()).strip(), chars=LOG_CHARS)


def _metadata(metadata: object) -> Iterator[str]:
    lines = [
        f"- **{_value(key, 60)}:** {_value(one_line(value, chars=200), 200)}"
        for key, value in pairs(metadata, METADATA_KEYS)
    ]
    if lines:
        yield "### Device / Environment"
        yield "\n".join(lines)


def _people(report: ExportedReport, dashboard_url: str) -> Iterator[str]:
    reporter = _value(report.reporter_identifier or "")
    if reporter:
        yield f"**Reporter:** {reporter}"
    url, origin = report.report_url or "", dashboard_url.rstrip("/")
    if origin and url.startswith(f"{origin}/") and _LINKABLE.fullmatch(url):
        yield f"[Open in BugSpark]({url})"


def _value(text: str, chars: int = VALUE_CHARS) -> str:
    """Return a stored value as an inert line of at most `chars` characters."""
    return cut_line(inert_line(unescape(text[: 8 * chars])), chars=chars)
