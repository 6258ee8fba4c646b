"""Links and threads as a dry run reads them: the stored ones, changed by the steps so far."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.model.fields import Side
from reconciler.model.ids import (
    CommentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.link import (
    CommentPair,
    Link,
    LinkState,
    link_from_columns,
)
from reconciler.model.report import Report
from reconciler.model.snapshot import LocalThread, Snapshot, UnlinkedReport
from reconciler.sync.context import Context
from reconciler.sync.dry_run.snapshot import ChangedLink, SnapshotQuery, with_changed_links
from reconciler.sync.dry_run.state import DryRunState, ReadsOnly

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


class DryLedgerReads(ReadsOnly):
    """What a dry run reads of links and threads."""

    reads = frozenset({"withheld_deletions", "field_history", "verification_coverage"})

    def __init__(self, context: Context, state: DryRunState) -> None:
        super().__init__(context.stores.ledger)
        self._context = context
        self._state = state

    async def snapshot(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        repository: str,
        *,
        numbers: Collection[IssueNumber] = (),
        comments: Collection[RemoteCommentId] = (),
        copies: Collection[CommentId] = (),
        local: bool = True,
        by_hand: bool = False,
    ) -> Snapshot:
        stored: Snapshot = await self._stored.snapshot(
            project_id,
            repository_id,
            repository,
            numbers=numbers,
            comments=comments,
            copies=copies,
            local=local,
            by_hand=by_hand,
        )
        self._state.note_live_pairs((*stored.pairs, *stored.vanished_pairs))
        if not self._state.has_changes:
            return stored
        query = SnapshotQuery(
            project_id=project_id,
            repository_id=repository_id,
            repository=repository,
            numbers=frozenset(numbers),
            comments=frozenset(comments),
            copies=frozenset(copies),
            local=local,
            by_hand=by_hand,
            now=self._context.clock.now(),
        )
        pairs = self._requested_pairs(stored.pairs, query)
        changed = await self._changed_links(query, {pair.link_id for pair in pairs})
        claims = await self._claims(query) if local else []
        return with_changed_links(replace(stored, pairs=pairs), self._state, query, changed, claims)

    def _requested_pairs(
        self, stored: Sequence[CommentPair], query: SnapshotQuery
    ) -> tuple[CommentPair, ...]:
        found = {pair.id: self._state.pair(pair) for pair in stored}
        for pair in self._state.pairs.values():
            if pair.remote_id in query.comments or pair.local_id in query.copies:
                found[pair.id] = pair
        cut = {link.id for link in self._state.links.values() if link.state is LinkState.UNLINKED}
        return tuple(pair for pair in found.values() if pair.link_id not in cut)

    async def _changed_links(self, query: SnapshotQuery, by_pair: set[LinkId]) -> list[ChangedLink]:
        """The links of earlier steps that this snapshot may be about, with what is known of each."""

        def is_requested(link: Link) -> bool:
            return link.number in query.numbers or link.id in by_pair

        links = [
            link
            for link in self._state.links.values()
            if not link.is_past
            and link.project_id == query.project_id
            and (query.local or is_requested(link))
        ]
        threads = await self.threads(links)
        rows = [(link, threads[link.report_id]) for link in links]
        unknown = await self._unknown_comments(thread for _, thread in rows) if query.local else frozenset()
        return [
            ChangedLink(
                link=link,
                thread=thread,
                is_requested=is_requested(link),
                is_issue_free=await self.find_live_link_of_issue(link.repository_id, link.number) is None
                if link.state is LinkState.CONTESTED
                else False,
                unknown_comments=tuple(row for row in thread.comments if row.id in unknown),
            )
            for link, thread in rows
        ]

    async def _claims(self, query: SnapshotQuery) -> list[tuple[Link, Report]]:
        """The links that columns ask for, of reports whose link ended in an earlier step; oldest first."""
        ended = {link.report_id: link for link in self._state.links.values() if link.is_past}
        threads = await self.threads(list(ended.values()))
        found: list[Report] = []
        for report_id in ended:
            last, report = await self.find_link_of_report(report_id), threads[report_id].report
            if last is None or not last.is_past or report is None or report.columns is None:
                continue
            named = report.columns.repository.lower() == query.repository.lower()
            if named and report.project_id == query.project_id:
                found.append(report)
        return [
            (await self._claim(query, report), report)
            for report in sorted(found, key=lambda report: (report.created_at, report.id))
        ]

    async def _claim(self, query: SnapshotQuery, report: Report) -> Link:
        assert report.columns is not None
        place = (query.repository_id, IssueNumber(report.columns.number))
        holder = await self.find_live_link_of_issue(*place)
        past = await self.find_link_between(report.id, *place)
        return link_from_columns(
            report.id,
            report.columns,
            new_id=LinkId(self._context.new_id()),
            project_id=query.project_id,
            repository_id=query.repository_id,
            state=LinkState.NEW if holder is None else LinkState.CONTESTED,
            at=query.now,
            past=past if past is not None and past.state is LinkState.UNLINKED else None,
        )

    async def _unknown_comments(self, threads: Iterable[LocalThread]) -> frozenset[CommentId]:
        """Comments in BugSpark that no ledger row names, of any link: neither a stored one nor a new one."""
        known = {pair.local_id for pair in self._state.pairs.values()}
        rows = [row.id for thread in threads for row in thread.comments if row.id not in known]
        numbered = {RemoteCommentId(-1 - place): id_ for place, id_ in enumerate(rows)}
        found = await self._context.stores.restores.unknown_copies(numbered)
        return frozenset(numbered[key] for key in found)

    async def threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        stored = await self._stored.threads(links)
        return {link.report_id: self._state.thread(link, stored[link.report_id]) for link in links}

    async def live_comment_counts(self, project_id: ProjectId) -> Mapping[Side, int]:
        stored = await self._stored.live_comment_counts(project_id)
        return {side: stored.get(side, 0) + self._state.live_count_change(side) for side in Side}

    async def due_links(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        if self._state.all_due is None:
            stored = await self._stored.due_links(project_id, repository_id, at, more)
        else:
            stored = await self._stored.unverified_links(project_id, repository_id, END, more)
        return self._oldest(stored, repository_id, at, limit, lambda link: link.verification.due)

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        stored = await self._stored.unverified_links(project_id, repository_id, since, more)
        return self._oldest(stored, repository_id, since, limit, lambda link: link.verification.at)

    def _oldest(
        self,
        stored: Sequence[Link],
        repository_id: RepositoryId,
        by: datetime,
        limit: int,
        when: Callable[[Any], datetime],
    ) -> tuple[Link, ...]:
        """The stored links that no step changed, in their order, and those that one did and that wait."""

        def at(link: Link) -> datetime:
            return BEGINNING if link.verification is None else when(link)

        waiting = [
            link
            for link in self._state.links.values()
            if link.state is LinkState.ACTIVE
            and link.repository_id == repository_id
            and link.quarantined_until is None
            and at(link) < by
        ]
        rest = [
            link
            for link in map(self._state.link, stored)
            if link.id not in self._state.links and at(link) < by
        ]
        return tuple(sorted([*rest, *waiting], key=lambda link: (at(link), link.id))[:limit])

    async def transferred_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        stored = await self._stored.transferred_links(project_id, repository_id)
        return tuple(link for link in stored if link.id not in self._state.links)

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        stored = await self._stored.find_link_of_report(report_id)
        found = self._with_stored(stored, lambda link: link.report_id == report_id)
        return min(found, key=_rank_of_report_link, default=None)

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        stored = await self._stored.find_link_between(report_id, repository_id, number)
        place = (report_id, repository_id, number)
        found = self._with_stored(
            stored, lambda link: (link.report_id, link.repository_id, link.number) == place
        )
        return next(iter(found), None)

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        stored = await self._stored.find_live_link_of_issue(repository_id, number)
        found = self._with_stored(
            stored, lambda link: (link.repository_id, link.number) == (repository_id, number)
        )
        return next((link for link in found if link.is_live), None)

    def _with_stored(self, stored: Link | None, match: Callable[[Link], bool]) -> list[Link]:
        found = {link.id: link for link in self._state.links.values() if match(link)}
        if stored is not None:
            found.setdefault(stored.id, self._state.link(stored))
        return list(found.values())

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[UnlinkedReport, ...]:
        stored = await self._stored.find_unlinked_by_tracking_ids(tracking_ids)
        held = {link.report_id for link in self._state.links.values() if link.is_live}
        return tuple(row for row in stored if row.report_id not in held | self._state.columns.keys())


def _rank_of_report_link(link: Link) -> tuple[int, float, LinkId]:
    """Live ones first, then ended ones, then cut ones; of each the newest."""
    rank = 0 if link.is_live else 2 if link.state is LinkState.UNLINKED else 1
    return rank, -link.created_at.timestamp(), link.id
