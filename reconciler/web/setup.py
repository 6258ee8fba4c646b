"""`/projects/{id}/setup`: how a project is connected to GitHub, and its webhook.

Whoever may see the project sees the page; the secret and the buttons are its owner's, a superadmin's and the
operator's. The secret is fetched for the one answer to *reveal* and is in no other page. Nothing here asks
GitHub unless a button does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.errors import DatabaseError, ReconcilerError, UsageError
from reconciler.logs import Log
from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret
from reconciler.model.viewer import Access
from reconciler.model.webhook import EVENTS, PERMISSION, UNSET, HookMade
from reconciler.model.wording import counted
from reconciler.ports import Deeds, Readings, Setups
from reconciler.web.api import parsed
from reconciler.web.entrance import Visitor, not_found
from reconciler.web.front import Front, Said
from reconciler.web.outage import outage_of

log = Log(__name__)
EVERY = 3
"""Seconds between two looks of a page that is left open: somebody is waiting for a delivery."""
DELIVERIES = 20
ACTS = ("create", "rotate", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """One project's set-up."""

    front: Front
    readings: Readings
    setups: Setups
    deeds: Deeds

    async def page(self, request: Request, project_id: ProjectId) -> Response:
        """Without the secret. Raises HTTPException 401, 404, DatabaseError."""
        visitor = await self.front.entrance.who(request)
        access = await self.front.entrance.may_see(visitor.viewer, project_id)
        return await self._show(request, visitor, project_id, may_change=access is Access.CHANGE)

    async def reveal(self, request: Request, project_id: ProjectId) -> Response:
        """The page with the secret. Raises HTTPException 401, 403, 404, DatabaseError."""
        visitor = await self.front.entrance.who(request)
        await self.front.entrance.may_change(visitor.viewer, project_id)
        await self.front.entrance.form(request, visitor)
        try:
            secret = (await self.deeds.webhook(project_id)).secret
        except DatabaseError:
            raise
        except ReconcilerError as error:
            problem = Said(text=str(error), problem=True)
            return self.front.onward(visitor, f"/projects/{project_id}/setup", problem)
        by = visitor.viewer.user_id
        log.info(
            "page", what="secret revealed", user=None if by is None else str(by), project=str(project_id)
        )
        return await self._show(request, visitor, project_id, may_change=True, secret=secret)

    async def act(self, request: Request, project_id: ProjectId, what: str) -> Response:
        """What one of the buttons does. Raises HTTPException, DatabaseError."""

        async def deed(_form: Mapping[str, str]) -> str:
            match what:
                case "create":
                    return made_words(await self.deeds.create_webhook(project_id))
                case "rotate":
                    return rotated_words(
                        replaced=(await self.deeds.rotate_webhook(project_id)).previous_until is not None
                    )
                case _:
                    return await self.deeds.test_webhook(project_id)

        return await self.front.change(request, project_id, f"/projects/{project_id}/setup", deed)

    async def _show(
        self,
        request: Request,
        visitor: Visitor,
        project_id: ProjectId,
        *,
        may_change: bool,
        secret: Secret | None = None,
    ) -> Response:
        site = self.front.entrance.site
        found = await self.readings.health(project_id)
        try:
            setup = await self.setups.setup(project_id, DELIVERIES)
        except UsageError:  # switched off this moment
            not_found()
        if not found:
            not_found()
        return self.front.show(
            request,
            visitor,
            "setup.html",
            every=EVERY,
            id=project_id,
            setup=setup,
            health=found[0],
            outage=outage_of(found[0].last_pass),
            hook=found[0].webhook,
            url=site.webhook_url(project_id),
            unset=UNSET,
            permission=PERMISSION,
            events=EVENTS,
            repository_url=f"{site.github_url}/{setup.project.repository}",
            may_change=may_change,
            secret=secret,
        )


def made_words(made: HookMade) -> str:
    """What *create* did, and what is left to a person."""
    done = "was made" if made.made else "was there and is set right"
    text = f"The webhook of {made.repository} {done} (id {made.id}); GitHub sends a ping at once."
    if made.others:
        more = counted(made.others, "more webhook")
        text += f" {more} of the repository deliver to this address: remove them on GitHub."
    return text


def rotated_words(*, replaced: bool) -> str:
    """What *rotate* did, and what has to follow."""
    kept = " The one before it stays valid for a day." if replaced else ""
    return f"There is a new secret.{kept} Give it to GitHub: by the button, or reveal it and enter it there."


def router(page: SetupPage) -> APIRouter:
    """To be included before the project's own routes, whose last part may be anything."""
    made = APIRouter(include_in_schema=False)

    @made.get("/projects/{project_id}/setup")
    async def show(request: Request, project_id: str) -> Response:
        return await page.page(request, await _known(page, request, project_id))

    @made.post("/projects/{project_id}/setup")
    async def reveal(request: Request, project_id: str) -> Response:
        return await page.reveal(request, await _known(page, request, project_id))

    @made.post("/projects/{project_id}/setup/{what}")
    async def act(request: Request, project_id: str, what: str) -> Response:
        id_ = await _known(page, request, project_id)
        return await page.act(request, id_, what if what in ACTS else not_found())

    return made


async def _known(page: SetupPage, request: Request, text: str) -> ProjectId:
    """Who is not signed in is told that first, whatever they ask for."""
    await page.front.entrance.who(request)
    found = parsed(text)
    return ProjectId(found) if found is not None else not_found()
