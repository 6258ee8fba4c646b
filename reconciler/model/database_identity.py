"""The identity of a database of ours: its name in every marker, and whether it may write."""

from dataclasses import dataclass, field
from typing import Final

MARKER_NAME: Final = "bugspark-sync"
"""The first word of every marker. It shows that a text on GitHub was written by this program."""

ACCEPT_MOVED: Final = "moved"
"""`--accept moved`: the database was moved or restored, and no other one is in use. It keeps its name."""

ACCEPT_COPY: Final = "copy"
"""`--accept copy`: the database is a copy, and the other one stays in use. It gets a new name."""

OWNED_ELSEWHERE: Final = "held"
"""The kind of the problem of a link whose issue another database wrote on first."""


def issue_owned_elsewhere_reason(instance: str) -> str:
    """Return the reason shown to people."""
    return (
        f"another BugSpark database ({instance}) wrote on this issue first, so it is read and not written;"
        f" if that database is no more, --accept {instance}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInstance:
    """A database's name, and where it was found, compared with what it stored about itself."""

    instance: str  # its name in every marker
    is_bound: bool  # whether its place was ever stored; it is stored before the first write
    is_moved: bool = False  # found in another place than the stored one: a copy, a restore or a move
    twin: str | None = None  # where another database has written with the same name, for people
    past_instances: frozenset[str] = field(
        default_factory=frozenset
    )  # instances that are no more: their markers are ours
    # the operator's rules about comments as of the last pass (`owner_settings.history`)
    comment_rules: str | None = None

    @property
    def reason_not_to_write(self) -> str | None:
        """Return why nothing may be written, in a sentence for people; None when writing is safe."""
        if self.twin is not None:
            why = f"another database writes as this one ({self.twin}), so this or that one is a copy"
        elif self.is_moved:
            why = "this database is not where it was: it was moved or restored, or it is a copy of another"
        else:
            return None
        return (
            f"{why}. Nothing is written until you say which: "
            f"--accept {ACCEPT_MOVED} if no other one is in use, "
            f"--accept {ACCEPT_COPY} if the other one goes on"
        )
