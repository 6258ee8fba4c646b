"""Record a confirmed write: base, ledger and history in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, assert_never

from reconciler.decide.comment_copies import with_copy
from reconciler.decide.link import seen_issue
from reconciler.fields import SYNCED_FIELDS, initial_base
from reconciler.model.fields import Base, Field, IssueState, Side
from reconciler.model.ids import IssueNumber, LinkId
from reconciler.model.intent import (
    Confirmed,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredFieldWrite,
    DesiredPriority,
    DesiredState,
    Intent,
    NewComment,
    NewIssue,
)
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkOrigin, LinkState, SeenIssue
from reconciler.model.plan import Rule, Why
from reconciler.model.report import Report
from reconciler.model.snapshot import Change
from reconciler.ports import Claim, Confirmation
from reconciler.sync.context import Context
from reconciler.sync.exports.optional_attributes import missing_attribute_message, missing_attributes
from reconciler.sync.full_read import build_verification
from reconciler.sync.result import PassStats


async def record_confirmation(
    context: Context, claim: Claim, answer: Confirmed[Any], stats: PassStats
) -> None:
    """Store a confirmed write: id, base, ledger row, history. The intent is done."""
    await context.stores.intents.confirm(await build_confirmation(context, claim, answer, stats))


async def build_confirmation(
    context: Context, claim: Claim, answer: Confirmed[Any], stats: PassStats
) -> Confirmation:
    """Count a write that GitHub confirmed, and return what is to be stored of it."""
    link, pair = await _confirmed_link_and_pair(context, claim, answer.value)
    stats.count_confirmed_write(claim.intent.operation, link.number if link else IssueNumber(0))
    return Confirmation(
        intent=claim.intent,
        link=link if link != claim.link else None,  # a comment changes nothing about its link
        pair=pair,
        changes=(
            *build_confirmed_write_change(claim.intent, link, answer.request_id),
            *_outranked_label_conflicts(context, claim.intent, link),
            *_missing_attribute_changes(claim.intent, link, answer.value, stats),
        ),
        at=context.github.now(),
    )


async def store_recovered_issue(context: Context, intent: Intent, issue: Issue, stats: PassStats) -> None:
    """Store the issue of a create whose answer was lost.

    People may have changed it since, so it is read in full next, as a link is whose quarantine has ended.
    """
    link = await build_exported_link(context, intent, issue)
    adopted = Confirmation(
        intent=intent,
        link=replace(link, quarantined_until=issue.created_at) if link.state is LinkState.ACTIVE else link,
        pair=None,
        changes=build_confirmed_write_change(intent, link, None),
        at=context.github.now(),
    )
    await context.stores.intents.confirm(adopted)
    stats.count_confirmed_write(intent.operation, issue.number)


async def _confirmed_link_and_pair(
    context: Context, claim: Claim, value: Any
) -> tuple[Link | None, CommentPair | None]:
    desired, link, pair = claim.intent.desired, claim.link, claim.pair
    match desired:
        case NewIssue():
            return await build_exported_link(context, claim.intent, value), None
        case NewComment() if pair is not None:
            return link, _pair_after_post(pair, value)
        case DesiredCommentBody() if pair is not None:
            after = replace(_pair_after_post(pair, value), local_digest=desired.local_digest)
            return link, replace(after, author=desired.author or pair.author)
        case DesiredCommentDeletion() if pair is not None:
            ended = replace(pair, state=CommentPairState.ENDED, reason=value or "deleted in BugSpark")
            return (_link_without_etags(link) if value else link), replace(ended, first_reading=None)
        case DesiredFieldWrite() if link is not None:
            return _link_after_field_write(context, claim.intent, desired, link, value), pair
    msg = f"intent {claim.intent.id} was confirmed, but the link or ledger row it belongs to is missing"
    raise ValueError(msg)


def _link_without_etags(link: Link | None) -> Link | None:
    """The link without the ETags of a thread that had the comment: should it come back, they would match."""
    if link is None or link.verification is None:
        return link
    return replace(link, verification=replace(link.verification, etags=None))


def _link_after_field_write(
    context: Context,
    intent: Intent,
    desired: DesiredFieldWrite,
    link: Link,
    value: Any,
) -> Link:
    if link.base is None or link.seen is None:
        msg = f"link {link.id} was written to before its initial sync"
        raise ValueError(msg)
    seen = _seen_after_field_write(desired, link.seen, value)
    if has_competing_label(context, intent, seen.labels):
        return replace(link, seen=seen)
    base = SYNCED_FIELDS[Field(intent.operation.value)].with_agreed_value(link.base, desired.agreed, seen)
    by_others = None if isinstance(desired, DesiredState) else link.resolution
    return replace(link, base=base, seen=seen, resolution=by_others)


def _seen_after_field_write(desired: DesiredFieldWrite, before: SeenIssue, value: Any) -> SeenIssue:
    """Return what GitHub shows after a write. `value`: the issue, or what it has in the place written."""
    if isinstance(value, Issue):
        seen = seen_issue(value)
        is_shown = before.choices is not None and seen.choices is not None
        return seen if is_shown else replace(seen, choices=before.choices)
    if isinstance(desired, DesiredPriority):
        return replace(before, choices=value)
    return replace(before, labels=value or before.labels)


def has_competing_label(context: Context, intent: Intent, labels: Sequence[str]) -> bool:
    """Whether somebody else has added a label of the same field.

    A swap is finished only when exactly one label is left (docs/design.md, Severity and labels), so the link
    is decided again.
    """
    if isinstance(intent.desired, DesiredPriority):
        return False
    field = SYNCED_FIELDS[Field(intent.operation.value)]
    return field.has_competing_label(labels, context.policy.labels)


def _outranked_label_conflicts(context: Context, intent: Intent, link: Link | None) -> Iterator[Change]:
    """Conflicts for labels that somebody added while ours was being set, and that count less than ours.

    Such a label is removed when the swap is finished, so its value is kept here. One that counts more is a
    conflict for the next observation.
    """
    if not isinstance(intent.desired, DesiredFieldWrite) or link is None or link.seen is None:
        return
    field = SYNCED_FIELDS[Field(intent.operation.value)]
    for value in field.outranked_values(link.seen.labels, intent.desired, context.policy.labels):
        (change,) = build_confirmed_write_change(intent, link, None)
        yield replace(change, kind=Kind.CONFLICT, remote=value, rule=Rule.SWAP_UNFINISHED, lost=value)


def _missing_attribute_changes(
    intent: Intent, link: Link | None, value: Any, stats: PassStats
) -> Iterator[Change]:
    """Name what GitHub did not take of a new issue, as a problem of the pass and in the report's history."""
    if not isinstance(intent.desired, NewIssue):
        return
    for member in missing_attributes(intent.desired, value):
        message = missing_attribute_message(member)
        stats.problems.append(f"{link.repository}#{link.number}: {message}" if link else message)
        (change,) = build_confirmed_write_change(intent, link, None)
        yield replace(change, kind=Kind.NOTE, field=None, local=None, to=None, rule=message)


