"""Recover writes whose outcome is unknown: GitHub is read before anything is sent again.

A row found `sending` belongs to a process that died; it is as unknown as a dropped answer. Recovery begins
`settle_seconds` after the attempt ended, because what is still on its way may arrive.

Source: docs/design.md, Writing to GitHub, 5.
"""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.labels import LabelField
from reconciler.logs import EventLogger
from reconciler.model.fields import Base, Field
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.intent import (
    MAYBE_SENT_STATES,
    Confirmed,
    DesiredCommentBody,
    DesiredFieldWrite,
    DesiredLabels,
    DesiredPriority,
    Intent,
    IntentState,
)
from reconciler.model.issue import FieldEvent, Issue
from reconciler.model.kinds import Operation
from reconciler.model.link import CLOCK_TOLERANCE, MAX_CLOCK_ERROR, Link, LinkState
from reconciler.model.snapshot import PoisonedItem, ProjectState
from reconciler.ports import Claim, Confirmation
from reconciler.sync.confirmed_writes import (
    build_confirmed_write_change,
    has_competing_label,
    record_confirmation,
    store_recovered_issue,
)
from reconciler.sync.context import Context
from reconciler.sync.edited_copies import find_issue_candidates, hold_back_ambiguous_write
from reconciler.sync.exports.recorded_exports import retarget_exports
from reconciler.sync.observe import is_own_account, read_own_accounts
from reconciler.sync.own_issues import DUPLICATE_CLOSE_REASON, close_duplicates, report_of_own_issue
from reconciler.sync.result import PassStats
from reconciler.text import text_digest

ISSUE_SEARCH_MARGIN = timedelta(minutes=10)
"""The search for issues begins so long before the first claim, in GitHub's time."""

REQUIRED_EMPTY_READS = 2
"""So many complete reads, `settle_seconds` apart, must find nothing before a create is sent again."""

log = EventLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryFindings:
    """What is to be read in full in this pass, and the intents that are concluded afterwards."""

    links_to_read_in_full: tuple[Link, ...] = ()
    unsettled_comments: tuple[Intent, ...] = ()
    duplicates: tuple[
        IssueNumber, ...
    ] = ()  # of issues that were found; nothing is sent before the lists are read


async def recover_unknown_writes(context: Context, state: ProjectState, stats: PassStats) -> RecoveryFindings:
    """Settle what can be settled now. Raises what reading raises: an incomplete read proves nothing."""
    rows = await context.stores.intents.list_open(context.project.id)
    if any(row.repository_id != state.repository_id for row in rows):
        await retarget_exports(context, state, rows)
    rows = tuple(row for row in rows if row.repository_id == state.repository_id)
    if any(row.state in MAYBE_SENT_STATES for row in rows):
        await context.github.repository()  # so that the waiting is measured in GitHub's time, not in ours
    due = [row for row in rows if _is_recovery_due(context, row)]
    reports = [row.report_id for row in rows if _is_unsent_edit(context, row)]
    comments = []
    duplicates: list[IssueNumber] = []
    for intent in due:
        if intent.operation is Operation.CREATE_ISSUE:
            duplicates += await _recover_issue(context, state, intent, stats)
            continue
        link = await context.stores.ledger.find_link_of_report(intent.report_id)
        if link is None or link.id != intent.link_id or link.state is not LinkState.ACTIVE:
            # The link was cut: nobody reads that issue again, and the claim finds the cause gone.
            await context.stores.intents.save_unconfirmed(replace(intent, state=IntentState.PLANNED))
            continue
        reports.append(intent.report_id)
        if intent.operation is Operation.CREATE_COMMENT:
            comments.append(intent)
        else:
            with suppress(
                GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
            ):  # the full read says what became of the issue
                await _recover_change(context, state, intent, link, stats)
    # As they are stored now: what was confirmed above has moved some of them.
    links = [await context.stores.ledger.find_link_of_report(report) for report in dict.fromkeys(reports)]
    active = tuple(link for link in links if link and link.state is LinkState.ACTIVE)
    return RecoveryFindings(
        links_to_read_in_full=active, unsettled_comments=tuple(comments), duplicates=tuple(duplicates)
    )


async def conclude_recovery(
    context: Context, recovery: RecoveryFindings, overtaken: Collection[ReportId]
) -> None:
    """Count the full reads that did not find a comment.

    One that was found has been adopted, its intent is gone. A read that was not stored, or could not be done,
    does not count. Raises GitHubError if a duplicate was not closed for sure.
    """
    duplicates = []
    for number in recovery.duplicates:
        with suppress(IssueUnreadableError):  # the list shows it when it can be read, and it is closed then
            duplicates.append(await context.github.issue(number))
    if duplicates:
        await close_duplicates(context, duplicates)
    if not recovery.unsettled_comments:
        return
    still = await context.stores.intents.list_open(context.project.id)  # without those in doubt: they changed
    for intent in recovery.unsettled_comments:
        link = await context.stores.ledger.find_link_of_report(intent.report_id)
        full = intent.report_id not in overtaken and link is not None and link.quarantined_until is None
        if intent in still and full:
            await _record_empty_read(context, intent)


