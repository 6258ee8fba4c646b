"""A dossier read for people: where the sides differ, what became of each comment, how the report stands."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reconciler.decide.comments import COPY_EDITED_IN_BUGSPARK, COPY_EDITED_ON_GITHUB
from reconciler.decide.copies import excerpt
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.synced_field import AnySyncedField, Verdict
from reconciler.model.fields import Base, Field, Side
from reconciler.model.intent import Intent, IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    LIVE_STATES,
    UNLINKED_BEFORE_SENDING,
    CommentPair,
    CommentPairState,
    Link,
    LinkState,
    SeenIssue,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment, Report
from reconciler.model.report_detail import CommentView, FieldView, ReportDetail, ReportView, open_conflicts
from reconciler.text import parse_import, unescape_html

SIDES_MOVED = {
    Verdict.EQUAL: frozenset[Side](),
    Verdict.LOCAL_MOVED: frozenset({Side.BUGSPARK}),
    Verdict.REMOTE_MOVED: frozenset({Side.GITHUB}),
    Verdict.CONFLICT: frozenset({Side.BUGSPARK, Side.GITHUB}),
}
ENDED_STATE_TEXTS = {
    LinkState.UNLINKED: "Not linked",
    LinkState.CONTESTED: "Needs you",
    LinkState.GONE: "Gone on GitHub",
    LinkState.TRANSFERRED: "Transferred on GitHub",
    LinkState.CONVERTED: "Converted on GitHub",
    LinkState.REPORT_DELETED: "Deleted in BugSpark",
}


def report_view(project_name: str, detail: ReportDetail, policy: SyncPolicy, now: datetime) -> ReportView:
    """All of it; conflicts are told as long as they are news. Pure; raises nothing."""
    fields = field_views(detail.report, detail.link, policy)
    state, reason = _report_status(detail, fields, now)
    return ReportView(
        project_name=project_name,
        detail=detail,
        title=unescape_html(detail.report.title),
        state=state,
        reason=reason,
        fields=fields,
        comments=tuple(comment_views(detail)),
    )


# --- the report as a whole --------------------------------------------------------------------------------


def _report_status(
    detail: ReportDetail, fields: tuple[FieldView, ...], now: datetime
) -> tuple[str, str | None]:
    link = detail.link
    if link is None:
        return _unlinked_status(detail)
    if link.state in ENDED_STATE_TEXTS:
        return ENDED_STATE_TEXTS[link.state], link.reason
    if link.quarantined_until is not None:
        return "Needs you", link.reason or "it rests"
    refused = next((each for each in detail.intents if each.state is IntentState.QUARANTINED), None)
    if refused is not None:
        return "Needs you", refused.reason or "GitHub refused a write"
    frozen = next((each for each in fields if each.frozen), None)
    if frozen is not None:
        return "Needs you", frozen.frozen
    if detail.withheld:
        count = len(detail.withheld)
        return "Needs you", f"{count} deletion{'' if count == 1 else 's'} withheld"
    return _conflict_status(_waiting_status(detail, link, fields), detail, now)


def _conflict_status(
    quiet: tuple[str, str | None], detail: ReportDetail, now: datetime
) -> tuple[str, str | None]:
    """A value that was lost goes before what only waits, which is told beside it."""
    lost = [f"{each.change.field}: {each.change.lost} was lost" for each in open_conflicts(detail, now)]
    if not lost:
        return quiet
    return "Conflict", "; ".join([*lost, *([quiet[1]] if quiet[1] else [])])


def _unlinked_status(detail: ReportDetail) -> tuple[str, str | None]:
    if detail.intents:
        return "Waiting", detail.intents[0].reason or "its issue is to be made by the next pass"
    return "Not linked", None


def _waiting_status(
    detail: ReportDetail, link: Link, fields: tuple[FieldView, ...]
) -> tuple[str, str | None]:
    if link.base is None:
        return "Waiting", "the next pass makes first contact"
    if detail.intents:
        count = len(detail.intents)
        return "Waiting", f"{count} write{'' if count == 1 else 's'} pending"
    differing = [each.field.value for each in fields if each.moved]
    if differing:
        return "Waiting", f"the next pass looks at {', '.join(differing)}"
    return "Synced", None


# --- fields -----------------------------------------------------------------------------------------------


def field_views(report: Report, link: Link | None, policy: SyncPolicy) -> tuple[FieldView, ...]:
    """Each synced field; the title only where it is synced."""
    base, seen = (link.base, link.seen) if link else (None, None)
    frozen = {each.field: each.reason for each in link.frozen_fields} if link else {}
    return tuple(
        _field_view(each, report, base, seen, policy, frozen.get(each.field))
        for each in SYNCED_FIELDS.values()
        if each.is_enabled(policy)
    )


def _field_view(
    each: AnySyncedField,
    report: Report,
    base: Base | None,
    seen: SeenIssue | None,
    policy: SyncPolicy,
    frozen: str | None,
) -> FieldView:
    diff = each.diff(report, seen, base, policy) if seen else None
    return FieldView(
        field=each.field,
        bugspark=each.local_value(report),
        agreed=each.base_value(base) if base else None,
        github=each.github_text(diff, seen) if diff and seen else None,
        moved=SIDES_MOVED[diff.verdict] if diff and base else frozenset(),
        frozen=frozen,
    )


def github_value(report: Report, link: Link, field: Field, policy: SyncPolicy) -> str | None:
    """What GitHub last showed of a field, in BugSpark's spelling."""
    if link.seen is None:
        return None
    return SYNCED_FIELDS[field].diff(report, link.seen, link.base, policy).remote


