"""A webhook's setup as a recipe, and what `create` did. Pure."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.cli.show_pass import project
from reconciler.cli.text import WIDTH
from reconciler.model.visible import visible
from reconciler.model.wording import counted, iso, words_of_shell

if TYPE_CHECKING:
    from reconciler.model.webhook import HookMade, WebhookSetup


def as_lines(setup: WebhookSetup) -> Iterator[str]:
    """What to copy, then the steps."""
    name = setup.project.name
    yield f"Webhook of {visible(name)} ({setup.project.repository or 'no repository'})"
    yield f"  URL     {setup.url or '-'}"
    yield f"  Secret  {setup.secret.reveal()}"
    yield f"  Events  {', '.join(setup.events)}"
    if setup.previous_until:
        yield f"  The secret before this one stays valid until {setup.previous_until:%Y-%m-%d %H:%M} UTC."
    yield ""
    for number, step in enumerate(setup.steps, 1):
        yield from wrap(f"{number}. {step}", WIDTH, subsequent_indent="   ", break_long_words=False)
    yield ""
    yield "Or let the project's token do it, now and after each change of the secret:"
    yield f"  {words_of_shell('reconcile', 'webhook', 'create', '--project', name)}"


def as_json(setup: WebhookSetup) -> dict[str, Any]:
    """The same for programs."""
    return {
        "project": project(setup.project.id, setup.project.name, setup.project.repository),
        "url": setup.url,
        "secret": setup.secret.reveal(),
        "events": list(setup.events),
        "content_type": "application/json",
        "settings_url": setup.settings_url,
        "previous_valid_until": iso(setup.previous_until),
        "steps": list(setup.steps),
    }


def made_as_lines(made: HookMade) -> Iterator[str]:
    """What was done, and what is left to a person."""
    done = "was made" if made.made else "was there and is set right"
    text = f"The webhook of {made.repository} {done} (id {made.id}): it delivers to {made.url}"
    yield from wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False)
    if made.others:
        more = counted(made.others, "more webhook")
        yield f"  {more} of the repository deliver to this address: remove them on GitHub."


def made_as_json(made: HookMade) -> dict[str, Any]:
    """The same for programs."""
    return {
        "repository": made.repository,
        "hook": str(made.id),
        "created": made.made,
        "url": made.url,
        "others": made.others,
    }
