"""What is checked before a pass writes: the database, the repository and its visibility, our account.

Whether this database is the one that may write, and what a person says about it
(docs/decisions/0030-which-database.md).

A repository that turned public gets no text of BugSpark's until a person allows it (docs/design.md, Guard;
docs/decisions/0016-turned-public.md); states and labels go on.

The repository's numeric id and our account are remembered between passes.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from reconciler.errors import IdentityError, ProjectError, RecreatedError, UnreadableError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.database_identity import ACCEPT_COPY, ACCEPT_MOVED
from reconciler.model.intent import Intent
from reconciler.model.issue import Repository
from reconciler.model.kinds import Operation
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.sync.context import Context

MAX_CLOCK_DIFFERENCE = timedelta(days=1)
"""So far the database's clock may be from ours; a report dated later is not believed."""

TICK = timedelta(microseconds=1)
"""The smallest difference between two times in the database."""


async def bind_database(context: Context) -> None:
    """Check that the database is the one it was, and record where it is. Raises IdentityError."""
    require_certain_identity(context)
    if not context.identity.is_bound:
        await context.stores.identity.bind()
    await context.markers.store_keys()


def require_certain_identity(context: Context) -> None:
    """Check before a write to GitHub outside of a pass. Raises IdentityError as a pass would."""
    if doubt := context.identity.write_doubt:
        raise IdentityError(f"{context.project.name}: {doubt}")


def is_identity_decision(word: str) -> bool:
    """Whether a word of `--accept` is about this or another database."""
    return word in (ACCEPT_MOVED, ACCEPT_COPY) or _is_instance_id(word)


async def record_identity_decision(context: Context, word: str) -> Context:
    """Return the context after a person's decision. Raises UsageError if nothing was to be decided."""
    await context.stores.identity.declare_identity(word)
    identity = await context.stores.identity.read()
    return replace(context, identity=identity, markers=context.markers.for_identity(identity))


def _is_instance_id(word: str) -> bool:
    """Whether the word is a whole UUID: a hash of deletions has sixteen digits."""
    try:
        return str(UUID(word)) == word
    except ValueError:
        return False


ACCEPT_PUBLIC = "public"
"""The word of `reconcile --project P --accept public`."""

OPERATIONS_THAT_SEND_TEXT = (
    Operation.CREATE_ISSUE,
    Operation.CREATE_COMMENT,
    Operation.EDIT_COMMENT,
    *(field.operation for field in SYNCED_FIELDS.values() if field.carries_text),
)


async def update_visibility(context: Context, state: ProjectState, found: Repository) -> ProjectState:
    """Return the state with the repository's present visibility; it is stored if it changed."""
    exposed = state.private is True and not found.private
    now = replace(state, private=state.private if exposed else found.private, exposed=exposed)
    if now != state:
        await context.stores.projects.save_state(now)
    return now


async def accept_public_repository(context: Context) -> None:
    """Record that the operator knows. Raises ProjectError if there is nothing to accept."""
    state = await context.stores.projects.get_state(context.project.id)
    if not state.exposed:
        raise ProjectError(f"{context.project.name}: no text waits because {state.repository} became public")
    await context.stores.projects.save_state(replace(state, private=False, exposed=False))


def sendable_intents(state: ProjectState, intents: Iterable[Intent]) -> list[Intent]:
    """The intents that may be sent while the repository is exposed, or all of them."""
    return [
        intent for intent in intents if not (state.exposed and intent.operation in OPERATIONS_THAT_SEND_TEXT)
    ]


def turned_public_message(context: Context, state: ProjectState) -> str:
    """Say for people that text is held back, and what to do."""
    return (
        f"{context.project.name}: {state.repository} has become public, so titles, comments and new issues "
        f"are held back; accept that with --accept {ACCEPT_PUBLIC}, or make it private again"
    )


async def resolve_repository_and_account(context: Context, state: ProjectState) -> ProjectState:
    """Return the state with repository and account known. An idle pass asks GitHub for neither.

    Raises RecreatedError if the configured name now belongs to another repository, and whatever reading the
    repository or the account raises.
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
        state = replace(state, first_seen_at=await _first_seen_moment(context))
    return state


async def _first_seen_moment(context: Context) -> datetime:
    """Return the moment since which reports count as new, by the clock that dates them.

    That is BugSpark's database, not GitHub and not this machine: a second of difference would lose a report
    that was filed just after. What is there now is older, whatever its date; without any report all are new.
    """
    newest = await context.stores.reports.newest_created_at(context.project.id)
    now = context.clock.now()
    return now - MAX_CLOCK_DIFFERENCE if newest is None else min(newest + TICK, now + MAX_CLOCK_DIFFERENCE)


async def require_same_repository(context: Context, state: ProjectState) -> Repository:
    """Read the repository and check that it is the one we know, with issues.

    Needed before anything is inferred from what it does not show. Raises RecreatedError if the name belongs
    to another repository now, UnreadableError if it does not answer.
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
    """Read the repository before the first write of a pass.

    Raises what `require_same_repository` raises, and ProjectError if it is archived.
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
        private=found.private,  # who connects a repository knows whether it is public
        exposed=False,
        issues=None,
        comments=None,
    )
