"""All that is known about one report, as `reconcile why` and the dashboard show it.

Which conflicts of a report are still worth a person's look. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.fields import Field, Side
from reconciler.model.ids import CommentPairId
from reconciler.model.intent import Intent
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.report import LocalComment, Report
from reconciler.model.snapshot import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """One line of a story, with its time (GitHub's)."""

    at: datetime
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """A report, its link, what the ledger and the intents say, and its story, newest first."""

    report: Report
    link: Link | None  # the live one, else the newest
    comments: tuple[LocalComment, ...]
    pairs: tuple[CommentPair, ...]
    intents: tuple[Intent, ...]
    history: tuple[DatedChange, ...]
    withheld: Mapping[CommentPairId, Kind] = field(
        default_factory=dict
    )  # deletions that the guard holds back


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field on both sides, each as that side spells it; None: it says nothing."""

    field: Field
    bugspark: str
    agreed: str | None
    github: str | None
    moved: frozenset[Side]  # who differs from what was agreed on, where the two are not equal
    frozen: str | None = None  # why it is not synced


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """One comment: where it was written, and what became of its copy."""

    origin: Side
    author: str | None
    at: datetime | None
    text: str | None  # an excerpt; None: it is not in BugSpark
    state: str  # "on GitHub", "waiting", "deleted there", …
    body: str | None = None  # the whole text as its author wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report's dossier, read for people."""

    project_name: str
    detail: ReportDetail
    title: str  # as people wrote it
    state: str  # Synced, Waiting, Needs you, Not linked, Gone on GitHub, …
    reason: str | None
    fields: tuple[FieldView, ...]
    comments: tuple[CommentView, ...]


CONFLICT_SHOWN_FOR = timedelta(days=7)
"""So long a conflict is news, unless somebody changes or resolves the field before."""


def open_conflicts(detail: ReportDetail, now: datetime) -> Iterator[DatedChange]:
    """Recorded conflicts that are news and whose outcome still stands (as `store.tallies` counts them)."""
    for each_field in Field:
        changes = [each for each in detail.history if each.change.field == each_field.value]  # newest first
        at = next((at for at, each in enumerate(changes) if each.change.kind is Kind.CONFLICT), None)
        if at is None or changes[at].at < now - CONFLICT_SHOWN_FOR:
            continue
        settled = any(each.change.kind is Kind.RESOLVE for each in changes[:at])
        if not settled and all(each.change.to == changes[at].change.to for each in changes[:at]):
            yield changes[at]
