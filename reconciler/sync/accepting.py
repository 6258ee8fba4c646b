"""What a person agrees to: withheld deletions by their hash, or that the repository is public."""

from reconciler.errors import ProjectError
from reconciler.sync.context import Context
from reconciler.sync.exposure import ACCEPT_PUBLIC, accept_public_repository


async def accept_waiting(context: Context, word: str) -> None:
    """From now on the next pass may do it. Raises ProjectError when this is not what waits."""
    if word == ACCEPT_PUBLIC:
        await accept_public_repository(context)
    elif not await context.stores.ledger.accept_withheld_deletions(context.project.id, word):
        now = (await context.stores.ledger.withheld_deletions(context.project.id)).digest
        waiting = f"the deletions that wait have the hash {now}" if now else "no deletions are waiting"
        raise ProjectError(f"{context.project.name}: nothing is withheld under the hash {word}; {waiting}")
