"""Which database this is: its name in every marker, and whether it is still where that name was given."""

from dataclasses import dataclass, field
from typing import Final

MARKER_NAME: Final = "bugspark-sync"
"""The first word of every marker, by which anything written on GitHub by any database is recognised."""

ACCEPT_MOVED: Final = "moved"
"""`--accept moved`: this is the database, moved or restored, and there is no other. It keeps its name."""

ACCEPT_COPY: Final = "copy"
"""`--accept copy`: this is a copy, the other one goes on. It gets a name of its own."""

OWNED_ELSEWHERE: Final = "held"
"""What a link's attention says of an issue that another database wrote on first."""


def owned_elsewhere_reason(instance: str) -> str:
    """For people."""
    return (
        f"another BugSpark database ({instance}) wrote on this issue first, so it is read and not written;"
        f" if that database is no more, --accept {instance}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInstance:
    """A database of ours, as its own tables tell it and as it is found."""

    instance: str  # names it in every marker
    is_bound: bool  # to a place; one that never wrote is not
    is_moved: bool = False  # found elsewhere than where it was bound: a copy, a restore or a move
    twin: str | None = None  # where another database has written under the same name, in words
    past_instances: frozenset[str] = field(
        default_factory=frozenset
    )  # instances that are no more: their markers are ours

    @property
    def write_doubt(self) -> str | None:
        """Why nothing may be written, in a sentence that a person can act on; None when all is well."""
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
