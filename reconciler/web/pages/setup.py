"""The page `/projects/{id}/setup`: how a project is connected to GitHub, and its webhook.

Everyone who may see the project sees the page; the secret and the buttons are for its owner, superadmins and
the operator. Only the response to *reveal* contains the secret. Only the buttons make requests to GitHub.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import DatabaseError, ReconcilerError, UsageError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId
from reconciler.model.passes import PassResult
from reconciler.model.secret import Secret
from reconciler.model.viewer import Access, Actor
from reconciler.model.views import CheckResult
from reconciler.model.webhook import PUBLIC_URL_MISSING, WEBHOOK_EVENTS, WEBHOOK_PERMISSION_ADVICE
from reconciler.ports import Queries
from reconciler.web.actions import WEBHOOK_ACTIONS, ActionRunner
from reconciler.web.pages.page import FlashMessage, PageResponder, outage_of_pass
from reconciler.web.security.access_control import Visitor, raise_not_found
from reconciler.web.site import Site
from reconciler.web.webhooks.rejected import RejectedDeliveries

log = EventLogger(__name__)
REFRESH_SECONDS = 3
"""How often an open page refreshes itself; short, because a person waits for a delivery."""
MAX_DELIVERIES = 20
REFUSED_CREDENTIAL_KINDS = ("credential", "unreadable")
"""`errors.CredentialError` and `RepositoryUnreadableError`: GitHub refused the token, or does not show the
repository to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """The set-up page of one project."""

    frame: PageResponder
    queries: Queries
    actions: ActionRunner
    rejected: RejectedDeliveries

    async def render(self, request: Request, project_id: ProjectId) -> Response:
        """Render the page without the secret. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.frame.access_control.require_visitor(request)
        access = await self.frame.access_control.require_access(visitor.viewer, project_id)
        return await self._render_setup(request, visitor, project_id, may_change=access is Access.CHANGE)

    async def answer_form(self, request: Request, project_id: ProjectId) -> Response:
        """Render the page with the secret, or with the results of the checks, as the form asks.

        Raises HTTPException 401, 403, 404, DatabaseError.
        """
        visitor = await self.frame.access_control.require_visitor(request)
        await self.frame.access_control.require_change_access(visitor.viewer, project_id)
        form = await self.frame.form_reader.read_form(request, visitor.subject)
        secret: Secret | None = None
        checks: tuple[CheckResult, ...] = ()
        try:
            if form.get("what") == "check":
                checks = await self.actions.check_project(visitor.actor, project_id)
            else:
                secret = (await self.actions.reveal_webhook(visitor.actor, project_id)).secret
        except DatabaseError:
            raise
        except ReconcilerError as error:
            problem = FlashMessage(text=str(error), is_problem=True)
            return self.frame.redirect(visitor, f"/projects/{project_id}/setup", problem)
        if secret is not None:
            by = visitor.viewer.user_id
            log.info(
                "page", what="secret revealed", user=None if by is None else str(by), project=str(project_id)
            )
        return await self._render_setup(
            request, visitor, project_id, may_change=True, secret=secret, checks=checks
        )

    async def handle_action(self, request: Request, project_id: ProjectId, what: str) -> Response:
        """Run the command of one of the buttons. Raises HTTPException, DatabaseError."""

        async def action(actor: Actor, _form: Mapping[str, str]) -> str:
            return await self.actions.run_webhook_action(actor, project_id, what)

        return await self.frame.handle_form(request, project_id, f"/projects/{project_id}/setup", action)

    async def _render_setup(
        self,
        request: Request,
        visitor: Visitor,
        project_id: ProjectId,
        *,
        may_change: bool,
        secret: Secret | None = None,
        checks: tuple[CheckResult, ...] = (),
    ) -> Response:
        site = self.frame.access_control.site
        healths = await self.queries.health(project_id)
        try:
            setup = await self.queries.project_setup(project_id, MAX_DELIVERIES)
        except UsageError:  # the integration has just been switched off
            raise_not_found()
        if not healths:
            raise_not_found()
        return self.frame.render(
            request,
            visitor,
            "setup.html",
            every=REFRESH_SECONDS,
            id=project_id,
            setup=setup,
            health=healths[0],
            outage=outage_of_pass(healths[0].last_pass),
            hook=healths[0].webhook,
            url=site.webhook_url(project_id),
            unset=PUBLIC_URL_MISSING,
            permission=WEBHOOK_PERMISSION_ADVICE,
            events=WEBHOOK_EVENTS,
            repository_url=f"{site.github_url}/{setup.project.repository}",
            may_change=may_change,
            secret=secret,
            checks=checks,
            refusal=refused_credential_text(healths[0].last_pass),
            rejected=self.rejected.newest(project_id),
            form_url=integration_form_url(site),
        )


def refused_credential_text(last: PassResult | None) -> str | None:
    """Return what GitHub said of the token in the last pass; None unless it refused it."""
    if last is None or last.error is None or last.error.kind not in REFUSED_CREDENTIAL_KINDS:
        return None
    return last.error.message


def integration_form_url(site: Site) -> str | None:
    """Return the address of BugSpark's GitHub form; None where `bugspark.dashboard_url` is not set."""
    return f"{site.dashboard_url.rstrip('/')}/settings/integrations" if site.dashboard_url else None


def router(page: SetupPage) -> APIRouter:
    """Build the routes. Include them before those of the project page, which match any last path segment."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/projects/{project_id}/setup")
    async def show(request: Request, project_id: str) -> Response:
        return await page.render(request, await page.frame.authenticated_project_id(request, project_id))

    @api_router.post("/projects/{project_id}/setup")
    async def answer_form(request: Request, project_id: str) -> Response:
        return await page.answer_form(request, await page.frame.authenticated_project_id(request, project_id))

    @api_router.post("/projects/{project_id}/setup/{what}")
    async def act(request: Request, project_id: str, what: str) -> Response:
        id_ = await page.frame.authenticated_project_id(request, project_id)
        return await page.handle_action(request, id_, what if what in WEBHOOK_ACTIONS else raise_not_found())

    return api_router
