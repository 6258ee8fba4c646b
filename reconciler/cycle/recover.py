"""Writes whose outcome is unknown: GitHub is looked at before anything is sent again.

A row found `sending` is of a process that died; it is as unknown as a dropped answer. Not before
`settle_seconds` after the attempt ended: what is still on its way may arrive.

Source: docs/design.md, Writing to GitHub, 5.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.cycle.confirm import adopted, confirmed, crowded, told
from reconciler.cycle.context import Context
from reconciler.cycle.observe import accounts_of, may_be_ours
from reconciler.cycle.ours import DUPLICATE, close_doubles, report_of
from reconciler.cycle.tally import Tally
from reconciler.decide.fields import agree
from reconciler.decide.text import digest
from reconciler.errors import MovedError, NotThereError
from reconciler.logs import Log
from reconciler.model.fields import Field, IssueState
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.intent import (
    OUTSTANDING,
    Confirmed,
    EditWish,
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
from reconciler.model.values import dataclass
from reconciler.ports import Claim

BEFORE = timedelta(minutes=10)
"""Issues are looked for from this long before the first claim, in GitHub's time."""

ENOUGH = 2
"""So many complete looks, `settle_seconds` apart, must find nothing before a create is sent again."""

log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What is to be looked at whole in this pass, and the intents that are concluded afterwards."""

    links: tuple[Link, ...] = ()
    comments: tuple[Intent, ...] = ()
    doubles: tuple[
        IssueNumber, ...
    ] = ()  # of issues that were found; nothing is sent before the lists are read


async def recover(context: Context, memory: Memory, tally: Tally) -> Recovery:
    """Settle what can be settled now. Raises what reading raises: an incomplete look proves nothing."""
    rows = await context.stores.intents.open(context.project.id)
    rows = tuple(row for row in rows if row.repository_id == memory.repository_id)
    if any(row.state in OUTSTANDING for row in rows):
        await context.github.repository()  # so that the waiting is measured in GitHub's time, not in ours
    due = [row for row in rows if _is_due(context, row)]
    reports = [row.report_id for row in rows if _is_unsent_edit(context, row)]
    comments = []
    doubles: list[IssueNumber] = []
    for intent in due:
        if intent.operation is Operation.CREATE_ISSUE:
            doubles += await _issue(context, memory, intent, tally)
            continue
        link = await context.stores.ledger.link_of(intent.report_id)
        if link is None or link.id != intent.link_id or link.state is not LinkState.ACTIVE:
            # The link was cut: nobody will look there again, and the claim finds the cause gone.
            await context.stores.intents.settle(replace(intent, state=IntentState.PLANNED))
            continue
        reports.append(intent.report_id)
        if intent.operation is Operation.CREATE_COMMENT:
            comments.append(intent)
        else:
            with suppress(NotThereError, MovedError):  # the whole look says what became of the issue
                await _derived(context, memory, intent, link, tally)
    # As they are stored now: what was confirmed above has moved some of them.
    links = [await context.stores.ledger.link_of(report) for report in dict.fromkeys(reports)]
    active = tuple(link for link in links if link and link.state is LinkState.ACTIVE)
    return Recovery(links=active, comments=tuple(comments), doubles=tuple(doubles))


async def conclude(context: Context, recovery: Recovery, overtaken: Collection[ReportId]) -> None:
    """After the whole look: a comment that was found has been adopted, its intent is gone; one that was not
    is counted. A look that was not stored, or could not be taken, counts for nothing. Raises GitHubError
    while a double can't be closed for sure.
    """
    await close_doubles(context, [await context.github.issue(number) for number in recovery.doubles])
    if not recovery.comments:
        return
    still = {row.id for row in await context.stores.intents.open(context.project.id)}
    for intent in recovery.comments:
        link = await context.stores.ledger.link_of(intent.report_id)
        looked = intent.report_id not in overtaken and link is not None and link.quarantined_until is None
        if intent.id in still and looked:
            await _nothing_found(context, intent)


def _is_unsent_edit(context: Context, intent: Intent) -> bool:
    """Only a whole look derives such a wish again, and until the next verification there would be none."""
    if intent.operation is not Operation.EDIT_COMMENT:
        return False
    rested = intent.not_before is None or intent.not_before <= context.github.now() or context.by_hand
    return intent.state in (IntentState.PLANNED, IntentState.QUARANTINED) and rested


def _is_due(context: Context, intent: Intent) -> bool:
    if intent.state not in OUTSTANDING:
        return False
    last = intent.not_before or _settled(context, intent.ended_at or intent.claimed_at)
    return last is None or last <= context.github.now()


def _settled(context: Context, at: datetime | None) -> datetime | None:
    return at + timedelta(seconds=context.timing.settle) if at else None


async def _nothing_found(context: Context, intent: Intent) -> None:
    looks = intent.empty_looks + 1
    if looks >= ENOUGH:
        log.info("nothing found, sent again", **intent.named)
        again = replace(intent, state=IntentState.PLANNED, empty_looks=0, not_before=None, reason=None)
        await context.stores.intents.settle(again)
        return
    wait = context.github.now() + timedelta(seconds=context.timing.settle)
    await context.stores.intents.settle(
        replace(intent, state=IntentState.UNKNOWN, empty_looks=looks, not_before=wait)
    )


# --- issues -----------------------------------------------------------------------------------------------


async def _issue(context: Context, memory: Memory, intent: Intent, tally: Tally) -> list[IssueNumber]:
    """The oldest one is the answer, but for one that was found to be a double before. Returns the numbers of
    the rest; where nothing comes to closing them, the list shows them, and they are healed with its rows.
    """
    copies = await _copies(context, memory, intent)
    if not copies:
        await _nothing_found(context, intent)
        return []
    found = min(copies, key=lambda row: (row.state_reason == DUPLICATE, row.number))
    await adopted(context, intent, found, tally)
    return sorted(row.number for row in copies if row != found)


async def _copies(context: Context, memory: Memory, intent: Intent) -> Sequence[Issue]:
    """Issues with this intent's marker, by an account of ours."""
    accounts = await accounts_of(context, memory)
    since = (intent.claimed_at or intent.created_at) - BEFORE
    found: dict[int, Issue] = {}
    async for page in context.github.all_issues(since):
        ours = (row for row in page.rows if report_of(context, memory, accounts, row) == intent.report_id)
        found.update((row.number, row) for row in ours)
    return tuple(found.values())


