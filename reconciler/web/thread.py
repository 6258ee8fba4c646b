"""A report's comments of both sides as one thread, and its story as lines to open. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.model.dossier import CommentShown, Dossier, ReportShown, Told
from reconciler.model.fields import Side
from reconciler.model.intent import IntentState
from reconciler.web.sentences import NAMES, Sentence, sentence
from reconciler.web.shapes import SyncState

NEVER = datetime.max.replace(tzinfo=UTC)
OVER = ("deleted", "original", "not linked")
"""How states begin of which nothing is to be expected any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One comment of the thread. `sign`: the key of the sign that its copy's state goes with."""

    comment: CommentShown
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One line of the story. `key` stays its own while others come; `parts`: what it says when opened."""

    key: str
    told: Told
    said: Sentence
    parts: tuple[tuple[str, str], ...]


def thread(shown: ReportShown) -> tuple[Remark, ...]:
    """Oldest first; what nobody knows the time of at the end."""
    refused = {each.reason for each in shown.dossier.intents if each.state is IntentState.QUARANTINED}
    ordered = sorted(shown.comments, key=lambda each: each.at or NEVER)
    return tuple(Remark(comment=each, sign=_sign(each.state, refused)) for each in ordered)


def _sign(state: str, refused: set[str | None]) -> str:
    if state.endswith("withheld") or state.removeprefix("not sent: ") in refused:
        return SyncState.ATTENTION
    if state.startswith("refused"):
        return SyncState.ATTENTION
    if state.startswith("waiting"):
        return SyncState.PENDING
    if state.startswith(OVER):
        return "Gone on GitHub"
    return SyncState.SYNCED if state.startswith(("on GitHub", "in BugSpark")) else "still"


def story(dossier: Dossier) -> tuple[StoryLine, ...]:
    """Newest first."""
    lines = zip(dossier.story, _keys(dossier.story), strict=True)
    return tuple(
        StoryLine(key=key, told=told, said=sentence(told.change), parts=tuple(_parts(told)))
        for told, key in lines
    )


def _keys(lines: Iterable[Told]) -> Iterator[str]:
    """A moment's lines are stored together, so their places among themselves stay."""
    met: Counter[datetime] = Counter()
    for told in lines:
        yield f"told-{told.at.timestamp():.6f}-{met[told.at]}"
        met[told.at] += 1


def _parts(told: Told) -> Iterator[tuple[str, str]]:
    change = told.change
    written = f"{NAMES[change.side]} now" if change.to is not None else ""
    for name, value in (
        ("Last agreed", change.base),
        (f"{NAMES[Side.BUGSPARK]} said", change.local),
        (f"{NAMES[Side.GITHUB]} said", change.remote),
        (written, change.to),
        ("Lost", change.lost),
        ("Rule", change.rule),
        ("GitHub’s request", change.request_id),
    ):
        if value:
            yield name, value
