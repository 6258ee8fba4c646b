"""What a dry run would have stored: rows by their ids, as a later step of the same pass reads them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, CommentPairId, LinkId, RemoteCommentId, ReportId, RepositoryId
from reconciler.model.intent import Intent
from reconciler.model.link import (
    UNLINKED_BEFORE_SENDING,
    CommentPair,
    CommentPairState,
    Link,
    LinkState,
    Verification,
)
from reconciler.model.plan import (
    Action,
    EditLocalComment,
    ImportComment,
    LinkPlan,
    RemoveLocalComment,
    SetReportField,
    WriteLocalComment,
)
from reconciler.model.report import IssueColumns, LocalComment, Report
from reconciler.model.snapshot import LocalThread, ProjectState

BEGINNING_OF_TIME = datetime(1, 1, 1, tzinfo=UTC)


class ReadOnlyPort:
    """A port of which only the reads named in `reads` are passed on; a subclass replaces what writes.

    Any other method is refused: one that is added to a port later can't write in a dry run.
    """

    reads: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, stored: Any) -> None:
        self._stored = stored

    if not TYPE_CHECKING:  # a type checker would take every misspelled method for one that is passed on

        def __getattr__(self, name: str) -> Any:
            if name not in self.reads:
                raise AttributeError(f"{type(self).__name__} has no {name!r}: a dry run doesn't write")
            return getattr(self._stored, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action in the order it was decided. `intent`: the write to GitHub that it became."""

    plan: LinkPlan
    action: Action
    intent: Intent | None = None


