"""A webhook's setup as a recipe, and what `create` did. Pure."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.cli.show_pass import project_as_json
from reconciler.cli.terminal_text import TERMINAL_COLUMNS
from reconciler.model.visible import escape_unprintable
from reconciler.model.wording import format_count, format_iso, shell_command

if TYPE_CHECKING:
    from reconciler.model.webhook import HookResult, WebhookSetup


def setup_as_lines(setup: WebhookSetup) -> Iterator[str]:
    """What to copy, then the steps."""
    name = setup.project.name
    yield f"Webhook of {escape_unprintable(name)} ({setup.project.repository or 'no repository'})"
    yield f"  URL     {setup.url or '-'}"
    yield f"  Secret  {setup.secret.reveal()}"
    yield f"  Events  {', '.join(setup.events)}"
    if setup.previous_until:
        yield f"  The secret before this one stays valid until {setup.previous_until:%Y-%m-%d %H:%M} UTC."
    yield ""
    for number, step in enumerate(setup.steps, 1):
        yield from wrap(
            f"{number}. {step}", TERMINAL_COLUMNS, subsequent_indent="   ", break_long_words=False
        )
    yield ""
    yield "Or let the project's token do it, now and after each change of the secret:"
    yield f"  {shell_command('reconcile', 'webhook', 'create', '--project', name)}"


def setup_as_json(setup: WebhookSetup) -> dict[str, Any]:
    """The same for programs."""
    return {
        "project": project_as_json(setup.project.id, setup.project.name, setup.project.repository),
        "url": setup.url,
        "secret": setup.secret.reveal(),
        "events": list(setup.events),
        "content_type": "application/json",
        "settings_url": setup.settings_url,
        "previous_valid_until": format_iso(setup.previous_until),
        "steps": list(setup.steps),
    }


def created_hook_as_lines(made: HookResult) -> Iterator[str]:
    """What was done, and what is left to a person."""
    done = "was made" if made.is_new else "was there and is set right"
    text = f"The webhook of {made.repository} {done} (id {made.id}): it delivers to {made.url}"
    yield from wrap(text, TERMINAL_COLUMNS, subsequent_indent="  ", break_long_words=False)
    if made.others:
        more = format_count(made.others, "more webhook")
        yield f"  {more} of the repository deliver to this address: remove them on GitHub."


def created_hook_as_json(made: HookResult) -> dict[str, Any]:
    """The same for programs."""
    return {
        "repository": made.repository,
        "hook": str(made.id),
        "created": made.is_new,
        "url": made.url,
        "others": made.others,
    }
