"""Whether this database is the one that may write, and what a person says about it (docs/decisions/0030)."""

from dataclasses import replace
from uuid import UUID

from reconciler.errors import IdentityError
from reconciler.model.database_identity import ACCEPT_COPY, ACCEPT_MOVED
from reconciler.sync.context import Context


async def bind_database(context: Context) -> None:
    """Before anything is written: the database is the one it was, and remembers where it is.

    Raises IdentityError.
    """
    require_certain_identity(context)
    if not context.identity.is_bound:
        await context.stores.identity.bind()
    await context.markers.store_keys()


def require_certain_identity(context: Context) -> None:
    """Before GitHub is written to outside of a pass. Raises IdentityError where a pass would."""
    if doubt := context.identity.write_doubt:
        raise IdentityError(f"{context.project.name}: {doubt}")


def is_identity_decision(word: str) -> bool:
    """Whether `--accept` says something about this or another database."""
    return word in (ACCEPT_MOVED, ACCEPT_COPY) or _is_instance_id(word)


async def record_identity_decision(context: Context, word: str) -> Context:
    """The context as it is once the person has said so. Raises UsageError when that is not in question."""
    await context.stores.identity.declare_identity(word)
    identity = await context.stores.identity.read()
    return replace(context, identity=identity, markers=context.markers.for_identity(identity))


def _is_instance_id(word: str) -> bool:
    """A whole uuid: a hash of deletions is sixteen digits."""
    try:
        return str(UUID(word)) == word
    except ValueError:
        return False
