"""The title and body of an exported issue: BugSpark's own export, made safe; and titles in both directions.

On GitHub a title has the report's tracking id as prefix: `[BUG-0001] Title`. Source:
docs/reference/bugspark.md, The existing export.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.policy import SanitizationPolicy
from reconciler.model.report import UnusableJson, unescape_html
from reconciler.text.clean import normalise, single_line
from reconciler.text.code_blocks import ZWSP, fence_code
from reconciler.text.comment_text import MAX_BODY_BYTES, sanitize_and_truncate_markdown
from reconciler.text.inert import inert, inert_code, inert_line, is_allowed_image
from reconciler.text.json_values import as_lines, as_one_line, first_list_items, first_members
from reconciler.text.redact import redact_and_count
from reconciler.text.truncate import truncate_chars, truncate_line

MAX_LOG_ENTRIES: Final = 10
MAX_LOG_CHARS: Final = 500
MAX_METADATA_KEYS: Final = 30
MAX_METADATA_CHARS: Final = 200
MAX_VALUE_CHARS: Final = 255
MAX_URL_CHARS: Final = 1_000
_MARKER_LINE: Final = re.compile(rf"<!-- {MARKER_NAME} [^\n]*-->")
_WEB_URL: Final = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_LINKABLE_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/?%=+-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedReport:
    """The values of a report that its issue shows, as BugSpark stores them: untrusted."""

    tracking_id: str
    title: str
    description: str | None  # None: it is not shown
    severity: str
    category: str
    status: str
    screenshot_url: str | None = None  # an address, or an object key that means nothing outside
    console_logs: object = None  # JSON of any shape
    metadata: object = None  # JSON of any shape
    reporter_identifier: str | None = None
    report_url: str | None = None  # the report's page on BugSpark's dashboard


def issue_body(
    report: ExportedReport, marker: str, policy: SanitizationPolicy, *, dashboard_url: str = ""
) -> str:
    """Return the body of the issue made for `report`; at most 65,000 bytes, the marker its last line.

    `dashboard_url`: the origin a link to the report must have; empty for no link. Only the
    description is cut to fit, every other part has a bound of its own. Pure.
    """
    head = _summary_block(report, policy)
    tail = _join_blocks(
        *_screenshot_lines(report, policy, dashboard_url),
        *_log_lines(report.console_logs, policy),
        *_metadata_lines(report.metadata, policy),
        *_reporter_lines(report, policy, dashboard_url),
        export_footer(report.tracking_id),
        marker,
    )
    if report.description is None:
        return _join_blocks(head, tail)
    head = _join_blocks(head, "### Description")
    available_bytes = MAX_BODY_BYTES - len(_join_blocks(head, "", tail).encode())
    description = sanitize_and_truncate_markdown(report.description, available_bytes, policy) or "(none)"
    return _join_blocks(head, description, tail)


def count_redactions(report: ExportedReport) -> Counter[str]:
    """Return how many things of each kind redaction takes out of a new issue's title and body."""
    escaped = (report.title, report.description, report.screenshot_url, report.reporter_identifier)
    texts = [unescape_html(text or "") for text in escaped]
    texts += map(_log_text, first_list_items(report.console_logs, MAX_LOG_ENTRIES))
    for key, value in first_members(report.metadata, MAX_METADATA_KEYS):
        texts += [key, as_one_line(value, chars=MAX_METADATA_CHARS)]
    counts: Counter[str] = Counter()
    for text in texts:
        counts += redact_and_count(text)[1]
    return counts


def export_footer(tracking_id: str) -> str:
    """Return the line that ends an exported issue's text."""
    return f"*Exported from BugSpark ({_inert_value(tracking_id, SanitizationPolicy())})*"


def has_export_footer(body: str, tracking_id: str) -> bool:
    """Whether an issue's text ends with the export's footer for this report; a marker may follow it."""
    lines = normalise(body).split("\n")
    if _MARKER_LINE.fullmatch(lines[-1]):
        lines = normalise("\n".join(lines[:-1])).split("\n")
    return lines[-1].strip() == f"*Exported from BugSpark ({tracking_id})*"


