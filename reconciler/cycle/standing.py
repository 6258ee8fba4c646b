"""Whether this database is the one that may write, and what a person says about it (docs/decisions/0030)."""

from dataclasses import replace
from uuid import UUID

from reconciler.cycle.context import Context
from reconciler.errors import IdentityError
from reconciler.model.identity import COPY, MOVED


async def certain(context: Context) -> None:
    """Before anything is written: the database is the one it was, and remembers where it is.

    Raises IdentityError.
    """
    undoubted(context)
    if not context.identity.bound:
        await context.stores.identity.bind()
    await context.markers.keep()


def undoubted(context: Context) -> None:
    """Before GitHub is written to outside of a pass. Raises IdentityError where a pass would."""
    if doubt := context.identity.doubt:
        raise IdentityError(f"{context.project.name}: {doubt}")


def is_about_identity(word: str) -> bool:
    """Whether `--accept` says something about this or another database."""
    return word in (MOVED, COPY) or _is_instance(word)


async def decided(context: Context, word: str) -> Context:
    """The context as it is once the person has said so. Raises UsageError when that is not in question."""
    await context.stores.identity.decide(word)
    identity = await context.stores.identity.read()
    return replace(context, identity=identity, markers=context.markers.of(identity))


def _is_instance(word: str) -> bool:
    """A whole uuid: a hash of deletions is sixteen digits."""
    try:
        return str(UUID(word)) == word
    except ValueError:
        return False
