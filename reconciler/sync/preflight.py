"""Whether this database is the one that may write, and what a person says about it (docs/decisions/0030).

A repository that turned public: no text of BugSpark's goes there until a person says it may
(docs/design.md, Guard; docs/decisions/0016-turned-public.md). States and labels go on.

Who writes, and where: the repository's numeric id and our account, remembered between passes.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from reconciler.errors import IdentityError, ProjectError, RecreatedError, UnreadableError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.database_identity import ACCEPT_COPY, ACCEPT_MOVED
from reconciler.model.intent import Intent
from reconciler.model.issue import Repository
from reconciler.model.kinds import Operation
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
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


ACCEPT_PUBLIC = "public"
"""What is accepted: `reconcile --project P --accept public`."""

TEXT_OPERATIONS = (
    Operation.CREATE_ISSUE,
    Operation.CREATE_COMMENT,
    Operation.EDIT_COMMENT,
    *(field.operation for field in SYNCED_FIELDS.values() if field.carries_text),
)


async def update_visibility(context: Context, state: ProjectState, found: Repository) -> ProjectState:
    """The memory with what the repository's visibility means now; stored when that is news."""
    exposed = state.private is True and not found.private
    now = replace(state, private=state.private if exposed else found.private, exposed=exposed)
    if now != state:
        await context.stores.projects.save_state(now)
    return now


async def accept_public_repository(context: Context) -> None:
    """The operator knows. Raises ProjectError when there is nothing to acknowledge."""
    state = await context.stores.projects.get_state(context.project.id)
    if not state.exposed:
        raise ProjectError(f"{context.project.name}: no text waits because {state.repository} became public")
    await context.stores.projects.save_state(replace(state, private=False, exposed=False))


def sendable_intents(state: ProjectState, intents: Iterable[Intent]) -> list[Intent]:
    """What may be sent while that is so."""
    return [intent for intent in intents if not (state.exposed and intent.operation in TEXT_OPERATIONS)]


def turned_public_message(context: Context, state: ProjectState) -> str:
    """For people."""
    return (
        f"{context.project.name}: {state.repository} has become public, so titles, comments and new issues "
        f"are held back; accept that with --accept {ACCEPT_PUBLIC}, or make it private again"
    )


async def resolve_repository_and_account(context: Context, state: ProjectState) -> ProjectState:
    """The memory with repository and account known. An idle pass asks GitHub for neither.

    Raises RecreatedError when the configured name now belongs to another repository, and whatever reading
    the repository or the account raises.
    """
    name = context.project.repository
    if name is None:
        raise ProjectError(context.project.problem or "this project has no usable github integration")
    if state.repository_id == UNKNOWN_REPOSITORY or state.repository != name:
        state = _state_for_repository(state, name, await context.github.repository())
    if state.account is None or state.account_credential != context.github.credential:
        account = await context.github.account()
        state = replace(
            state,
            account=account.id,
            account_login=account.login,
            account_credential=context.github.credential,
        )
    if state.first_seen_at is None:
        state = replace(state, first_seen_at=context.github.now())
    return state


async def require_same_repository(context: Context, state: ProjectState) -> Repository:
    """The repository as it is now: the one we know, with issues. Asked before anything is inferred from what
    it does not show.

    Raises RecreatedError when the name belongs to another one now, UnreadableError when it does not answer.
    """
    found = await context.github.repository()
    if found.id != state.repository_id:
        raise RecreatedError(
            f"{context.project.name}: {state.repository} is another repository now (id {found.id}, it was "
            f"{state.repository_id}). Nothing was written. If that is intended, unlink the reports first."
        )
    if not found.has_issues:
        raise UnreadableError(f"{context.project.name}: issues are switched off in {found.full_name}")
    return found


async def require_writable_repository(context: Context, state: ProjectState) -> Repository:
    """Read before the first write of a pass: the name must still be the repository we know.

    Raises what `recognised` raises, ProjectError when it is archived.
    """
    found = await require_same_repository(context, state)
    if found.archived:
        raise ProjectError(
            f"{context.project.name}: {found.full_name} is archived, so nothing can be written to it"
        )
    return found


def _state_for_repository(state: ProjectState, name: str, found: Repository) -> ProjectState:
    if state.repository_id == found.id:  # renamed: the id is the identity, the lists go on
        return replace(state, repository=name)  # `private` stays: see `reconciler.sync.preflight`
    if state.repository == name and state.repository_id is not None:
        raise RecreatedError(
            f"{name} is another repository now (id {found.id}, it was {state.repository_id})"
        )
    return replace(
        state,
        repository_id=found.id,
        repository=name,
        private=found.private,  # anyone who connects a repository knows what it is
        exposed=False,
        issues=None,
        comments=None,
    )
