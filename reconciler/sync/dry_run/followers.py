"""Followers of a dry run: the stored ones, with reports and links as the steps so far have left them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model.fields import IssueState
from reconciler.model.ids import ProjectId, ReportId, RepositoryId
from reconciler.model.link import Link
from reconciler.model.plan import FollowerPlan
from reconciler.model.snapshot import FollowingReport
from reconciler.ports import Stores
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort, Step


class DryFollowers(ReadOnlyPort):
    """`ports.Followers` of a dry run."""

    reads = frozenset({"tracking_ids_by_link"})

    def __init__(self, stores: Stores, state: DryRunState) -> None:
        super().__init__(stores.followers)
        self._state = state
        self._taken_over: dict[ReportId, IssueState] = {}

    async def outdated(
        self, project_id: ProjectId, repository_id: RepositoryId, *, every: bool = False
    ) -> tuple[FollowingReport, ...]:
        """Read all of them: deciding one that is not outdated leads to nothing."""
        stored = await self._stored.outdated(project_id, repository_id, every=True)
        return tuple(self._current(each) for each in stored)

    def _current(self, view: FollowingReport) -> FollowingReport:
        state = self._taken_over.get(view.report.id, view.follower.state)
        return FollowingReport(
            follower=replace(view.follower, state=state),
            report=self._state.current_report(view.report),
            link=self._current_link(view.link),
        )

    def _current_link(self, link: Link) -> Link:
        """The link as it is now, or the one that its report has got in place of it."""
        present = self._state.current_link(link)
        if present.is_live:
            return present
        made = (
            each for each in self._state.links.values() if each.report_id == link.report_id and each.is_live
        )
        return next(made, present)

    async def move_followers_to_live_link(self, report_id: ReportId) -> None:
        """Do nothing: `outdated` finds the link that the report has got."""

    async def apply(
        self, project_id: ProjectId, plans: Sequence[FollowerPlan], at: datetime
    ) -> frozenset[ReportId]:
        for plan in plans:
            self._taken_over[plan.report.id] = plan.state
            if plan.action is not None:
                self._state.set_field(plan.report.id, plan.action, at)
                self._state.steps.append(Step(plan=plan.as_link_plan, action=plan.action))
        return frozenset()

    async def end_linked_followers(self, project_id: ProjectId, at: datetime) -> None:
        """Do nothing: no later step of a pass reads it."""

    async def ended_links_with_followers(self, project_id: ProjectId) -> tuple[Link, ...]:
        """Return none: the next pass reads the link that a follower gets, and nothing is written before."""
        return ()
