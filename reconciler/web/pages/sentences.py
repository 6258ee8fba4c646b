"""A line of a story in words: what, from → to, why. Pure.

Source: docs/reference/looks.md, Rules: the same words everywhere.
"""

from dataclasses import dataclass

from reconciler.model.fields import Field, Side
from reconciler.model.kinds import Kind
from reconciler.model.snapshot import Change

MAX_TEXT_LENGTH = 120
FIELD_NAMES = frozenset(each.value for each in Field)
SELF_EXPLAINED_KINDS = frozenset({Kind.SET_FIELD, Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE})
"""Kinds that the field and the arrow say already."""
SIDE_NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeText:
    """`what` and, where a value moved, `was` → `to`; `lost` can be brought back."""

    what: str
    before: str | None = None
    to: str | None = None
    text: str | None = None  # of a comment
    lost: str | None = None
    rule: str = ""


def change_text(change: Change) -> ChangeText:
    """The line, each part cut to what fits one."""
    what = change.kind.replace("_", " ")
    was, to, text = None, None, None
    if change.field in FIELD_NAMES:
        what = change.field if change.kind in SELF_EXPLAINED_KINDS else f"{what}: {change.field}"
        was = (change.local if change.side is Side.BUGSPARK else change.remote) if change.to else None
        to = change.to
    else:
        original = change.remote if change.side is Side.BUGSPARK else change.local
        text = (original if change.field else None) or change.to or change.local or change.remote
    return ChangeText(
        what=what, before=_cut(was), to=_cut(to), text=_cut(text), lost=_cut(change.lost), rule=change.rule
    )


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…"
