"""`reconcile webhook show`, `rotate` and `create`: secret, address and events; the hook itself."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from typing import TYPE_CHECKING

import typer

from reconciler.cli.options import JsonOption, ProjectOption
from reconciler.cli.session import session_of
from reconciler.cli.show_webhook import (
    created_hook_as_json,
    created_hook_as_lines,
    setup_as_json,
    setup_as_lines,
)

if TYPE_CHECKING:
    from reconciler.cli.doors import Backend
    from reconciler.cli.progress import ProgressDisplay
    from reconciler.cli.session import CommandSession
    from reconciler.model.webhook import HookResult, WebhookSetup


def build_webhook_cli() -> typer.Typer:
    """The three commands under one word."""
    app = typer.Typer(
        rich_markup_mode=None,
        no_args_is_help=True,
        help="Set up GitHub's webhook of a project.",
    )
    for command in (show, rotate, create):
        app.command()(command)
    return app


def show(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Show address, secret, events and steps.

    The first time the secret is made.
    """

    async def work(application: Backend, _: ProgressDisplay) -> WebhookSetup:
        return await application.show_webhook_setup(await application.find_project(project))

    session = session_of(context)
    _print_setup(session, session.run_in_backend(work), json=json)


def rotate(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Make a new secret. The one before it stays valid for a day."""

    async def work(application: Backend, _: ProgressDisplay) -> WebhookSetup:
        return await application.rotate_webhook(await application.find_project(project))

    session = session_of(context)
    _print_setup(session, session.run_in_backend(work), json=json)


def create(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Make the webhook on GitHub, or set it right.

    With the project's token. A hook is recognised by its address; secret, events and content type are set.
    """

    async def work(application: Backend, _: ProgressDisplay) -> HookResult:
        return await application.create_webhook(await application.find_project(project))

    session = session_of(context)
    made = session.run_in_backend(work)
    if json:
        session.console.print_json(created_hook_as_json(made))
        return
    for line in created_hook_as_lines(made):
        session.console.print_line(line)


def _print_setup(session: CommandSession, setup: WebhookSetup, *, json: bool) -> None:
    if json:
        session.console.print_json(setup_as_json(setup))
    else:
        for line in setup_as_lines(setup):
            session.console.print_line(line)
    session.console.flush()
    if setup.url is None:
        from reconciler.model.webhook import PUBLIC_URL_MISSING

        session.console.print_error(PUBLIC_URL_MISSING)
        raise typer.Exit(1)
