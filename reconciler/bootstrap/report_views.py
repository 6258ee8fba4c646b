"""Views for pages and API that need decisions or GitHub, which `web` may not import."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.bootstrap.application import Application
from reconciler.bootstrap.container import Container
from reconciler.errors import DatabaseError, ReconcilerError, UsageError
from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId, RemoteCommentId, ReportId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.passes import NullProgress
from reconciler.model.report import Project, unescape_html
from reconciler.model.report_detail import ReportView
from reconciler.model.viewer import OPERATOR_ACTOR
from reconciler.model.views import IssuePreview, WithheldPage, WithheldRow

CopiesById = dict[RemoteCommentId | None, RemoteComment]


class ComposedReportViews:
    """`ports.ReportViews`: reports, and withheld deletions, as pages and API show them."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._application = Application(container, OPERATOR_ACTOR)  # it only reads

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        try:
            return await self._application.explain_report(str(report_id))
        except UsageError:
            return None

    async def preview_export(self, report_id: ReportId) -> IssuePreview:
        return await self._application.preview_export(report_id)

    async def report_states(self, report_ids: Sequence[ReportId]) -> tuple[ReportView, ...]:
        return await self._application.read_report_states(report_ids)

    async def withheld_page(
        self, project_id: ProjectId, limit: int, offset: int, *, reads_github: bool
    ) -> WithheldPage:
        stores = self._container.stores
        project = await self._application.find_project(str(project_id))
        digest = (await stores.queries.current_problems(project_id)).withheld
        rows = await stores.queries.withheld_deletions(project_id, limit, offset) if digest else ()
        copies, problem = await self._read_withheld_comments(project, rows) if reads_github else ({}, None)
        return WithheldPage(
            digest=digest, rows=tuple(_with_readable_text(row, copies) for row in rows), problem=problem
        )

    async def _read_withheld_comments(
        self, project: Project, rows: Sequence[WithheldRow]
    ) -> tuple[CopiesById, str | None]:
        """Read the comments on GitHub that would be deleted; if that fails, return nothing and the reason."""
        from reconciler.sync.comments.withheld_comments import read_comments_of_issues

        numbers = [
            row.number
            for row in rows
            if row.side is Side.GITHUB and row.number is not None and row.repository == project.repository
        ]
        if not numbers or project.integration is None:
            return {}, None
        try:
            context = await self._container.build_context(project, NullProgress(), manual=True)
            return await read_comments_of_issues(context.github, numbers), None
        except DatabaseError:
            raise
        except ReconcilerError as error:
            return {}, str(error)


def _with_readable_text(row: WithheldRow, copies: CopiesById) -> WithheldRow:
    """Return the row with the words of the person who wrote the comment; None where they are not known."""
    from reconciler.decide.plan_view import excerpt_of_original
    from reconciler.text import parse_import

    if row.side is Side.GITHUB:
        return replace(row, text=excerpt_of_original(copies.get(row.remote_id)) or None)
    if row.kind is Kind.END_LINK:
        return replace(row, text=None)
    form = parse_import(row.text) if row.text else None
    return replace(row, text=form[1] if form else unescape_html(row.text or "") or None)
