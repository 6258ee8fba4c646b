"""What is checked before a pass writes: the database, the repository and its visibility, our account.

Whether this database is the one that may write, and what a person says about it
(docs/decisions/0030-which-database.md).

A repository that turned public gets no text of BugSpark's until a person allows it (docs/design.md, Guard;
docs/decisions/0016-turned-public.md); states and labels go on.

The repository's numeric id and our account are remembered between passes.

Who may claim an issue: an account with at least the Triage role on its repository, or the operator's App.
Anybody can read a public repository, so anybody could link its issues and thereby keep the project out that
works there. It is checked when a link is made and again at every initial sync. The issue of an export is not
claimed: this program has made it. Of two that may, the one that holds the issue keeps it (docs/security.md,
Claims).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from reconciler.errors import (
    DatabaseIdentityError,
    ProjectError,
    RefusedError,
    RepositoryInaccessibleError,
    RepositoryRecreatedError,
)
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.database_identity import ACCEPT_COPY, ACCEPT_MOVED
from reconciler.model.intent import Intent
from reconciler.model.issue import Repository
from reconciler.model.kinds import Operation
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.sync.context import Context

MAX_CLOCK_DIFFERENCE = timedelta(days=1)
"""So far the database's clock may be from ours; a report dated later is not believed."""

TICK = timedelta(microseconds=1)
"""The smallest difference between two times in the database."""


async def bind_database(context: Context) -> None:
    """Check that the database is the one it was, and record where it is. Raises DatabaseIdentityError."""
    require_certain_identity(context)
    if not context.identity.is_bound:
        await context.stores.identity.bind()
    await context.markers.store_keys()


def require_certain_identity(context: Context) -> None:
    """Check before a write to GitHub outside of a pass. Raises DatabaseIdentityError as a pass would."""
    if doubt := context.identity.reason_not_to_write:
        raise DatabaseIdentityError(f"{context.project.name}: {doubt}")


def is_identity_decision(word: str) -> bool:
    """Whether a word of `--accept` is about this or another database."""
    return word in (ACCEPT_MOVED, ACCEPT_COPY) or _is_instance_id(word)


async def record_identity_decision(context: Context, word: str) -> Context:
    """Return the context after a person's decision.

    Raises RefusedError if nothing was to be decided, UsageError for an unknown instance.
    """
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


def intents_allowed_while_public(state: ProjectState, intents: Iterable[Intent]) -> list[Intent]:
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

    Raises RepositoryRecreatedError if the configured name now belongs to another repository, and whatever
    reading the repository or the account raises.
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
        state = replace(state, first_seen_at=await _new_reports_since(context))
    return state


async def _new_reports_since(context: Context) -> datetime:
    """Return the moment since which reports count as new, by the clock that dates them.

    That is BugSpark's database, not GitHub and not this machine: a second of difference would lose a report
    that was filed just after. What is there now is older, whatever its date; without any report all are new.
    """
    newest = await context.stores.reports.newest_created_at(context.project.id)
    now = context.clock.now()
    return now - MAX_CLOCK_DIFFERENCE if newest is None else min(newest + TICK, now + MAX_CLOCK_DIFFERENCE)


async def require_same_repository(context: Context, state: ProjectState) -> Repository:
    """Read the repository and check that it is the one we know, with issues.

    Needed before anything is inferred from what it does not show. Raises RepositoryRecreatedError if the name
    belongs to another repository now, RepositoryInaccessibleError if it does not answer.
    """
    found = await context.github.repository()
    if found.id != state.repository_id:
        raise RepositoryRecreatedError(
            f"{context.project.name}: {state.repository} is another repository now (id {found.id}, it was "
            f"{state.repository_id}). Nothing was written. If that is intended, unlink the reports first."
        )
    if not found.has_issues:
        raise RepositoryInaccessibleError(
            f"{context.project.name}: issues are switched off in {found.full_name}"
        )
    return found


async def require_unarchived_repository(context: Context, state: ProjectState) -> Repository:
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
        raise RepositoryRecreatedError(
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


# --- claims ---


CLAIM_RETRY_DELAY = timedelta(hours=1)
"""A refused link is tried again after this time, or by a pass that a person orders."""

BOT_SUFFIX = "[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLinks:
    """Links whose issues may be claimed, and the plans of those that are refused."""

    links: tuple[Link, ...]
    refusals: tuple[LinkPlan, ...] = ()


async def find_linking_problem(context: Context, state: ProjectState) -> str | None:
    """Read from GitHub why this project may not claim issues of its repository; None: it may."""
    if _has_operators_app(context):
        return None
    return linking_problem(context, await context.github.repository(), state.account_login or "")


def _has_operators_app(context: Context) -> bool:
    integration = context.project.integration
    return integration is not None and integration.token is None


def linking_problem(context: Context, repository: Repository, login: str) -> str | None:
    """Say why an account may not claim issues of a repository, and what to do; None: it may.

    GitHub tells a user's role; where it does not, the token belongs to some App, which can read any public
    repository.
    """
    if _has_operators_app(context):
        return None
    is_told = repository.can_triage is not None
    if repository.can_triage if is_told else not login.endswith(BOT_SUFFIX):
        return None
    return (
        f"linking issues of {repository.full_name} needs at least the Triage role there, which the account of"
        " this project's token does not have: give it that role on GitHub, or enter another account's token"
    )


async def require_linking_right(context: Context, state: ProjectState) -> None:
    """Check before a link is made by command. Raises RefusedError with the reason and what to do."""
    if problem := await find_linking_problem(context, state):
        raise RefusedError(problem)


async def check_linking_rights(context: Context, state: ProjectState, links: Sequence[Link]) -> CheckedLinks:
    """Check links that await their initial sync; refused ones hold no issue and are tried again later."""
    claims = [link for link in links if link.origin is not LinkOrigin.EXPORT]
    problem = await find_linking_problem(context, state) if claims else None
    if problem is None:
        return CheckedLinks(links=tuple(links))
    return CheckedLinks(
        links=tuple(link for link in links if link not in claims),
        refusals=tuple(_refusal(context, link, problem) for link in claims),
    )


async def check_contested_links(context: Context, state: ProjectState, links: Sequence[Link]) -> CheckedLinks:
    """Check links whose issues reports of other projects name as well."""
    numbers = await context.stores.ledger.numbers_contested_by_others(context.project.id, state.repository_id)
    contested = [link for link in links if link.number in numbers]
    checked = await check_linking_rights(context, state, contested)
    kept = [link for link in links if link not in contested or link in checked.links]
    return CheckedLinks(links=tuple(kept), refusals=checked.refusals)


async def request_linking_right_checks(
    context: Context, state: ProjectState, plans: Sequence[LinkPlan]
) -> None:
    """Have the holders of contested issues checked, if they are other projects: they may have lost the right,
    or have taken the issue before it was asked for.
    """
    numbers = {plan.link.number for plan in plans if plan.after.state is LinkState.CONTESTED}
    if numbers:
        await context.stores.ledger.request_linking_right_check(
            context.project.id, state.repository_id, numbers, context.github.now()
        )


def _refusal(context: Context, link: Link, problem: str) -> LinkPlan:
    after = replace(
        link,
        state=LinkState.CONTESTED,
        reason=problem,
        quarantined_until=context.clock.now() + CLAIM_RETRY_DELAY,
    )
    return LinkPlan(link=link, report=None, after=after)