def _is_unsent_edit(context: Context, intent: Intent) -> bool:
    """Whether the intent is an unsent edit, which only a full read derives again."""
    if intent.operation is not Operation.EDIT_COMMENT:
        return False
    rested = intent.not_before is None or intent.not_before <= context.github.now() or context.manual
    return intent.state in (IntentState.PLANNED, IntentState.QUARANTINED) and rested


def _is_recovery_due(context: Context, intent: Intent) -> bool:
    if intent.state not in MAYBE_SENT_STATES:
        return False
    last = intent.not_before or _settled_at(context, intent.ended_at or intent.claimed_at)
    return last is None or last <= context.github.now()


def _settled_at(context: Context, at: datetime | None) -> datetime | None:
    return at + timedelta(seconds=context.timing.settle_seconds) if at else None


async def _record_empty_read(context: Context, intent: Intent) -> None:
    empty_searches = intent.empty_searches + 1
    if empty_searches >= REQUIRED_EMPTY_READS:
        log.info("nothing found, sent again", **intent.log_fields)
        again = replace(intent, state=IntentState.PLANNED, empty_searches=0, not_before=None, reason=None)
        await context.stores.intents.save_unconfirmed(again)
        return
    wait = context.github.now() + timedelta(seconds=context.timing.settle_seconds)
    await context.stores.intents.save_unconfirmed(
        replace(intent, state=IntentState.UNKNOWN, empty_searches=empty_searches, not_before=wait)
    )


# --- issues -----------------------------------------------------------------------------------------------


async def _recover_issue(
    context: Context, state: ProjectState, intent: Intent, stats: PassStats
) -> list[IssueNumber]:
    """Adopt the oldest copy, unless it was found to be a duplicate before; returns the numbers of the others.

    If those can't be closed now, the list shows them, and they are closed with its rows.
    """
    copies, edited, unread = await _read_issue_copies(context, state, intent)
    if not copies and unread:
        await _record_incomplete_read(context, intent, unread[0], stats)
        return []
    if not copies and len(edited) > 1:
        await hold_back_ambiguous_write(context, intent, [row.url for row in edited])
        stats.add_write_problem(intent, "can't be told apart")
        return []
    copies = copies or edited
    if not copies:
        await _record_empty_read(context, intent)
        return []
    found = min(copies, key=lambda row: (row.state_reason == DUPLICATE_CLOSE_REASON, row.number))
    await store_recovered_issue(context, intent, found, stats)
    return sorted(row.number for row in copies if row != found)


def _search_start(context: Context, intent: Intent) -> datetime:
    """The time since which an issue of this intent may have been made, by GitHub's present clock."""
    claimed, now = intent.claimed_at or intent.created_at, context.github.now()
    if claimed > now + CLOCK_TOLERANCE:  # GitHub's clock was ahead then: that time means nothing now
        return now - MAX_CLOCK_ERROR
    return claimed - ISSUE_SEARCH_MARGIN


async def _read_issue_copies(
    context: Context, state: ProjectState, intent: Intent
) -> tuple[Sequence[Issue], Sequence[Issue], Sequence[PoisonedItem]]:
    """Read the issues with this intent's marker, by an account of ours; those that may be it, edited; and
    what can't be read beside them.

    A row that can't be read is none of ours where another report is linked to its issue.
    """
    accounts = await read_own_accounts(context, state)
    since = _search_start(context, intent)
    found: dict[int, Issue] = {}
    edited: dict[int, Issue] = {}
    unread: list[PoisonedItem] = []
    async for page in context.github.all_issues(since):
        ours = (
            row for row in page.rows if report_of_own_issue(context, state, accounts, row) == intent.report_id
        )
        found.update((row.number, row) for row in ours)
        unread += page.poisoned
        edited.update(
            (row.number, row) for row in find_issue_candidates(context, accounts, intent, page.rows)
        )
    free = [row for row in edited.values() if not await _is_linked(context, state, row.number)]
    hidden = [row for row in unread if row.number is None or not await _is_linked(context, state, row.number)]
    return tuple(found.values()), free, hidden


async def _is_linked(context: Context, state: ProjectState, number: IssueNumber) -> bool:
    """Whether a report of any project has this issue."""
    return await context.stores.ledger.find_live_link_of_issue(state.repository_id, number) is not None