@dataclass(slots=True, kw_only=True)
class DryRunState:
    """Rows that differ from those in the database, and the actions that made them differ."""

    links: dict[LinkId, Link] = field(default_factory=dict)
    pairs: dict[CommentPairId, CommentPair] = field(default_factory=dict)
    fields: dict[ReportId, dict[str, Any]] = field(default_factory=dict)
    columns: dict[ReportId, IssueColumns] = field(default_factory=dict)
    # of a link made for a transferred issue: the stored one, whose followers are its own now
    predecessors: dict[LinkId, Link] = field(default_factory=dict)
    imported: dict[ReportId, list[LocalComment]] = field(default_factory=dict)
    bodies: dict[CommentId, str] = field(default_factory=dict)
    removed: set[CommentId] = field(default_factory=set)
    project: ProjectState | None = None
    all_due: tuple[RepositoryId, datetime] | None = None  # its links are due for verification since then
    live_pairs: set[CommentPairId] = field(default_factory=set)  # LIVE in the database, as far as read
    steps: list[Step] = field(default_factory=list)

    @property
    def has_changes(self) -> bool:
        """Whether any link or ledger row differs from the stored one."""
        return bool(self.links or self.pairs or self.all_due)

    # --- as a later step reads it ---------------------------------------------------------------------

    def current_link(self, link: Link) -> Link:
        """The link as it is after the steps so far."""
        if link.id in self.links:
            return self.links[link.id]
        if self.all_due is None or link.verification is None or link.state is not LinkState.ACTIVE:
            return link
        repository_id, at = self.all_due
        due = replace(link.verification, due=at)
        return replace(link, verification=due) if link.repository_id == repository_id else link

    def current_pair(self, pair: CommentPair) -> CommentPair:
        """The ledger row as it is after the steps so far."""
        return self.pairs.get(pair.id, pair)

    def current_report(self, report: Report) -> Report:
        """The report as it is after the steps so far."""
        columns = self.columns.get(report.id, report.columns)
        return replace(report, columns=columns, **self.fields.get(report.id, {}))

    def current_thread(self, link: Link, stored: LocalThread) -> LocalThread:
        """BugSpark's half of a link's thread as it is after the steps so far."""
        self.note_live_comment_pairs(stored.pairs)
        known = {pair.id for pair in stored.pairs}
        made = [pair for pair in self.pairs.values() if pair.link_id == link.id and pair.id not in known]
        pairs = [pair for pair in map(self.current_pair, stored.pairs) if pair.link_id == link.id]
        comments = [*stored.comments, *self.imported.get(link.report_id, ())]
        left = [
            replace(row, body=self.bodies.get(row.id, row.body))
            for row in sorted(comments, key=lambda row: (row.created_at, row.id))
            if row.id not in self.removed
        ]
        return LocalThread(
            report=self.current_report(stored.report) if stored.report else None,
            pairs=(*pairs, *made),
            comments=tuple(left),
            unreadable=stored.unreadable,
            followers=stored.followers,
        )

    def note_live_comment_pairs(self, pairs: Iterable[CommentPair]) -> None:
        """Remember which rows the database has as LIVE."""
        self.live_pairs |= {pair.id for pair in pairs if pair.state is CommentPairState.LIVE}

    def live_pair_count_change(self, side: Side) -> int:
        """How many more LIVE rows of originals on this side there are than in the database."""
        pairs = [pair for pair in self.pairs.values() if pair.origin is side]
        return sum((pair.state is CommentPairState.LIVE) - (pair.id in self.live_pairs) for pair in pairs)

    def known_pairs(
        self,
        stored: Iterable[CommentPair],
        remote_ids: Collection[RemoteCommentId],
        local_ids: Collection[CommentId],
    ) -> tuple[CommentPair, ...]:
        """The ledger rows that have one of these ids, stored or not; without those of links that were cut."""
        found = {pair.id: self.current_pair(pair) for pair in stored}
        for pair in self.pairs.values():
            if pair.remote_id in remote_ids or pair.local_id in local_ids:
                found[pair.id] = pair
        cut = {link.id for link in self.links.values() if link.state is LinkState.UNLINKED}
        return tuple(pair for pair in found.values() if pair.link_id not in cut)

    def longest_unverified_links(
        self,
        stored: Iterable[Link],
        repository_id: RepositoryId,
        before: datetime,
        limit: int,
        when: Callable[[Verification], datetime],
    ) -> tuple[Link, ...]:
        """The ACTIVE links whose verification was, or is due, before then, the oldest first."""

        def time_of(link: Link) -> datetime:
            return BEGINNING_OF_TIME if link.verification is None else when(link.verification)

        links = {link.id: link for link in (*map(self.current_link, stored), *self.links.values())}
        waiting = [
            link
            for link in links.values()
            if link.state is LinkState.ACTIVE
            and link.repository_id == repository_id
            and link.quarantined_until is None
            and time_of(link) < before
        ]
        return tuple(sorted(waiting, key=lambda link: (time_of(link), link.id))[:limit])

    def comments_missing_on_github(self, stored: Iterable[CommentPair]) -> tuple[CommentPair, ...]:
        """The comments that the first reading missed, among these and those of the dry run."""
        found = {pair.id: pair for pair in (*map(self.current_pair, stored), *self.pairs.values())}
        ended = {link.id for link in self.links.values() if link.state is not LinkState.ACTIVE}
        return tuple(pair for pair in found.values() if pair.is_missing and pair.link_id not in ended)

    def links_with_due_second_readings(
        self,
        links: Iterable[Link],
        threads: Mapping[ReportId, LocalThread],
        repository_id: RepositoryId,
        at: datetime,
        limit: int,
    ) -> tuple[Link, ...]:
        """Those of these links with a comment that is to be read a second time by then, by due time."""
        due: dict[Link, datetime] = {}
        for link in links:
            times = [
                pair.first_reading.second_due for pair in threads[link.report_id].pairs if pair.first_reading
            ]
            is_read = link.state is LinkState.ACTIVE and link.quarantined_until is None
            if is_read and link.repository_id == repository_id and times and min(times) <= at:
                due[link] = min(times)
        return tuple(sorted(due, key=lambda link: (due[link], link.id))[:limit])

    def reports_with_outdated_plans(self, plans: Sequence[LinkPlan]) -> set[ReportId]:
        """Reports whose plan was decided on another revision of its link.

        Or whose plan makes a link live although another one holds the report or the issue.
        """
        live = [link for link in self.links.values() if link.is_live]
        issues = {(link.repository_id, link.number): link.id for link in live}
        reports = {link.report_id: link.id for link in live}
        found = set()
        for plan in plans:
            link = plan.link
            place = (link.repository_id, link.number)
            holders = {issues.get(place, link.id), reports.get(link.report_id, link.id)} - {link.id}
            is_waking = plan.after.is_live and not (link.revision and link.is_live)
            if self.current_link(link).revision != link.revision or (is_waking and holders):
                found.add(link.report_id)
        return found

    def quarantined_link_ids(self, stored: frozenset[LinkId], at: datetime) -> frozenset[LinkId]:
        """The stored links that rest, as they are after the steps so far."""
        rests = {
            id_ for id_, link in self.links.items() if link.quarantined_until and link.quarantined_until > at
        }
        return (stored - self.links.keys()) | rests

    # --- what steps change ----------------------------------------------------------------------------

    def apply_plan(self, plan: LinkPlan, at: datetime) -> None:
        """Keep the local half of one link's plan."""
        self.links[plan.after.id] = replace(plan.after, revision=plan.link.revision + 1)
        for pair in plan.pairs:
            self.pairs[pair.id] = pair
        copies = {pair.remote_id: pair.local_id for pair in plan.pairs}
        for action in plan.actions:
            match action:
                case SetReportField():
                    self.set_field(plan.link.report_id, action, at)
                case ImportComment(comment=comment):
                    copy = _new_comment(plan, comment.created_at, action.body, copies[comment.id])
                    self.imported.setdefault(plan.link.report_id, []).append(copy)
                case WriteLocalComment(pair=pair, at=written_at):
                    made = _new_comment(plan, written_at, action.body, pair.local_id)
                    self.imported.setdefault(plan.link.report_id, []).append(made)
                case EditLocalComment(pair=pair) if pair.local_id is not None:
                    self.bodies[pair.local_id] = action.body
                case RemoveLocalComment(pair=pair) if pair.local_id is not None:
                    self.removed.add(pair.local_id)
                case _:
                    continue

    def set_field(self, report_id: ReportId, action: SetReportField, at: datetime) -> None:
        """Keep a report's new value."""
        values = self.fields.setdefault(report_id, {})
        value = SYNCED_FIELDS[action.field].parse(action.to)
        values |= {SYNCED_FIELDS[action.field].storage_field.value: value, "updated_at": at}


def _new_comment(plan: LinkPlan, at: datetime, body: str, id_: CommentId | None) -> LocalComment:
    assert id_ is not None
    return LocalComment(
        id=id_,
        report_id=plan.link.report_id,
        author=None,
        body=body,
        source="github",
        created_at=at,
    )


def build_unsent_pair(id_: CommentPairId, link: Link, comment: LocalComment) -> CommentPair:
    """The row of a comment that never left BugSpark: the link's initial sync sends it."""
    return CommentPair(
        id=id_,
        link_id=link.id,
        origin=Side.BUGSPARK,
        state=CommentPairState.ENDED,
        local_id=comment.id,
        remote_id=None,
        local_digest=None,
        remote_digest=None,
        remote_updated_at=None,
        author=None,
        reason=UNLINKED_BEFORE_SENDING,
        follower_id=comment.report_id if comment.lead_id is not None else None,
    )
