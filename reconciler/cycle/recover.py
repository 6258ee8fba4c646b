"""Writes whose outcome is unknown: GitHub is looked at before anything is sent again (DESIGN.md, 5).

A row found `sending` is of a process that died; it is as unknown as a dropped answer. Not before
`settle_seconds` after the attempt ended: what is still on its way may arrive.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from reconciler.cycle.confirm import confirmed
from reconciler.cycle.context import Context
from reconciler.cycle.observe import accounts_of
from reconciler.cycle.tally import Tally
from reconciler.cycle.write import WRITE_POINTS
from reconciler.decide.fields import agree
from reconciler.model.fields import Field, IssueState
from reconciler.model.ids import AccountId, ReportId
from reconciler.model.intent import (
    Confirmed,
    Intent,
    IntentState,
    LabelWish,
    Operation,
    StateWish,
    TitleWish,
)
from reconciler.model.issue import FieldEvent, Issue
from reconciler.model.link import Link, LinkState
from reconciler.model.snapshot import Memory
from reconciler.ports import Claim

BEFORE = timedelta(minutes=10)
"""Issues are looked for from this long before the first claim, in GitHub's time."""

ENOUGH = 2
"""So many complete looks, `settle_seconds` apart, must find nothing before a create is sent again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What is to be looked at whole in this pass, and the intents that are concluded afterwards."""

    links: tuple[Link, ...] = ()
    comments: tuple[Intent, ...] = ()


async def recover(context: Context, memory: Memory, tally: Tally) -> Recovery:
    """Settle what can be settled now. Raises what reading raises: an incomplete look proves nothing."""
    rows = await context.stores.intents.open(context.project.id)
    due = [row for row in rows if row.repository_id == memory.repository_id and _is_due(context, row)]
    links: dict[object, Link] = {}
    comments = []
    for intent in due:
        if intent.operation is Operation.CREATE_ISSUE:
            await _issue(context, memory, intent, tally)
            continue
        link = await context.stores.ledger.link_of(intent.report_id)
        if link is None or link.id != intent.link_id or link.state is not LinkState.ACTIVE:
            # The link was cut: nobody will look there again, and the claim finds the cause gone.
            await context.stores.intents.settle(replace(intent, state=IntentState.PLANNED))
            continue
        links[link.id] = link
        if intent.operation is Operation.CREATE_COMMENT:
            comments.append(intent)
        else:
            await _derived(context, memory, intent, link)
    return Recovery(links=tuple(links.values()), comments=tuple(comments))


async def conclude(context: Context, recovery: Recovery, overtaken: Collection[ReportId]) -> None:
    """After the whole look: a comment that was found has been adopted, its intent is gone; one that was not
    is counted. A look that was not stored, or could not be taken, counts for nothing.
    """
    if not recovery.comments:
        return
    still = {row.id for row in await context.stores.intents.open(context.project.id)}
    for intent in recovery.comments:
        link = await context.stores.ledger.link_of(intent.report_id)
        looked = intent.report_id not in overtaken and link is not None and link.quarantined_until is None
        if intent.id in still and looked:
            await _nothing_found(context, intent)


def _is_due(context: Context, intent: Intent) -> bool:
    if intent.state not in (IntentState.SENDING, IntentState.UNKNOWN):
        return False
    last = intent.not_before or _settled(context, intent.ended_at or intent.claimed_at)
    return last is None or last <= context.github.now()


def _settled(context: Context, at: datetime | None) -> datetime | None:
    return at + timedelta(seconds=context.timing.settle) if at else None


async def _nothing_found(context: Context, intent: Intent) -> None:
    looks = intent.empty_looks + 1
    if looks >= ENOUGH:
        log.info("nothing found, sent again", operation=intent.operation.value, report=str(intent.report_id))
        again = replace(intent, state=IntentState.PLANNED, empty_looks=0, not_before=None, reason=None)
        await context.stores.intents.settle(again)
        return
    wait = context.github.now() + timedelta(seconds=context.timing.settle)
    await context.stores.intents.settle(
        replace(intent, state=IntentState.UNKNOWN, empty_looks=looks, not_before=wait)
    )


# --- issues -----------------------------------------------------------------------------------------------


async def _issue(context: Context, memory: Memory, intent: Intent, tally: Tally) -> None:
    copies = await _copies(context, memory, intent)
    if not copies:
        await _nothing_found(context, intent)
        return
    claim = Claim(intent=intent, link=None, entry=None)
    await confirmed(context, claim, Confirmed(value=copies[0], request_id=None), tally)
    for double in copies[1:]:
        await _close_double(context, double)


async def _copies(context: Context, memory: Memory, intent: Intent) -> Sequence[Issue]:
    """Issues with this intent's marker, by an account of ours, oldest first."""
    accounts = await accounts_of(context, memory)
    since = (intent.claimed_at or intent.created_at) - BEFORE
    found: dict[int, Issue] = {}
    async for page in context.github.all_issues(since):
        found.update((row.number, row) for row in page.rows if _is_copy(context, intent, accounts, row))
    return sorted(found.values(), key=lambda row: row.number)


def _is_copy(context: Context, intent: Intent, accounts: frozenset[AccountId], row: Issue) -> bool:
    if row.author is None or row.author.id not in accounts:
        return False
    return context.markers.read(row.body, "issue", intent.repository_id, 0) == intent.local_id


async def _close_double(context: Context, issue: Issue) -> None:
    """An issue is never deleted; a second one is closed as a duplicate."""
    if issue.state is IssueState.CLOSED:
        return
    slot = await context.stores.governor.slot(context.github.credential, WRITE_POINTS)
    await context.clock.sleep((slot - context.clock.now()).total_seconds())
    await context.github.set_state(issue.number, IssueState.CLOSED, "duplicate")


# --- what is derived anew ---------------------------------------------------------------------------------


async def _derived(context: Context, memory: Memory, intent: Intent, link: Link) -> None:
    """If GitHub's events show our write, it was confirmed, and who undid it since is not overruled. If not,
    it is derived again from the whole look."""
    wish = intent.wish
    if isinstance(wish, StateWish | LabelWish | TitleWish) and link.base is not None:
        accounts = await accounts_of(context, memory)
        events = await context.github.field_events(link.number)
        if any(_is_ours(event, intent, wish, accounts) for event in events):
            title = wish.title if isinstance(wish, TitleWish) else link.base.remote_title
            base = agree(link.base, Field(intent.operation.value), wish.agreed, remote_title=title)
            await context.stores.intents.confirm(
                intent, link=replace(link, base=base), entry=None, changes=(), at=context.github.now()
            )
            return
    await context.stores.intents.settle(replace(intent, state=IntentState.PLANNED))


def _is_ours(
    event: FieldEvent, intent: Intent, wish: StateWish | LabelWish | TitleWish, accounts: frozenset[AccountId]
) -> bool:
    since = (intent.claimed_at or intent.created_at).replace(microsecond=0)
    if event.field.value != intent.operation.value or event.at < since:
        return False
    if event.actor is None or event.actor.id not in accounts:
        return False
    match wish:
        case StateWish():
            return event.value == ("closed" if wish.state is IssueState.CLOSED else "reopened")
        case LabelWish():
            wanted = wish.add or next(iter(wish.remove), "")
            return event.value.casefold() == wanted.casefold() and event.added == (wish.add is not None)
        case TitleWish():
            return event.value == wish.title
