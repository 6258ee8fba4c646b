"""The icon of each state: a tone of the stylesheet and a shape of the sprite. Pure."""

from reconciler.model.project_status import ProjectStatusKind
from reconciler.web.api.response_models import SyncState

DEFAULT_ICON = ("still", "new")
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


def icon_of(word: str) -> tuple[str, str]:
    """Return (tone, shape) of a state's word, ours or the API's; a neutral icon for an unknown one."""
    return ICONS_BY_WORD.get(word, DEFAULT_ICON)
