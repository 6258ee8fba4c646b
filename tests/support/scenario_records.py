"""Records of what users wrote and changed in a scenario, which the invariants are checked against."""

from dataclasses import dataclass, field
from typing import Any

from reconciler.model.ids import ReportId

BUGSPARK, GITHUB = "bugspark", "github"


@dataclass(slots=True, kw_only=True)
class Note:
    """A comment of a user: its side, its current token, and what users did to it and to its copies."""

    side: str
    report: ReportId
    number: int | None  # the issue it was written on, or that of its report
    id: Any
    token: str
    gone: bool = False
    hidden: bool = False  # as spam, on GitHub
    copies_hidden: set[int] = field(default_factory=set)  # issues on which our copy is hidden as spam
    copies_gone: set[Any] = field(default_factory=set)  # reports or issues from which a user deleted the copy
    copies_edited: dict[int, str] = field(
        default_factory=dict
    )  # the token that a user put into our copy, by issue

    def token_on(self, number: int | None) -> str:
        """Return the token in its copy on that issue."""
        return self.token if number is None else self.copies_edited.get(number, self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEdit:
    """A value that a user set; `base`: the value on which both sides had last agreed."""

    side: str
    value: str
    base: str | None
