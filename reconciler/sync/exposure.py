"""A repository that turned public: no text of BugSpark's goes there until a person says it may
(docs/design.md, Guard; docs/decisions/0016-turned-public.md). States and labels go on."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.errors import ProjectError
from reconciler.model.intent import Intent, Operation
from reconciler.model.issue import Repository
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context

ACCEPT_PUBLIC = "public"
"""What is accepted: `reconcile --project P --accept public`."""

TEXT_OPERATIONS = (Operation.CREATE_ISSUE, Operation.CREATE_COMMENT, Operation.EDIT_COMMENT, Operation.TITLE)


async def update_visibility(context: Context, memory: ProjectState, found: Repository) -> ProjectState:
    """The memory with what the repository's visibility means now; stored when that is news."""
    exposed = memory.private is True and not found.private
    now = replace(memory, private=memory.private if exposed else found.private, exposed=exposed)
    if now != memory:
        await context.stores.projects.save_state(now)
    return now


async def accept_public_repository(context: Context) -> None:
    """The operator knows. Raises ProjectError when there is nothing to acknowledge."""
    memory = await context.stores.projects.get_state(context.project.id)
    if not memory.exposed:
        raise ProjectError(f"{context.project.name}: no text waits because {memory.repository} became public")
    await context.stores.projects.save_state(replace(memory, private=False, exposed=False))


def sendable_intents(memory: ProjectState, intents: Iterable[Intent]) -> list[Intent]:
    """What may be sent while that is so."""
    return [intent for intent in intents if not (memory.exposed and intent.operation in TEXT_OPERATIONS)]


def turned_public_message(context: Context, memory: ProjectState) -> str:
    """For people."""
    return (
        f"{context.project.name}: {memory.repository} has become public, so titles, comments and new issues "
        f"are held back; accept that with --accept {ACCEPT_PUBLIC}, or make it private again"
    )
