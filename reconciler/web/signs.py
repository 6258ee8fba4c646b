"""Which sign goes with which word: a tone of the stylesheet and a shape of the sprite. Pure."""

from reconciler.model.standing import State
from reconciler.web.shapes import SyncState

STILL = ("still", "new")
SIGNS: dict[str, tuple[str, str]] = {
    State.SYNCED: ("ok", "ok"),
    State.WAITING: ("wait", "wait"),
    State.CONFLICT: ("conflict", "conflict"),
    State.ATTENTION: ("needs", "needs"),
    State.FAILED: ("failed", "failed"),
    State.PAUSED: ("still", "paused"),
    State.NEW: STILL,
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
WORDS = {
    SyncState.SYNCED: "Synced",
    SyncState.PENDING: "Waiting",
    SyncState.CONFLICT: "Conflict",
    SyncState.ATTENTION: "Needs you",
    SyncState.UNLINKED: "Not linked",
}
"""docs/reference/looks.md, Rules: the same words everywhere."""


def sign_of(word: str) -> tuple[str, str]:
    """(tone, shape) of a state's word, ours or the API's; a still sign for one that has none."""
    return SIGNS.get(word, STILL)
