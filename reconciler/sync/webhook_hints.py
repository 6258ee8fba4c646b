"""Issues that webhook deliveries named, read directly at the start of a pass: the lists may lag behind.

A delivery is a hint where to look, never data (docs/reference/github.md, Webhooks): what it says is not even
kept. Only linked issues of the project that it was sent for are read; one that is replayed or out of order
finds nothing new. What the issues show is stored before the lists are read
(docs/decisions/0041-named-issues-first.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.decide.link import is_other_issue
from reconciler.model.ids import IssueNumber, LinkId
from reconciler.model.issue import Issue, IssueThread, RemoteComment
from reconciler.model.link import Link
from reconciler.model.plan import EditLocalComment, ImportComment, LinkPlan, SetReportField
from reconciler.model.snapshot import ProjectState
from reconciler.ports import PendingHints
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.decide_observation import decide_observation, find_unrecorded_copies
from reconciler.sync.full_read import ISSUE_NOT_SHOWN_ERRORS, build_link_observations, plan_missing_issue
from reconciler.sync.observe import GitHubObservation
from reconciler.sync.preflight import require_same_repository

MAX_NAMED_ISSUES = 20
"""So many issues are read one by one. When deliveries named more, the lists find the rest for less."""

COMMENTS_PER_PAGE = 100
"""A thread of no more comments is read in one request; of a longer one the list finds the news for less."""


@dataclass(slots=True, kw_only=True)
class WebhookHints:
    """What deliveries led to: issues and threads that were read, plans for issues that are not shown."""

    named_issues: PendingHints = field(default_factory=PendingHints)
    links: tuple[Link, ...] = ()
    known_comment_counts: Mapping[LinkId, int] = field(
        default_factory=dict
    )  # remote comments the ledger believes alive
    issues: dict[IssueNumber, Issue] = field(default_factory=dict)
    threads: dict[Link, IssueThread] = field(default_factory=dict)
    missing_issue_plans: list[LinkPlan] = field(default_factory=list)

    @property
    def request_count(self) -> int:
        """How many requests reading all of this takes."""
        return len(self.links) + sum(self.has_thread_to_read(link) for link in self.links)

    def has_thread_to_read(self, link: Link) -> bool:
        """Whether the thread is read as well."""
        return (
            link.number in self.named_issues.comment_threads
            and self.known_comment_counts.get(link.id, 0) < COMMENTS_PER_PAGE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HintDecision:
    """The decided part of what was read, and what is to be decided again with the lists."""

    plans: tuple[LinkPlan, ...] = ()
    unrecorded_copies: tuple[
        RemoteComment, ...
    ] = ()  # comments with our marker that these links' ledgers do not know
    undecided: frozenset[IssueNumber] = frozenset()


async def load_hints(context: Context, state: ProjectState) -> WebhookHints:
    """Load the links to be read. Nothing is read if no delivery waits."""
    if not state.has_unread_hints:
        return WebhookHints()
    pending = await context.stores.webhooks.pending_hints(context.project.id)
    snapshot = await context.stores.ledger.snapshot(
        context.project.id, state.repository_id, state.repository, numbers=pending.numbers, local=False
    )
    links = {link.number: link for link in snapshot.links}
    chosen = [links[number] for number in pending.numbers if number in links]
    return WebhookHints(
        named_issues=pending,
        links=tuple(chosen[:MAX_NAMED_ISSUES]),
        known_comment_counts=snapshot.remote_comment_counts,
    )


async def read_named_issues(context: Context, state: ProjectState, found: WebhookHints) -> None:
    """Read the issues, one or two requests each. Raises what reading raises; a missing issue is a plan."""
    for link in found.links:
        try:
            await _read_named_issue(context, link, found)
        except ISSUE_NOT_SHOWN_ERRORS as error:
            if (
                not found.missing_issue_plans
            ):  # of a repository that does not answer as itself nothing is inferred
                await require_same_repository(context, state)
            found.missing_issue_plans.append(plan_missing_issue(context, link, error))


async def _read_named_issue(context: Context, link: Link, found: WebhookHints) -> None:
    etags = link.verification.etags if link.verification else None
    if found.has_thread_to_read(link):
        found.threads[link] = await context.github.issue_thread(link.number)
        found.issues[link.number] = found.threads[link].issue
    elif (issue := await context.github.issue_if_changed(link.number, etags)) is not None:
        found.issues[link.number] = issue


async def decide_hints(context: Context, state: ProjectState, found: WebhookHints) -> HintDecision:
    """Decide what follows from the named issues alone. Raises what reading raises.

    Threads that were not read are left to the lists, which may lag behind those, too: such an issue is
    decided again.
    """
    if not found.issues:
        return HintDecision()
    read_in_full = {link.number for link in found.threads}
    if any(is_other_issue(link, thread.issue) for link, thread in found.threads.items()):
        await require_same_repository(context, state)
    single = {number: issue for number, issue in found.issues.items() if number not in read_in_full}
    observation = GitHubObservation(
        issues=single, read_directly=set(single), includes_local=False, is_before_lists=True
    )
    decision = await decide_observation(context, state, observation)
    ended = {issue.number for issue in decision.unlinked_issues}
    views = await build_link_observations(context, state, found.threads)
    plans = [plan for plan in await decide_links(context, views) if not plan.is_idle]
    return HintDecision(
        plans=(*decision.plans, *plans),
        unrecorded_copies=(*decision.unrecorded_copies, *find_unrecorded_copies(views)),
        undecided=frozenset(found.issues)
        if decision.poisoned
        else _issues_with_other_comment_count(found, single) | ended,
    )


def _issues_with_other_comment_count(
    found: WebhookHints, issues: Mapping[IssueNumber, Issue]
) -> frozenset[IssueNumber]:
    """The issues that have more or fewer comments than the ledger knows."""
    counted = {link.number: found.known_comment_counts.get(link.id, 0) for link in found.links}
    return frozenset(number for number, issue in issues.items() if issue.comments != counted[number])


async def mark_hints_read(context: Context, found: WebhookHints) -> None:
    """Mark the deliveries as handled: what they led to is stored."""
    if found.named_issues.delivery_ids:
        at = context.clock.now()
        await context.stores.webhooks.mark_handled(context.project.id, found.named_issues.delivery_ids, at)


async def record_expected_deliveries(
    context: Context, state: ProjectState, observation: GitHubObservation, plans: Sequence[LinkPlan]
) -> None:
    """Tell the store which changes of the lists a working webhook should have announced, or will shortly."""
    if not state.has_webhook:
        return
    ahead = context.github_clock_difference()
    changes = {number: at - ahead for number, at in _remote_change_times(observation, plans).items()}
    if changes:
        await context.stores.webhooks.record_listed_changes(context.project.id, changes, context.clock.now())


def _remote_change_times(
    observation: GitHubObservation, plans: Sequence[LinkPlan]
) -> Mapping[IssueNumber, datetime]:
    """When the issues were changed that people changed on GitHub, as far as these rows say.

    A deleted comment leaves no time behind (docs/reference/github.md, Lists).
    """
    brought = [plan for plan in plans if any(_is_remote_change(action) for action in plan.actions)]
    found = {}
    for number in (plan.link.number for plan in brought if plan.link.number not in observation.read_directly):
        rows = [row.updated_at for row in observation.comments.values() if row.issue_number == number]
        if number in observation.issues:
            rows.append(observation.issues[number].updated_at)
        if rows:
            found[number] = max(rows)
    return found


def _is_remote_change(action: object) -> bool:
    return isinstance(action, SetReportField | ImportComment | EditLocalComment)
