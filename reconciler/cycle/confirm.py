"""What a confirmed write means for our memory: base, ledger and story move on in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, assert_never

from reconciler.cycle.context import Context
from reconciler.cycle.tally import Tally
from reconciler.cycle.whole import checked
from reconciler.decide.fields import agree
from reconciler.decide.link import seen_of
from reconciler.decide.mapping import category_of, class_of, severity_of
from reconciler.decide.text import digest, title_to_github
from reconciler.model.fields import Field, IssueState, Side, Status
from reconciler.model.ids import IssueNumber, LinkId
from reconciler.model.intent import (
    Confirmed,
    DeleteWish,
    EditWish,
    Intent,
    LabelWish,
    NewComment,
    NewIssue,
    Operation,
    StateWish,
    TitleWish,
)
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import Base, Entry, EntryState, Link, LinkOrigin, LinkState
from reconciler.model.named import field_of_operation, kind_of_operation
from reconciler.model.plan import Rule, Why
from reconciler.model.report import Report
from reconciler.model.snapshot import Change
from reconciler.ports import Claim


async def confirmed(context: Context, claim: Claim, answer: Confirmed[Any], tally: Tally) -> None:
    """Store a confirmed write: id, base, ledger row, story; the intent is done."""
    link, entry = await _after(context, claim, answer.value)
    await context.stores.intents.confirm(
        claim.intent,
        link=link if link != claim.link else None,  # a comment changes nothing about its link
        entry=entry,
        changes=(*told(claim.intent, link, answer.request_id), *_outweighed(context, claim.intent, link)),
        at=context.github.now(),
    )
    tally.confirmed(claim.intent.operation, link.number if link else IssueNumber(0))


async def adopted(context: Context, intent: Intent, issue: Issue, tally: Tally) -> None:
    """Store the issue of a create whose answer was lost. It has lived on since, so it is looked at whole
    next, as a link is whose rest has ended.
    """
    link = await exported_link(context, intent, issue)
    await context.stores.intents.confirm(
        intent,
        link=replace(link, quarantined_until=issue.created_at) if link.state is LinkState.ACTIVE else link,
        entry=None,
        changes=told(intent, link, None),
        at=context.github.now(),
    )
    tally.confirmed(intent.operation, issue.number)


async def _after(context: Context, claim: Claim, value: Any) -> tuple[Link | None, Entry | None]:
    wish, link, entry = claim.intent.wish, claim.link, claim.entry
    match wish:
        case NewIssue():
            return await exported_link(context, claim.intent, value), None
        case NewComment() if entry is not None:
            return link, _posted(entry, value)
        case EditWish() if entry is not None:
            return link, replace(_posted(entry, value), local_digest=wish.local_digest)
        case DeleteWish() if entry is not None:
            return link, replace(entry, state=EntryState.ENDED, reason="deleted in BugSpark")
        case StateWish() | TitleWish() | LabelWish() if link is not None:
            return _moved(context, claim.intent, wish, link, value), entry
    msg = f"intent {claim.intent.id} was confirmed, but the link or ledger row it belongs to is missing"
    raise ValueError(msg)


def _moved(
    context: Context,
    intent: Intent,
    wish: StateWish | TitleWish | LabelWish,
    link: Link,
    value: Issue | tuple[str, ...],
) -> Link:
    if link.base is None or link.seen is None:
        msg = f"link {link.id} was written to before its first contact"
        raise ValueError(msg)
    seen = (
        seen_of(value) if isinstance(value, Issue) else replace(link.seen, labels=value or link.seen.labels)
    )
    if isinstance(wish, LabelWish) and crowded(context, intent, seen.labels):
        return replace(link, seen=seen)
    base = agree(link.base, Field(intent.operation.value), wish.agreed, remote_title=seen.title)
    return replace(link, base=base, seen=seen)


def crowded(context: Context, intent: Intent, labels: Sequence[str]) -> bool:
    """Somebody else has put on a label of the same field meanwhile: a swap is finished only when exactly one
    is left, so that it is decided again (docs/design.md, Severity and labels)."""
    read = severity_of if intent.operation is Operation.SEVERITY else category_of
    return len(read(labels, context.policy.labels).present) > 1


def _outweighed(context: Context, intent: Intent, link: Link | None) -> Iterator[Change]:
    """A label that somebody put on while ours was being set, and that counts less than ours: it goes when the
    swap is finished, so what it said is kept here. One that counts more is a conflict for the next look.
    """
    if not isinstance(intent.wish, LabelWish) or link is None or link.seen is None:
        return
    read = severity_of if intent.operation is Operation.SEVERITY else category_of
    reading = read(link.seen.labels, context.policy.labels)
    known = {label.casefold() for label in intent.wish.remove}
    for label, value in reading.present.items():
        if reading.value == intent.wish.agreed != value and label.casefold() not in known:
            (change,) = told(intent, link, None)
            yield replace(change, kind=Kind.CONFLICT, remote=value, rule=Rule.SWAP_UNFINISHED, lost=value)


def _posted(entry: Entry, comment: RemoteComment) -> Entry:
    return replace(
        entry,
        state=EntryState.LIVE,
        remote_id=comment.id,
        remote_digest=digest(comment.body),
        remote_updated_at=comment.updated_at,
        reason=None,
    )


async def exported_link(context: Context, intent: Intent, issue: Issue) -> Link:
    """The link of an issue that was created for a report. One whose report was deleted meanwhile is kept as
    such: an issue of ours that nothing knows is the sign of a restore.
    """
    found = (await context.stores.reports.details([intent.report_id])).get(intent.report_id)
    before = await context.stores.ledger.link_of(intent.report_id)
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
        base=_exported_base(context, found[0], issue) if found else None,
        seen=seen_of(issue),
        created_at=issue.created_at,
        revision=0,
    )
    # Comments that an earlier link's ledger knows are no news to a pass: only a whole look sends them here.
    return link if before else replace(link, checked=checked(context, link, None))


def _exported_base(context: Context, report: Report, issue: Issue) -> Base:
    """What the new issue says was agreed on; the report may have moved on since the body was frozen."""
    labels = context.policy.labels
    is_open = class_of(report.status) is IssueState.OPEN
    current = title_to_github(report.tracking_id, report.title) == issue.title
    return Base(
        status=report.status if is_open else Status.NEW,
        severity=severity_of(issue.labels, labels).value or report.severity,
        category=category_of(issue.labels, labels).value or report.category,
        title=report.title if current else "",
        remote_title=issue.title,
    )


def told(intent: Intent, link: Link | None, request_id: str | None) -> Sequence[Change]:
    """A confirmed write in the story: what was decided on, by which rule, and GitHub's own word for it."""
    why = intent.why or Why(rule=Rule.RECORDED)
    change = Change(
        report_id=intent.report_id,
        link_id=link.id if link else intent.link_id,
        side=Side.GITHUB,
        kind=kind_of_operation(intent.operation),
        field=field_of_operation(intent.operation),
        base=why.base,
        local=why.local,
        remote=why.remote,
        to=why.to or _result(intent, link),
        rule=why.rule,
        request_id=request_id,
        since=intent.created_at,
    )
    return (change,)


def _result(intent: Intent, link: Link | None) -> str | None:
    """What there is now, where the decision could not name it yet."""
    match intent.wish:
        case NewIssue():
            return f"{link.repository}#{link.number}" if link else None
        case NewComment() | EditWish():
            return intent.why.local if intent.why else None
        case StateWish(agreed=agreed) | LabelWish(agreed=agreed) | TitleWish(agreed=agreed):
            return agreed
        case DeleteWish():
            return None
    assert_never(intent.wish)
