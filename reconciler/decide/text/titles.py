"""Titles both ways. On GitHub a title wears the report's tracking id: `[BUG-0001] Title`.

Source: docs/reference/bugspark.md.
"""

from typing import Final

from reconciler.decide.text.clean import single_line
from reconciler.decide.text.cut import cut_chars, cut_line
from reconciler.decide.text.inert import ZWSP, inert_line
from reconciler.model.written import unescape

GITHUB_TITLE: Final = 256
BUGSPARK_TITLE: Final = 500
UNTITLED: Final = "Untitled"


def title_to_github(tracking_id: str, title: str) -> str:
    """Return the issue title of a report: one inert line of at most 256 characters, cut with an ellipsis."""
    text = inert_line(unescape(title)) or UNTITLED
    return cut_line(f"{_prefix(tracking_id)} {text}", chars=GITHUB_TITLE)


def title_from_github(title: str, tracking_id: str) -> str:
    """Return the report title an issue title stands for: no prefix of ours, one line, at most 500 characters.

    Zero width spaces go: they are ours (`inert`), or nobody sees them. Empty where nothing else is there.
    """
    text = single_line(title.replace(ZWSP, ""))
    return cut_chars(text.removeprefix(_prefix(tracking_id)).strip(), BUGSPARK_TITLE)


def same_title(issue_title: str, tracking_id: str, report_title: str) -> bool:
    """Tell whether BugSpark's own button could have given this title to an issue of this report.

    The button's version decides whether the stored, escaped title or the readable one was sent; both count,
    nothing else does. Source: docs/reference/bugspark.md, The existing export;
    docs/reference/contract.md, Configuration (`sync.discover`).
    """
    sent = single_line(issue_title)
    titles = (single_line(report_title), single_line(unescape(report_title)))
    return sent in {f"[{tracking_id}] {title}".strip() for title in titles}


def _prefix(tracking_id: str) -> str:
    return f"[{inert_line(tracking_id)}]"
