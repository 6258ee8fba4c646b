"""What people wrote and wished for in a town, for the promises to be held to."""

from dataclasses import dataclass, field
from typing import Any

from reconciler.model.ids import ReportId

HERE, THERE = "bugspark", "github"


@dataclass(slots=True, kw_only=True)
class Note:
    """A comment somebody wrote: where, in which words now, and what people did to it and to its copies."""

    side: str
    report: ReportId
    number: int | None  # the issue it was written on, or its report was tied to
    id: Any
    token: str
    gone: bool = False
    copies_gone: set[Any] = field(default_factory=set)  # the reports or issues from which somebody deleted it
    copies_edited: dict[int, str] = field(default_factory=dict)  # the token somebody put into our copy there

    def token_on(self, number: int | None) -> str:
        """What its copy on that issue says."""
        return self.token if number is None else self.copies_edited.get(number, self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody set a field to; `base`: what both sides had last agreed on by then."""

    side: str
    value: str
    base: str | None