async def _record_incomplete_read(
    context: Context, intent: Intent, unread: PoisonedItem, stats: PassStats
) -> None:
    """What can't be read may be what was sent: it stays unknown, and people are told so."""
    reason = f"{unread.what}: {unread.reason.rstrip('.')}; it may be the issue that was sent"
    wait = context.github.now() + timedelta(seconds=context.timing.settle_seconds)
    await context.stores.intents.save_unconfirmed(
        replace(intent, state=IntentState.UNKNOWN, not_before=wait, reason=reason)
    )
    stats.add_write_problem(intent, reason)


# --- writes that are derived again ------------------------------------------------------------------------


async def _recover_change(
    context: Context, state: ProjectState, intent: Intent, link: Link, stats: PassStats
) -> None:
    """Confirm what GitHub shows to have been done: a person who undid it since is not overruled.

    What was not done is derived again from the full read.
    """
    desired = intent.desired
    if isinstance(desired, DesiredFieldWrite) and link.base is not None:
        base = await _base_after_write(context, state, intent, desired, link.base)
        if base is not None:
            written = Confirmation(
                intent=intent,
                link=replace(link, base=base),
                pair=None,
                changes=build_confirmed_write_change(intent, link, None),
                at=context.github.now(),
            )
            await context.stores.intents.confirm(written)
            return
    elif isinstance(desired, DesiredCommentBody) and await _confirm_if_edited(
        context, intent, desired, link, stats
    ):
        return
    await context.stores.intents.save_unconfirmed(replace(intent, state=IntentState.PLANNED))


async def _confirm_if_edited(
    context: Context, intent: Intent, desired: DesiredCommentBody, link: Link, stats: PassStats
) -> bool:
    """Confirm an edit if our copy says what was to be sent."""
    try:
        comment = await context.github.comment(desired.remote_id)
    except (GitHubNotFoundError, IssueUnreadableError):
        return False
    local_thread = (await context.stores.ledger.local_threads((link,)))[link.report_id]
    pair = next((each for each in local_thread.pairs if each.id == intent.pair_id), None)
    if pair is None or text_digest(comment.body) != text_digest(desired.body):
        return False
    claim = Claim(intent=intent, link=link, pair=pair)
    await record_confirmation(context, claim, Confirmed(value=comment, request_id=None), stats)
    return True


async def _base_after_write(
    context: Context, state: ProjectState, intent: Intent, desired: DesiredFieldWrite, base: Base
) -> Base | None:
    """Return the base after the write, if its steps are among the issue's events, by an account of ours,
    since the claim; None: it has not happened.

    A label swap that was interrupted in the middle has not happened, unless BugSpark has another value since.
    """
    accounts = await read_own_accounts(context, state)
    since = (intent.claimed_at or intent.created_at).replace(microsecond=0)
    assert intent.number is not None
    ours = {
        (event.value.casefold(), event.added)
        for event in await context.field_events(intent.number)
        if event.at >= since and is_own_account(event.actor, accounts) and _is_event_of_field(event, intent)
    }
    field = SYNCED_FIELDS[Field(intent.operation.value)]
    is_done = field.expected_events(desired) <= ours
    if isinstance(desired, DesiredPriority):  # GitHub may not show such events at all (?)
        chosen = (await context.github.issue(intent.number)).choices or ()
        is_done = is_done or (desired.field_id, desired.option) in chosen
    elif isinstance(desired, DesiredLabels):
        labels = (await context.github.issue(intent.number)).labels if is_done else ()
        if not is_done or has_competing_label(context, intent, labels):
            return await _base_after_unfinished_swap(context, intent, desired, base, ours)
    return field.with_written_value(base, desired) if is_done else None


async def _base_after_unfinished_swap(
    context: Context, intent: Intent, desired: DesiredLabels, base: Base, ours: AbstractSet[tuple[str, bool]]
) -> Base | None:
    """Return the base in which both labels are there, if the report says something else by now.

    Then half a swap counts: its label is our own, the one that it was to remove is no change of GitHub's, and
    what is to be there instead is BugSpark's change.
    """
    field = SYNCED_FIELDS[Field(intent.operation.value)]
    if desired.add is None or (desired.add.casefold(), True) not in ours or not isinstance(field, LabelField):
        return None
    if not await _is_undone_in_bugspark(context, intent, desired):
        return None
    left = tuple(label for label in desired.remove if (label.casefold(), False) not in ours)
    return field.with_unfinished_swap(base, desired, left)


async def _is_undone_in_bugspark(context: Context, intent: Intent, desired: DesiredLabels) -> bool:
    """Whether the report says something else by now."""
    link = await context.stores.ledger.find_link_of_report(intent.report_id)
    report = (await context.stores.ledger.local_threads((link,)))[intent.report_id].report if link else None
    return (
        report is not None
        and SYNCED_FIELDS[Field(intent.operation.value)].local_value(report) != desired.agreed
    )


def _is_event_of_field(event: FieldEvent, intent: Intent) -> bool:
    return event.field.value == intent.operation.value
