"""A dossier read for people: where the sides differ, what became of each comment, how the report stands."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reconciler.decide import diff
from reconciler.decide.comments import EDITED_COPY, EDITED_HERE
from reconciler.decide.diff import FieldDiff, Verdict
from reconciler.decide.recognise import excerpt
from reconciler.decide.text import is_imported, unescape
from reconciler.model.disputes import open_conflicts
from reconciler.model.dossier import CommentShown, Dossier, FieldShown, ReportShown
from reconciler.model.fields import Field, Side
from reconciler.model.intent import Intent, IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import CUT, Base, Entry, EntryState, Link, LinkState, Seen
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment, Report

MOVED = {
    Verdict.EQUAL: frozenset[Side](),
    Verdict.LOCAL_MOVED: frozenset({Side.BUGSPARK}),
    Verdict.REMOTE_MOVED: frozenset({Side.GITHUB}),
    Verdict.CONFLICT: frozenset({Side.BUGSPARK, Side.GITHUB}),
}
ENDS = {
    LinkState.UNLINKED: "Not linked",
    LinkState.CONTESTED: "Needs you",
    LinkState.GONE: "Gone on GitHub",
    LinkState.TRANSFERRED: "Transferred on GitHub",
    LinkState.CONVERTED: "Converted on GitHub",
    LinkState.REPORT_DELETED: "Deleted in BugSpark",
}


def explain(project_name: str, dossier: Dossier, policy: SyncPolicy, now: datetime) -> ReportShown:
    """All of it; conflicts are told as long as they are news. Pure; raises nothing."""
    fields = fields_of(dossier.report, dossier.link, policy)
    state, reason = _standing(dossier, fields, now)
    return ReportShown(
        project_name=project_name,
        dossier=dossier,
        title=unescape(dossier.report.title),
        state=state,
        reason=reason,
        fields=fields,
        comments=tuple(comments_of(dossier)),
    )


# --- the report as a whole --------------------------------------------------------------------------------


def _standing(dossier: Dossier, fields: tuple[FieldShown, ...], now: datetime) -> tuple[str, str | None]:
    link = dossier.link
    if link is None:
        return _unlinked(dossier)
    if link.state in ENDS:
        return ENDS[link.state], link.reason
    if link.quarantined_until is not None:
        return "Needs you", link.reason or "it rests"
    refused = next((each for each in dossier.intents if each.state is IntentState.QUARANTINED), None)
    if refused is not None:
        return "Needs you", refused.reason or "GitHub refused a write"
    frozen = next((each for each in fields if each.frozen), None)
    if frozen is not None:
        return "Needs you", frozen.frozen
    if dossier.withheld:
        count = len(dossier.withheld)
        return "Needs you", f"{count} deletion{'' if count == 1 else 's'} withheld"
    return _disputed(_waits(dossier, link, fields), dossier, now)


def _disputed(quiet: tuple[str, str | None], dossier: Dossier, now: datetime) -> tuple[str, str | None]:
    """A value that was lost goes before what only waits, which is told beside it."""
    lost = [f"{each.change.field}: {each.change.lost} was lost" for each in open_conflicts(dossier, now)]
    if not lost:
        return quiet
    return "Conflict", "; ".join([*lost, *([quiet[1]] if quiet[1] else [])])


def _unlinked(dossier: Dossier) -> tuple[str, str | None]:
    if dossier.intents:
        return "Waiting", dossier.intents[0].reason or "its issue is to be made by the next pass"
    return "Not linked", None


def _waits(dossier: Dossier, link: Link, fields: tuple[FieldShown, ...]) -> tuple[str, str | None]:
    if link.base is None:
        return "Waiting", "the next pass makes first contact"
    if dossier.intents:
        count = len(dossier.intents)
        return "Waiting", f"{count} write{'' if count == 1 else 's'} pending"
    differing = [each.field.value for each in fields if each.moved]
    if differing:
        return "Waiting", f"the next pass looks at {', '.join(differing)}"
    return "Synced", None


# --- fields -----------------------------------------------------------------------------------------------


def fields_of(report: Report, link: Link | None, policy: SyncPolicy) -> tuple[FieldShown, ...]:
    """Each synced field; the title only where it is synced."""
    base, seen = (link.base, link.seen) if link else (None, None)
    frozen = {each.field: each.reason for each in link.frozen} if link else {}
    return tuple(
        FieldShown(
            field=field,
            bugspark=value_of(report, field),
            agreed=_agreed(base, field),
            github=_shown(_diff(report, seen, base, field, policy), seen, field) if seen else None,
            moved=MOVED[_diff(report, seen, base, field, policy).verdict] if seen and base else frozenset(),
            frozen=frozen.get(field),
        )
        for field in Field
        if policy.title or field is not Field.TITLE
    )


def github_value(report: Report, link: Link, field: Field, policy: SyncPolicy) -> str | None:
    """What GitHub last showed of a field, in BugSpark's spelling."""
    return _diff(report, link.seen, link.base, field, policy).remote if link.seen else None


