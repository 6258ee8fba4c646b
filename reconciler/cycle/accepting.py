"""What a person agrees to: withheld deletions by their hash, or that the repository is public."""

from reconciler.cycle.context import Context
from reconciler.cycle.exposure import PUBLIC, acknowledge
from reconciler.errors import ProjectError


async def accept(context: Context, word: str) -> None:
    """From now on the next pass may do it. Raises ProjectError when this is not what waits."""
    if word == PUBLIC:
        await acknowledge(context)
    elif not await context.stores.ledger.accept(context.project.id, word):
        now = (await context.stores.ledger.withheld(context.project.id)).digest
        waiting = f"the deletions that wait have the hash {now}" if now else "no deletions are waiting"
        raise ProjectError(f"{context.project.name}: nothing is withheld under the hash {word}; {waiting}")