# --- what is derived anew ---------------------------------------------------------------------------------


async def _derived(context: Context, memory: Memory, intent: Intent, link: Link, tally: Tally) -> None:
    """What GitHub shows to have been done is confirmed, and who undid it since is not overruled. What it does
    not is derived again from the whole look."""
    wish = intent.wish
    if isinstance(wish, StateWish | LabelWish | TitleWish) and link.base is not None:
        if await _all_happened(context, memory, intent, wish):
            title = wish.title if isinstance(wish, TitleWish) else link.base.remote_title
            base = agree(link.base, Field(intent.operation.value), wish.agreed, remote_title=title)
            await context.stores.intents.confirm(
                intent,
                link=replace(link, base=base),
                entry=None,
                changes=told(intent, link, None),
                at=context.github.now(),
            )
            return
    elif isinstance(wish, EditWish) and await _edited(context, intent, wish, link, tally):
        return
    await context.stores.intents.settle(replace(intent, state=IntentState.PLANNED))


async def _edited(context: Context, intent: Intent, wish: EditWish, link: Link, tally: Tally) -> bool:
    """Our copy says what was to be sent."""
    try:
        comment = await context.github.comment(wish.remote_id)
    except NotThereError:
        return False
    half = (await context.stores.ledger.threads((link,)))[link.report_id]
    entry = next((each for each in half.entries if each.id == intent.entry_id), None)
    if entry is None or digest(comment.body) != digest(wish.body):
        return False
    claim = Claim(intent=intent, link=link, entry=entry)
    await confirmed(context, claim, Confirmed(value=comment, request_id=None), tally)
    return True


async def _all_happened(
    context: Context, memory: Memory, intent: Intent, wish: StateWish | LabelWish | TitleWish
) -> bool:
    """Every step of the write is among the issue's events, by an account of ours, since the claim. A label
    swap cut short in the middle has not happened."""
    accounts = await accounts_of(context, memory)
    since = (intent.claimed_at or intent.created_at).replace(microsecond=0)
    assert intent.number is not None
    ours = {
        (event.value.casefold(), event.added)
        for event in await context.github.field_events(intent.number)
        if event.at >= since and may_be_ours(event.actor, accounts) and _concerns(event, intent)
    }
    done = _steps(wish) <= ours
    if not isinstance(wish, LabelWish):
        return done
    if done and not crowded(context, intent, (await context.github.issue(intent.number)).labels):
        return True
    added = wish.add is not None and (wish.add.casefold(), True) in ours
    return added and await _undone(context, intent, wish)


async def _undone(context: Context, intent: Intent, wish: LabelWish) -> bool:
    """The report says something else by now. Then half a swap counts as whole: its label is our own word, and
    what is to be there instead is BugSpark's move."""
    link = await context.stores.ledger.link_of(intent.report_id)
    report = (await context.stores.ledger.threads((link,)))[intent.report_id].report if link else None
    return report is not None and getattr(report, intent.operation.value) != wish.agreed


def _concerns(event: FieldEvent, intent: Intent) -> bool:
    return event.field.value == intent.operation.value


def _steps(wish: StateWish | LabelWish | TitleWish) -> set[tuple[str, bool]]:
    match wish:
        case StateWish():
            return {("closed" if wish.state is IssueState.CLOSED else "reopened", True)}
        case LabelWish():
            added = {(wish.add.casefold(), True)} if wish.add else set()
            return added | {(label.casefold(), False) for label in wish.remove}
        case TitleWish():
            return {(wish.title.casefold(), True)}
    assert_never(wish)