def _diff(report: Report, seen: Seen, base: Base | None, field: Field, policy: SyncPolicy) -> FieldDiff:
    match field:
        case Field.STATUS:
            return diff.status(report, seen, base)
        case Field.SEVERITY:
            return diff.severity(report, seen, base, policy.labels)
        case Field.CATEGORY:
            return diff.category(report, seen, base, policy.labels)
        case Field.TITLE:
            return diff.title(report, seen, base)
    assert_never(field)


def value_of(report: Report, field: Field) -> str:
    """What BugSpark says."""
    match field:
        case Field.STATUS:
            return report.status.value
        case Field.SEVERITY:
            return report.severity.value
        case Field.CATEGORY:
            return report.category.value
        case Field.TITLE:
            return report.title
    assert_never(field)


def _agreed(base: Base | None, field: Field) -> str | None:
    if base is None:
        return None
    match field:
        case Field.STATUS:
            return base.status.value
        case Field.SEVERITY:
            return base.severity.value
        case Field.CATEGORY:
            return base.category.value
        case Field.TITLE:
            return base.title
    assert_never(field)


def _shown(of: FieldDiff, seen: Seen, field: Field) -> str | None:
    """As people see it on GitHub: state and reason, labels, title."""
    match field:
        case Field.STATUS:
            return f"{seen.state.value} ({seen.state_reason})" if seen.state_reason else seen.state.value
        case Field.SEVERITY | Field.CATEGORY:
            return ", ".join(of.present) or None
        case Field.TITLE:
            return seen.title
    assert_never(field)


# --- comments ---------------------------------------------------------------------------------------------


def comments_of(dossier: Dossier) -> Iterator[CommentShown]:
    """BugSpark's comments in their order, then what is known of comments that are not there any more."""
    entries = {entry.local_id: entry for entry in dossier.entries if entry.local_id is not None}
    wishes = {intent.entry_id: intent for intent in dossier.intents if intent.entry_id is not None}
    for comment in dossier.comments:
        entry = entries.get(comment.id)
        shown = _comment(comment, entry, wishes.get(entry.id) if entry else None, linked=_linked(dossier))
        yield _held(shown, dossier, entry)
    present = {comment.id for comment in dossier.comments}
    for entry in dossier.entries:
        if entry.local_id not in present and entry.state is not EntryState.ENDED:
            shown = CommentShown(
                origin=entry.origin,
                author=entry.author,
                at=entry.remote_updated_at,
                text=None,
                state=_copy(entry, wishes.get(entry.id)),
            )
            yield _held(shown, dossier, entry)


def _held(shown: CommentShown, dossier: Dossier, entry: Entry | None) -> CommentShown:
    """A deletion that waits to be accepted is told with the comment it would take."""
    match dossier.withheld.get(entry.id) if entry else None:
        case None:
            return shown
        case Kind.REMOVE_COMMENT:
            return replace(shown, state="deleted on GitHub; deletion here withheld")
        case _:
            return replace(shown, state="deleted in BugSpark; deletion there withheld")


def _linked(dossier: Dossier) -> bool:
    return dossier.link is not None and dossier.link.state in (LinkState.NEW, LinkState.ACTIVE)


def _comment(
    comment: LocalComment, entry: Entry | None, wish: Intent | None, *, linked: bool
) -> CommentShown:
    origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
    state = _copy(entry, wish) if entry else "waiting" if linked else "not linked"
    form = is_imported(comment.body) if origin is Side.GITHUB else None
    said = form[1] if form else comment.body
    return CommentShown(
        origin=entry.origin if entry else origin,
        author=entry.author if entry and entry.origin is Side.GITHUB else comment.author,
        at=comment.created_at,
        text=excerpt(said),
        state=state,
        body=said if origin is Side.GITHUB else unescape(said),  # BugSpark stores its own HTML-escaped
    )


def _copy(entry: Entry, wish: Intent | None) -> str:
    ours = entry.origin is Side.BUGSPARK
    match entry.state:
        case EntryState.LIVE if wish is not None and wish.state is IntentState.QUARANTINED:
            return f"refused: {wish.reason}"
        case EntryState.LIVE:
            place = "on GitHub" if ours else "in BugSpark"
            return f"{place}, edited there" if entry.reason in (EDITED_COPY, EDITED_HERE) else place
        case EntryState.PENDING:
            return _waiting(wish)
        case EntryState.TOMBSTONE:
            return "deleted there" if ours else "deleted here"
        case EntryState.ENDED:
            return f"not sent: {CUT}" if entry.reason == CUT else f"original {entry.reason or 'deleted'}"
        case EntryState.SKIPPED:
            return (
                f"not sent: {entry.reason}" if ours and entry.remote_id is None else entry.reason or "known"
            )
    assert_never(entry.state)


def _waiting(wish: Intent | None) -> str:
    if wish is None:
        return "waiting"
    match wish.state:
        case IntentState.QUARANTINED:
            return f"not sent: {wish.reason}"
        case IntentState.UNKNOWN | IntentState.SENDING:
            return "waiting: GitHub is asked whether it arrived"
        case IntentState.PLANNED:
            return f"waiting: {wish.reason}" if wish.reason else "waiting"
    assert_never(wish.state)