def bugspark_value(report: Report, field: Field) -> str:
    """What BugSpark says."""
    return SYNCED_FIELDS[field].local_value(report)


# --- comments ---------------------------------------------------------------------------------------------


def comment_views(detail: ReportDetail) -> Iterator[CommentView]:
    """BugSpark's comments in their order, then what is known of comments that are not there any more."""
    pairs = {pair.local_id: pair for pair in detail.pairs if pair.local_id is not None}
    wishes = {intent.pair_id: intent for intent in detail.intents if intent.pair_id is not None}
    for comment in detail.comments:
        pair = pairs.get(comment.id)
        shown = _comment_view(comment, pair, wishes.get(pair.id) if pair else None, linked=_is_linked(detail))
        yield _with_withheld_deletion(shown, detail, pair)
    present = {comment.id for comment in detail.comments}
    for pair in detail.pairs:
        if pair.local_id not in present and pair.state is not CommentPairState.ENDED:
            shown = CommentView(
                origin=pair.origin,
                author=pair.author,
                at=pair.remote_updated_at,
                text=None,
                state=_copy_state(pair, wishes.get(pair.id)),
            )
            yield _with_withheld_deletion(shown, detail, pair)


def _with_withheld_deletion(
    shown: CommentView, detail: ReportDetail, pair: CommentPair | None
) -> CommentView:
    """A deletion that waits to be accepted is told with the comment it would take."""
    match detail.withheld.get(pair.id) if pair else None:
        case None:
            return shown
        case Kind.REMOVE_COMMENT:
            return replace(shown, state="deleted on GitHub; deletion here withheld")
        case _:
            return replace(shown, state="deleted in BugSpark; deletion there withheld")


def _is_linked(detail: ReportDetail) -> bool:
    return detail.link is not None and detail.link.state in LIVE_STATES


def _comment_view(
    comment: LocalComment, pair: CommentPair | None, intent: Intent | None, *, linked: bool
) -> CommentView:
    origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
    state = _copy_state(pair, intent) if pair else "waiting" if linked else "not linked"
    form = parse_import(comment.body) if origin is Side.GITHUB else None
    said = form[1] if form else comment.body
    return CommentView(
        origin=pair.origin if pair else origin,
        author=pair.author if pair and pair.origin is Side.GITHUB else comment.author,
        at=comment.created_at,
        text=excerpt(said),
        state=state,
        body=said if origin is Side.GITHUB else unescape_html(said),  # BugSpark stores its own HTML-escaped
    )


def _copy_state(pair: CommentPair, intent: Intent | None) -> str:
    ours = pair.origin is Side.BUGSPARK
    match pair.state:
        case CommentPairState.LIVE if intent is not None and intent.state is IntentState.QUARANTINED:
            return f"refused: {intent.reason}"
        case CommentPairState.LIVE:
            place = "on GitHub" if ours else "in BugSpark"
            return (
                f"{place}, edited there"
                if pair.reason in (COPY_EDITED_ON_GITHUB, COPY_EDITED_IN_BUGSPARK)
                else place
            )
        case CommentPairState.PENDING:
            return _unsent_state(intent)
        case CommentPairState.TOMBSTONE:
            return "deleted there" if ours else "deleted here"
        case CommentPairState.ENDED:
            return (
                f"not sent: {UNLINKED_BEFORE_SENDING}"
                if pair.reason == UNLINKED_BEFORE_SENDING
                else f"original {pair.reason or 'deleted'}"
            )
        case CommentPairState.SKIPPED:
            return f"not sent: {pair.reason}" if ours and pair.remote_id is None else pair.reason or "known"
    assert_never(pair.state)


def _unsent_state(intent: Intent | None) -> str:
    if intent is None:
        return "waiting"
    match intent.state:
        case IntentState.QUARANTINED:
            return f"not sent: {intent.reason}"
        case IntentState.UNKNOWN | IntentState.SENDING:
            return "waiting: GitHub is asked whether it arrived"
        case IntentState.PLANNED:
            return f"waiting: {intent.reason}" if intent.reason else "waiting"
    assert_never(intent.state)