_TRACKING_ID: Final = r"(?P<id>[A-Z][A-Z0-9]*-[0-9]+)"
_TITLE_START: Final = re.compile(rf"\[{_TRACKING_ID}\] ")
_FOOTER_LINE: Final = re.compile(
    rf"^[ \t]*\*Exported from BugSpark \({_TRACKING_ID}\)\*[ \t]*$", re.MULTILINE
)


def tracking_id_in_title(title: str) -> str | None:
    """Return the report that the beginning of an exported issue's title names."""
    found = _TITLE_START.match(title)
    return found["id"] if found else None


def tracking_id_in_footer(body: str) -> str | None:
    """Return the report that the last footer of an export names, whatever was written after it.

    The description above it is anybody's text and may have such lines: only the last one counts.
    """
    found = [match["id"] for match in _FOOTER_LINE.finditer(normalise(body))]
    return found[-1] if found else None


_EXPORTED_VALUE: Final = re.compile(
    r"^[ \t]*\*\*(?P<name>Severity|Category|Status):\*\*[ \t]*(?P<value>[A-Za-z_ ]{1,30}?)[ \t]*$",
    re.MULTILINE,
)


def read_exported_values(body: str) -> Mapping[str, str]:
    """Return severity, category and status as an exported issue's text has them, by their names in small
    letters: the report's values of the moment when the button was pressed. A line that is missing or was
    edited into something else is left out. Only what stands above the first section counts: the description
    below is anybody's text. Source: docs/reference/bugspark.md, The existing export.
    """
    head = normalise(body).partition("\n### ")[0]
    found = {match["name"].lower(): match["value"] for match in _EXPORTED_VALUE.finditer(head)}
    return {name: value.strip().lower().replace(" ", "_") for name, value in found.items()}


def _join_blocks(*parts: str) -> str:
    return "\n\n".join(parts)


def _summary_block(report: ExportedReport, policy: SanitizationPolicy) -> str:
    values = (("Severity", report.severity), ("Category", report.category), ("Status", report.status))
    lines = "\n".join(f"**{name}:** {_inert_value(value, policy)}" for name, value in values)
    return _join_blocks(f"## Bug Report: {_inert_value(report.tracking_id, policy)}", lines)


def _screenshot_lines(
    report: ExportedReport, policy: SanitizationPolicy, dashboard_url: str
) -> Iterator[str]:
    """Return the screenshot; where only BugSpark can show it, a link to the report, which asks to sign in."""
    url = single_line(unescape_html(report.screenshot_url or ""))
    if not _WEB_URL.fullmatch(url):
        if url and (page := _report_page(report, dashboard_url)) is not None:
            yield "### Screenshot"
            yield f"[Screenshot in BugSpark]({page})"
        return
    yield "### Screenshot"
    if len(url) <= MAX_URL_CHARS and is_allowed_image(url, policy):
        yield inert(f"![Screenshot]({url})", policy)
    else:
        yield _inert_value(url, policy, MAX_URL_CHARS)


def _log_lines(logs: object, policy: SanitizationPolicy) -> Iterator[str]:
    if isinstance(logs, UnusableJson):
        yield "### Console Logs"
        yield _not_shown_line(logs)
        return
    shown = [_log_entry(entry, policy) for entry in first_list_items(logs, MAX_LOG_ENTRIES)]
    text = "\n".join(line for line in shown if line)
    if text:
        yield "### Console Logs"
        yield fence_code(text)


def _log_entry(entry: object, policy: SanitizationPolicy) -> str:
    """Return an entry for a code block. Logs are stored as the page wrote them, not HTML-escaped."""
    return truncate_line(inert_code(_log_text(entry), policy).strip(), chars=MAX_LOG_CHARS)


def _log_text(entry: object) -> str:
    if isinstance(entry, dict) and "message" in entry:
        level = as_one_line(entry.get("level") or "log", chars=20)
        return f"[{level}] {as_lines(entry['message'], chars=MAX_LOG_CHARS)}"
    return as_lines(entry, chars=MAX_LOG_CHARS)


