"""Titles both ways. On GitHub a title wears the report's tracking id: `[BUG-0001] Title`.

Source: docs/reference/bugspark.md.
"""

from typing import Final

from reconciler.decide.text.clean import single_line
from reconciler.decide.text.inert import ZWSP, inert_line
from reconciler.decide.text.truncate import truncate_chars, truncate_line
from reconciler.model.written import unescape_html

MAX_GITHUB_TITLE_UNITS: Final = 256
MAX_BUGSPARK_TITLE_CHARS: Final = 500
UNTITLED: Final = "Untitled"


def title_to_github(tracking_id: str, title: str) -> str:
    """Return the issue title of a report: one inert line of at most 256 characters, cut with an ellipsis."""
    text = inert_line(unescape_html(title)) or UNTITLED
    return truncate_line(f"{_prefix(tracking_id)} {text}", chars=MAX_GITHUB_TITLE_UNITS)


def title_from_github(title: str, tracking_id: str) -> str:
    """Return the report title an issue title stands for: no prefix of ours, one line, at most 500 characters.

    Zero width spaces go: they are ours (`inert`), or nobody sees them. Empty where nothing else is there.
    """
    text = single_line(title.replace(ZWSP, ""))
    return truncate_chars(text.removeprefix(_prefix(tracking_id)).strip(), MAX_BUGSPARK_TITLE_CHARS)


def is_exported_title(issue_title: str, tracking_id: str, report_title: str) -> bool:
    """Tell whether BugSpark's own button could have given this title to an issue of this report.

    The button's version decides whether the stored, escaped title or the readable one was sent; both count,
    nothing else does. Source: docs/reference/bugspark.md, The existing export;
    docs/reference/contract.md, Configuration (`sync.discover`).
    """
    sent = single_line(issue_title)
    titles = (single_line(report_title), single_line(unescape_html(report_title)))
    return sent in {f"[{tracking_id}] {title}".strip() for title in titles}


def _prefix(tracking_id: str) -> str:
    return f"[{inert_line(tracking_id)}]"
