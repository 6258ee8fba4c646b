"""Who may claim an issue: an account with at least the Triage role on its repository, or the operator's App.

Anybody can read a public repository, so anybody could link its issues and thereby keep the project out that
works there. It is checked when a link is made and again at every initial sync. The issue of an export is not
claimed: this program has made it. Of two that may, the one that holds the issue keeps it.

Source: docs/security.md, Claims.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.errors import UsageError
from reconciler.model.issue import Repository
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context

CLAIM_RETRY_DELAY = timedelta(hours=1)
"""A refused link is tried again after this time, or by a pass that a person orders."""

BOT_SUFFIX = "[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaims:
    """Links whose issues may be claimed, and the plans of those that are refused."""

    links: tuple[Link, ...]
    refusals: tuple[LinkPlan, ...] = ()


async def find_claim_problem(context: Context, state: ProjectState) -> str | None:
    """Read from GitHub why this project may not claim issues of its repository; None: it may."""
    if _has_operators_app(context):
        return None
    return claim_problem(context, await context.github.repository(), state.account_login or "")


def _has_operators_app(context: Context) -> bool:
    integration = context.project.integration
    return integration is not None and integration.token is None


def claim_problem(context: Context, repository: Repository, login: str) -> str | None:
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


async def require_claim(context: Context, state: ProjectState) -> None:
    """Check before a link is made by command. Raises UsageError with the reason and what to do."""
    if problem := await find_claim_problem(context, state):
        raise UsageError(problem)


async def check_claims(context: Context, state: ProjectState, links: Sequence[Link]) -> CheckedClaims:
    """Check links that await their initial sync; refused ones hold no issue and are tried again later."""
    claims = [link for link in links if link.origin is not LinkOrigin.EXPORT]
    problem = await find_claim_problem(context, state) if claims else None
    if problem is None:
        return CheckedClaims(links=tuple(links))
    return CheckedClaims(
        links=tuple(link for link in links if link not in claims),
        refusals=tuple(_refusal(context, link, problem) for link in claims),
    )


async def check_contested_links(
    context: Context, state: ProjectState, links: Sequence[Link]
) -> CheckedClaims:
    """Check links whose issues reports of other projects name as well."""
    numbers = await context.stores.ledger.numbers_contested_by_others(context.project.id, state.repository_id)
    contested = [link for link in links if link.number in numbers]
    checked = await check_claims(context, state, contested)
    kept = [link for link in links if link not in contested or link in checked.links]
    return CheckedClaims(links=tuple(kept), refusals=checked.refusals)


async def request_claim_checks(context: Context, state: ProjectState, plans: Sequence[LinkPlan]) -> None:
    """Have the holders of contested issues checked, if they are other projects: they may have lost the right,
    or have taken the issue before it was asked for.
    """
    numbers = {plan.link.number for plan in plans if plan.after.state is LinkState.CONTESTED}
    if numbers:
        await context.stores.ledger.request_claim_check(
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
