"""Changes in words (what, from → to, rule), a report's history, and its comments as one thread. Pure.

Source: docs/reference/looks.md, Rules: the same words everywhere.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.model.fields import Field, Side
from reconciler.model.intent import IntentState
from reconciler.model.kinds import FIELD_KINDS
from reconciler.model.report_detail import CommentView, DatedChange, ReportDetail, ReportView
from reconciler.model.snapshot import Change, with_readable_text
from reconciler.web.api.response_models import SyncState

MAX_CHANGE_TEXT_LENGTH = 120
FIELD_NAMES = frozenset(each.value for each in Field)
SIDE_NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeText:
    """A change in words: `what` and, if a value changed, `was` → `to`; `lost` can be restored."""

    what: str
    before: str | None = None
    to: str | None = None
    text: str | None = None  # the text of a comment
    lost: str | None = None
    rule: str = ""


def change_text(change: Change) -> ChangeText:
    """Describe a change; each part is cut to one line."""
    what = change.kind.text
    was, to, text = None, None, None
    if change.field in FIELD_NAMES:
        what = change.field if change.kind in FIELD_KINDS else f"{what}: {change.field}"
        was = (change.local if change.side is Side.BUGSPARK else change.remote) if change.to else None
        to = change.to
    else:
        change = with_readable_text(change)
        original = change.remote if change.side is Side.BUGSPARK else change.local
        text = (original if change.field else None) or change.to or change.local or change.remote
    return ChangeText(
        what=what,
        before=_shorten_change_text(was),
        to=_shorten_change_text(to),
        text=_shorten_change_text(text),
        lost=_shorten_change_text(change.lost),
        rule=change.rule,
    )


def _shorten_change_text(text: str | None) -> str | None:
    return (
        text
        if text is None or len(text) <= MAX_CHANGE_TEXT_LENGTH
        else f"{text[: MAX_CHANGE_TEXT_LENGTH - 1]}…"
    )


UNKNOWN_TIME = datetime.max.replace(tzinfo=UTC)
FINAL_STATE_PREFIXES = ("deleted", "original", "not linked")
"""How the final states begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadComment:
    """One comment of the thread. `icon_key`: selects the icon for the state of its copy."""

    comment: CommentView
    icon_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One line of the history. `key` does not change when lines are added; `details`: shown when opened."""

    key: str
    dated: DatedChange
    text: ChangeText
    details: tuple[tuple[str, str], ...]


def comment_thread(shown: ReportView) -> tuple[ThreadComment, ...]:
    """Return the comments, oldest first; those with unknown time come last."""
    refused = {intent.reason for intent in shown.detail.intents if intent.state is IntentState.QUARANTINED}
    ordered = sorted(shown.comments, key=lambda comment: comment.at or UNKNOWN_TIME)
    return tuple(
        ThreadComment(comment=comment, icon_key=_icon_key(comment.state, refused)) for comment in ordered
    )


def _icon_key(state: str, refused: set[str | None]) -> str:
    if state.endswith("withheld") or state.removeprefix("not sent: ") in refused:
        return SyncState.ATTENTION
    if state.startswith("refused"):
        return SyncState.ATTENTION
    if state.startswith("waiting"):
        return SyncState.PENDING
    if state.startswith(FINAL_STATE_PREFIXES):
        return "Gone on GitHub"
    return SyncState.SYNCED if state.startswith(("on GitHub", "in BugSpark")) else "still"


def history_lines(detail: ReportDetail) -> tuple[HistoryLine, ...]:
    """Return the lines, newest first."""
    lines = zip(detail.history, _line_keys(detail.history), strict=True)
    return tuple(
        HistoryLine(
            key=key, dated=dated, text=change_text(dated.change), details=tuple(_history_details(dated))
        )
        for dated, key in lines
    )


def _line_keys(lines: Iterable[DatedChange]) -> Iterator[str]:
    """Yield a stable key for each line: changes of the same time are stored together, in a fixed order."""
    seen: Counter[datetime] = Counter()
    for dated in lines:
        yield f"told-{dated.at.timestamp():.6f}-{seen[dated.at]}"
        seen[dated.at] += 1


def _history_details(dated: DatedChange) -> Iterator[tuple[str, str]]:
    change = dated.change if dated.change.field in FIELD_NAMES else with_readable_text(dated.change)
    new_value_label = f"{SIDE_NAMES[change.side]} now" if change.to is not None else ""
    for name, value in (
        ("Last agreed", change.base),
        (f"{SIDE_NAMES[Side.BUGSPARK]} said", change.local),
        (f"{SIDE_NAMES[Side.GITHUB]} said", change.remote),
        (new_value_label, change.to),
        ("Lost", change.lost),
        ("Rule", change.rule),
        ("GitHub’s request", change.request_id),
    ):
        if value:
            yield name, value
