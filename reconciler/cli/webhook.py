"""`reconcile webhook show`, `rotate` and `create`: a webhook's address, secret and events, and the hook.

First the commands, then their output as lines and as JSON (pure).
"""

from __future__ import annotations  # the model is not imported for annotations alone

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from reconciler.cli.console import TERMINAL_WIDTH, project_reference_as_json, wrap_to_width
from reconciler.cli.session import JsonOption, ProjectOption, current_session
from reconciler.model.formatting import escape_unprintable, format_count, format_iso, shell_command

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.cli.progress import ProgressDisplay
    from reconciler.cli.session import CommandSession
    from reconciler.model.webhook import HookResult, WebhookSetup


def show(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Show address, secret, events and steps.

    The first time the secret is generated.
    """

    async def work(application: Application, _: ProgressDisplay) -> WebhookSetup:
        return await application.show_webhook_setup(await application.find_project(project))

    session = current_session(context)
    _print_setup(session, session.run_in_backend(work), json=json)


def rotate(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Generate a new secret. The previous one stays valid for a day."""

    async def work(application: Application, _: ProgressDisplay) -> WebhookSetup:
        return await application.rotate_webhook(await application.find_project(project))

    session = current_session(context)
    _print_setup(session, session.run_in_backend(work), json=json)


def create(context: typer.Context, project: ProjectOption, json: JsonOption = False) -> None:
    """Create the webhook on GitHub, or repair it.

    With the project's token. A hook is recognised by its address; secret, events and content type are set.
    """

    async def work(application: Application, _: ProgressDisplay) -> HookResult:
        return await application.create_webhook(await application.find_project(project))

    session = current_session(context)
    result = session.run_in_backend(work)
    if json:
        session.console.print_json(created_hook_as_json(result))
        return
    for line in created_hook_as_lines(result, session.console.columns):
        session.console.print_line(line)


def _print_setup(session: CommandSession, setup: WebhookSetup, *, json: bool) -> None:
    if json:
        session.console.print_json(setup_as_json(setup))
    else:
        for line in setup_as_lines(setup, session.console.columns):
            session.console.print_line(line)
    session.console.flush()
    if setup.url is None:
        from reconciler.model.webhook import PUBLIC_URL_MISSING

        session.console.print_error(PUBLIC_URL_MISSING)
        raise typer.Exit(1)


def setup_as_lines(setup: WebhookSetup, columns: int | None = TERMINAL_WIDTH) -> Iterator[str]:
    """Yield the values to copy to GitHub, then the steps."""
    name = setup.project.name
    yield f"Webhook of {escape_unprintable(name)} ({setup.project.repository or 'no repository'})"
    yield f"  URL     {setup.url or '-'}"
    yield f"  Secret  {setup.secret.reveal()}"
    yield f"  Events  {', '.join(setup.events)}"
    if setup.previous_until:
        yield f"  The previous secret stays valid until {setup.previous_until:%Y-%m-%d %H:%M} UTC."
    yield ""
    for number, step in enumerate(setup.steps, 1):
        yield from wrap_to_width(f"{number}. {step}", columns, indent="   ", breaks_words=False)
    yield ""
    yield "Or let the project's token do it, now and after each change of the secret:"
    yield f"  {shell_command('reconcile', 'webhook', 'create', '--project', name)}"


def setup_as_json(setup: WebhookSetup) -> dict[str, Any]:
    """Return the same values as one JSON object."""
    return {
        "project": project_reference_as_json(setup.project.id, setup.project.name, setup.project.repository),
        "url": setup.url,
        "secret": setup.secret.reveal(),
        "events": list(setup.events),
        "content_type": "application/json",
        "settings_url": setup.settings_url,
        "previous_valid_until": format_iso(setup.previous_until),
        "steps": list(setup.steps),
    }


def created_hook_as_lines(result: HookResult, columns: int | None = TERMINAL_WIDTH) -> Iterator[str]:
    """Yield what was done, and what a person has to do."""
    done = "was created" if result.is_new else "was repaired"
    text = f"The webhook of {result.repository} {done} (id {result.id}): it delivers to {result.url}"
    yield from wrap_to_width(text, columns, breaks_words=False)
    if result.previous_url is not None:
        yield f"  Before, it delivered to {escape_unprintable(result.previous_url)}"
    if result.response is not None:
        yield f"  {escape_unprintable(result.response.text)}"
    if result.others:
        more = format_count(result.others, "more webhook")
        yield f"  {more} of the repository deliver for this project: remove them on GitHub."


def created_hook_as_json(result: HookResult) -> dict[str, Any]:
    """Return the same values as one JSON object."""
    return {
        "repository": result.repository,
        "hook": str(result.id),
        "created": result.is_new,
        "url": result.url,
        "others": result.others,
        "previous_url": result.previous_url,
        "response": {"code": result.response.code, "text": result.response.text} if result.response else None,
    }
