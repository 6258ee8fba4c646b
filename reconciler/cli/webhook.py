"""`reconcile webhook show`, `rotate` and `create`: secret, address and events; the hook itself."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from typing import TYPE_CHECKING

import typer

from reconciler.cli.options import Json, OneProject
from reconciler.cli.session import session_of
from reconciler.cli.show_webhook import as_json, as_lines, made_as_json, made_as_lines

if TYPE_CHECKING:
    from reconciler.cli.doors import Application
    from reconciler.cli.progress import Display
    from reconciler.cli.session import Session
    from reconciler.model.webhook import HookMade, WebhookSetup


def family() -> typer.Typer:
    """The three commands under one word."""
    app = typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        help="Set up GitHub's webhook of a project.",
    )
    for command in (show, rotate, create):
        app.command()(command)
    return app


def show(context: typer.Context, project: OneProject, json: Json = False) -> None:
    """Show address, secret, events and steps.

    The first time the secret is made.
    """

    async def work(application: Application, _: Display) -> WebhookSetup:
        return await application.webhook(await application.find(project))

    session = session_of(context)
    _tell(session, session.run(work), json=json)


def rotate(context: typer.Context, project: OneProject, json: Json = False) -> None:
    """Make a new secret. The one before it stays valid for a day."""

    async def work(application: Application, _: Display) -> WebhookSetup:
        return await application.rotate_webhook(await application.find(project))

    session = session_of(context)
    _tell(session, session.run(work), json=json)


def create(context: typer.Context, project: OneProject, json: Json = False) -> None:
    """Make the webhook on GitHub, or set it right.

    With the project's token. A hook is recognised by its address; secret, events and content type are set.
    """

    async def work(application: Application, _: Display) -> HookMade:
        return await application.create_webhook(await application.find(project))

    session = session_of(context)
    made = session.run(work)
    if json:
        session.console.json(made_as_json(made))
        return
    for line in made_as_lines(made):
        session.console.say(line)


def _tell(session: Session, setup: WebhookSetup, *, json: bool) -> None:
    if json:
        session.console.json(as_json(setup))
    else:
        for line in as_lines(setup):
            session.console.say(line)
    session.console.flush()
    if setup.url is None:
        from reconciler.model.webhook import UNSET

        session.console.complain(UNSET)
        raise typer.Exit(1)