def _pair_after_post(pair: CommentPair, comment: RemoteComment) -> CommentPair:
    return replace(with_copy(pair, comment), state=CommentPairState.LIVE, reason=None)


async def build_exported_link(context: Context, intent: Intent, issue: Issue) -> Link:
    """Build the link of an issue that was created for a report.

    A report that was deleted since gets a link as well: an issue of ours that no table knows is the sign of a
    restore.
    """
    assert isinstance(intent.desired, NewIssue)
    found = (await context.stores.reports.details([intent.report_id])).get(intent.report_id)
    before = await context.stores.ledger.find_link_of_report(intent.report_id)
    link = Link(
        id=LinkId(context.new_id()),
        project_id=intent.project_id,
        report_id=intent.report_id,
        repository_id=intent.repository_id,
        repository=context.project.repository or "",
        number=issue.number,
        origin=LinkOrigin.EXPORT,
        backfill=True,
        state=LinkState.ACTIVE if found else LinkState.REPORT_DELETED,
        reason=None if found else "the report was deleted while its issue was being made",
        base=_base_of_exported_issue(context, found[0], intent.desired, issue) if found else None,
        seen=seen_issue(issue),  # its choices are stored only where the base has some
        created_at=issue.created_at,
        revision=0,
    )
    people = context.policy.people
    if found and intent.desired.assignees and people.users_of(issue.assignees or ()):
        # Whom the settings assigned is news to BugSpark: read in full next, as after a quarantine.
        link = replace(link, quarantined_until=issue.created_at)
    # Comments that an earlier link's ledger knows are not new to a pass: only a full read sends them here.
    return link if before else replace(link, verification=build_verification(context, link, None))


def _base_of_exported_issue(context: Context, report: Report, sent: NewIssue, issue: Issue) -> Base:
    """The base that the new issue stands for; the report may have changed since the body was frozen.

    What GitHub shows may be later: where the answer was lost, people may have closed, labelled or renamed the
    issue before it was found. Those changes are theirs, and are taken over as such.
    """
    is_in_use = context.policy.priority is not None
    as_sent = replace(
        issue,
        title=sent.title,
        labels=sent.labels,
        state=IssueState.OPEN,
        assignees=(),
        choices=(sent.priority,) if sent.priority and is_in_use else () if is_in_use else None,
    )
    seen = seen_issue(as_sent)
    base = initial_base(report, seen)
    for each in SYNCED_FIELDS.values():
        if each.is_enabled(context.policy):
            value = each.base_value_after_export(report, as_sent, context.policy)
            base = each.with_agreed_value(base, value, seen)
        else:
            base = each.with_values_while_disabled(base, report, seen)
    return base


def build_confirmed_write_change(
    intent: Intent, link: Link | None, request_id: str | None
) -> Sequence[Change]:
    """The history lines of a confirmed write: what was decided on, by which rule, and GitHub's request id."""
    why = intent.why or Why(rule=Rule.RECORDED)
    change = Change(
        report_id=intent.report_id,
        link_id=link.id if link else intent.link_id,
        side=Side.GITHUB,
        kind=intent.kind,
        field=intent.operation.field_name,
        base=why.base,
        local=why.local,
        remote=why.remote,
        to=why.to or _resulting_value(intent, link),
        rule=why.rule,
        request_id=request_id,
        since=intent.created_at,
    )
    return (change,)


def _resulting_value(intent: Intent, link: Link | None) -> str | None:
    """The value that resulted, if the decision could not name it yet."""
    match intent.desired:
        case NewIssue():
            return f"{link.repository}#{link.number}" if link else None
        case NewComment() | DesiredCommentBody():
            return intent.why.local if intent.why else None
        case DesiredFieldWrite():
            return intent.desired.agreed
        case DesiredCommentDeletion():
            return None
    assert_never(intent.desired)
