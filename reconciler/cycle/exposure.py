"""A repository that turned public: no text of BugSpark's goes there until a person says it may
(docs/design.md, Guard; docs/decisions/0016-turned-public.md). States and labels go on."""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.cycle.context import Context
from reconciler.errors import ProjectError
from reconciler.model.intent import Intent, Operation
from reconciler.model.issue import Repository
from reconciler.model.snapshot import Memory

PUBLIC = "public"
"""What is accepted: `reconcile --project P --accept public`."""

TEXT = (Operation.CREATE_ISSUE, Operation.CREATE_COMMENT, Operation.EDIT_COMMENT, Operation.TITLE)


async def noticed(context: Context, memory: Memory, found: Repository) -> Memory:
    """The memory with what the repository's visibility means now; stored when that is news."""
    exposed = memory.private is True and not found.private
    now = replace(memory, private=memory.private if exposed else found.private, exposed=exposed)
    if now != memory:
        await context.stores.projects.remember(now)
    return now


async def acknowledge(context: Context) -> None:
    """The operator knows. Raises ProjectError when there is nothing to acknowledge."""
    memory = await context.stores.projects.memory(context.project.id)
    if not memory.exposed:
        raise ProjectError(f"{context.project.name}: no text waits because {memory.repository} became public")
    await context.stores.projects.remember(replace(memory, private=False, exposed=False))


def sayable(memory: Memory, intents: Iterable[Intent]) -> list[Intent]:
    """What may be sent while that is so."""
    return [intent for intent in intents if not (memory.exposed and intent.operation in TEXT)]


def sentence(context: Context, memory: Memory) -> str:
    """For people."""
    return (
        f"{context.project.name}: {memory.repository} has become public, so titles, comments and new issues "
        f"are held back; accept that with --accept {PUBLIC}, or make it private again"
    )
