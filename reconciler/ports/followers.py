"""The store of reports that follow the report which leads an issue (docs/design.md, Followers)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.link import Link
from reconciler.model.plan import FollowerPlan
from reconciler.model.snapshot import Follower, FollowingReport


class Followers(Protocol):
    """Reports that follow. Each write is a single transaction."""

    async def find(self, report_id: ReportId) -> Follower | None:
        """Find what a report follows, if it does."""
        ...

    async def find_followed_link(self, follower: Follower) -> Link:
        """Read the link of the report that another one follows."""
        ...

    async def tracking_ids_by_link(self, link_ids: Collection[LinkId]) -> Mapping[LinkId, tuple[str, ...]]:
        """Read the tracking ids of the reports that follow those of these links, the oldest first."""
        ...

    async def request_full_link_read(self, link_id: LinkId) -> None:
        """Have the next pass read the link in full: its followers have changed."""
        ...

    async def count(self, link_id: LinkId) -> int:
        """Count the reports that follow the one of this link."""
        ...

    async def add(self, follower: Follower, skipped_reason: str, rule: str) -> None:
        """Store a follower. Its present comments are recorded as skipped, for this reason.

        `rule`: for the history. Raises RefusedError when it follows a report already, or has a live link.
        """
        ...

    async def remove(self, report_id: ReportId, rule: str, at: datetime) -> None:
        """End what a report follows. Its comments that were not sent yet stay in BugSpark alone."""
        ...

    async def outdated(
        self, project_id: ProjectId, repository_id: RepositoryId, *, every: bool = False
    ) -> tuple[FollowingReport, ...]:
        """Read some followers whose issue has another state than they took over, the oldest first.

        `every`: all of the project, for a dry run, which compares them with what it has in memory.
        """
        ...

    async def apply(
        self, project_id: ProjectId, plans: Sequence[FollowerPlan], at: datetime
    ) -> frozenset[ReportId]:
        """Store plans; return the reports whose status somebody has changed since: nothing of theirs."""
        ...

    async def ended_links_with_followers(self, project_id: ProjectId) -> tuple[Link, ...]:
        """Read ended links with followers: nobody leads their issue any more."""
        ...

    async def promote_oldest_follower(self, ended: Link, at: datetime) -> ReportId | None:
        """Give the oldest follower a NEW link to the issue of an ended link, and the others to that one.

        Where another report of the project leads the issue by now, all follow that one, whose link sends what
        they have not sent. None: then, or where there is no follower that could lead; what is left of them
        ends.
        """
        ...

    async def move_followers_to_live_link(self, report_id: ReportId) -> None:
        """Let those that follow any link of a report follow its live one, to another issue."""
        ...

    async def end_followers_of(self, ended: Link, at: datetime) -> None:
        """End every follower of a link."""
        ...

    async def end_linked_followers(self, project_id: ProjectId, at: datetime) -> None:
        """End followers that have got a link of their own."""
        ...