def _not_shown_line(unusable: UnusableJson) -> str:
    return f"*(not shown: what BugSpark stored {unusable.reason})*"


def _metadata_lines(metadata: object, policy: SanitizationPolicy) -> Iterator[str]:
    """Yield the section. Metadata are stored as the page wrote them, not HTML-escaped."""
    if isinstance(metadata, UnusableJson):
        yield "### Device / Environment"
        yield _not_shown_line(metadata)
        return
    lines = []
    for key, value in first_members(metadata, MAX_METADATA_KEYS):
        name = _inert_plain_value(key, policy, 60)
        text = as_one_line(value, chars=MAX_METADATA_CHARS)
        lines.append(f"- **{name}:** {_inert_plain_value(text, policy, MAX_METADATA_CHARS)}")
    if lines:
        yield "### Device / Environment"
        yield "\n".join(lines)


def _reporter_lines(report: ExportedReport, policy: SanitizationPolicy, dashboard_url: str) -> Iterator[str]:
    reporter = _inert_value(report.reporter_identifier or "", policy)
    if reporter:
        yield f"**Reporter:** {reporter}"
    page = _report_page(report, dashboard_url)
    if page is not None:
        yield f"[Open in BugSpark]({page})"


def _report_page(report: ExportedReport, dashboard_url: str) -> str | None:
    url, origin = report.report_url or "", dashboard_url.rstrip("/")
    is_ours = origin and url.startswith(f"{origin}/") and _LINKABLE_URL.fullmatch(url)
    return url if is_ours else None


def _inert_value(text: str, policy: SanitizationPolicy, chars: int = MAX_VALUE_CHARS) -> str:
    """Return a value that BugSpark stores HTML-escaped as an inert line of at most `chars` characters."""
    return _inert_plain_value(unescape_html(text[: 8 * chars]), policy, chars)


def _inert_plain_value(text: str, policy: SanitizationPolicy, chars: int) -> str:
    """Return a value that BugSpark stores as it is as an inert line of at most `chars` characters."""
    return truncate_line(inert_line(text[: 8 * chars], policy), chars=chars)


MAX_GITHUB_TITLE_UNITS: Final = 256
MAX_BUGSPARK_TITLE_CHARS: Final = 500
MAX_STORED_TITLE_CHARS: Final = 4_000
"""Of a title on either side: the rest is not rendered."""
UNTITLED: Final = "Untitled"


def title_to_github(tracking_id: str, title: str, policy: SanitizationPolicy) -> str:
    """Return the issue title of a report: one inert line of at most 256 characters, cut with an ellipsis.

    `title`: as people read it, not as BugSpark stores it.
    """
    text = inert_line(title[:MAX_STORED_TITLE_CHARS], policy) or UNTITLED
    return truncate_line(f"{_title_prefix(tracking_id)} {text}", chars=MAX_GITHUB_TITLE_UNITS)


def title_from_github(title: str, tracking_id: str) -> str:
    """Return the report title for an issue title: without our prefix, one line, at most 500 characters.

    Zero width spaces are removed: they are ours (`inert`), or invisible. Empty if nothing else is left.
    """
    text = single_line(title[:MAX_STORED_TITLE_CHARS].replace(ZWSP, ""))
    return truncate_chars(text.removeprefix(_title_prefix(tracking_id)).strip(), MAX_BUGSPARK_TITLE_CHARS)


def is_button_export_title(issue_title: str, tracking_id: str, report_title: str) -> bool:
    """Whether BugSpark's own button could have given this title to an issue of this report.

    Depending on its version, the button sends the stored, escaped title or the readable one; both count,
    nothing else does. Source: docs/reference/bugspark.md, The existing export; docs/reference/contract.md,
    Configuration (`sync.discover`).
    """
    sent = single_line(issue_title)
    titles = (single_line(report_title), single_line(unescape_html(report_title)))
    return sent in {f"[{tracking_id}] {title}".strip() for title in titles}


def _title_prefix(tracking_id: str) -> str:
    return f"[{inert_line(tracking_id, SanitizationPolicy())}]"
