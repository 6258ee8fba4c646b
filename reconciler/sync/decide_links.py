"""Decide many links: the events of a conflict are read only then, and one broken link stops no other.

A field whose last write is of unknown outcome waits: what GitHub says of it may be our own value. A person
who has since undone in BugSpark what was sent would otherwise be overruled by it: base and report say the
same, so only GitHub seems to have changed. Recovery finds out what became of the write and has the link read
in full (docs/design.md, Writing to GitHub, 5).

A field in which our writes are undone again and again is frozen; the rule is in
`reconciler/decide/guard.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.decide.comment_exclusion import is_skipped_for_its_author
from reconciler.decide.fields import FieldChangeTimes
from reconciler.decide.guard import changed_remote_values, flapping_fields
from reconciler.decide.link import decide_link
from reconciler.decide.renamed_labels import find_renamed_labels, has_lost_label, without_mapped_names
from reconciler.errors import (
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
    ReconcilerError,
    RepositoryInaccessibleError,
)
from reconciler.fields import SYNCED_FIELDS
from reconciler.fields.synced_field import AddedEvent
from reconciler.logs import EventLogger
from reconciler.model.fields import Field, IssueState
from reconciler.model.ids import AccountId, LinkId, ReportId
from reconciler.model.intent import MAYBE_SENT_STATES
from reconciler.model.issue import FieldEvent, RemoteComment
from reconciler.model.link import FrozenField, Link, LinkObservation, UnsyncedFieldChange
from reconciler.model.plan import LinkPlan, SetReportField
from reconciler.model.policy import SyncPolicy, label_key
from reconciler.model.snapshot import ProjectState
from reconciler.sync.comments.issue_resolutions import keep_resolutions
from reconciler.sync.context import Context
from reconciler.sync.settings.priority import with_known_choices

QUARANTINE_DURATION = timedelta(hours=1)
"""How long a link that can't be decided stays in quarantine before it is read in full."""

log = EventLogger(__name__)


async def decide_links(context: Context, views: Iterable[LinkObservation]) -> list[LinkPlan]:
    """Return a plan for each view. Raises only what concerns the whole project (limits, unreadable)."""
    views = [await _with_known_collaborator_status(context, view) for view in views]
    if context.policy.priority is not None:
        views = [await with_known_choices(context, view) for view in views]
    events: dict[LinkId, tuple[FieldEvent, ...]] = {}  # of links whose decision needed them
    plans = [await _decide_or_quarantine(context, view, events) for view in views]
    for place, fields in (await find_fields_with_unknown_writes(context, plans)).items():
        views[place] = replace(views[place], unconfirmed_fields=fields)
        plans[place] = await _decide_or_quarantine(context, views[place], events)
    for place, link in (await find_flapping_links(context, views, plans)).items():
        again = await _decide_or_quarantine(context, replace(views[place], link=link), events)
        plans[place] = replace(again, link=views[place].link)  # so that it is stored as a change
    await _record_renamed_labels(context, views, plans)
    if any(_may_have_resolution(view) for view in views):
        await keep_resolutions(context, views, plans, events)
    return plans


def _may_have_resolution(view: LinkObservation) -> bool:
    """Whether somebody may have closed or reopened the issue."""
    is_closed = view.issue is not None and view.issue.state is IssueState.CLOSED
    return is_closed or view.link.resolution is not None


async def _with_known_collaborator_status(context: Context, view: LinkObservation) -> LinkObservation:
    """The view with what a comment itself says of its author, where that decides and the list left it out.

    Source: docs/reference/github.md, Lists.
    """
    if not context.policy.collaborators_only:
        return view
    decided = {pair.remote_id for pair in view.pairs if not is_skipped_for_its_author(pair)}
    comments = [
        await _reread_collaborator(context, row)
        if row.collaborator is None and row.id not in decided and row.marker_comment_id is None
        else row
        for row in view.comments
    ]
    return replace(view, comments=tuple(comments))


async def _reread_collaborator(context: Context, row: RemoteComment) -> RemoteComment:
    try:
        return replace(row, collaborator=(await context.github.comment(row.id)).collaborator)
    except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError):
        return row  # it stays unknown, and is asked for whenever its thread is read


async def _record_renamed_labels(
    context: Context, views: Sequence[LinkObservation], plans: list[LinkPlan]
) -> None:
    """Note labels that were renamed. The repository's labels are read only if an issue has lost one."""
    lost = [place for place, view in enumerate(views) if has_lost_label(view, context.policy)]
    if not lost:
        return
    try:
        existing = await context.github.label_names()
    except (GitHubNotFoundError, IssueUnreadableError, RepositoryInaccessibleError) as error:
        note = f"the issue lost a label of the mapping; whether it was renamed is unknown: {error}"
        for place in lost:
            plans[place] = replace(plans[place], notes=(*plans[place].notes, note))
        return
    for place in lost:
        found = find_renamed_labels(views[place], context.policy, existing)
        plan = plans[place]
        plans[place] = replace(plan, renamed_labels=found.renamed, notes=(*plan.notes, *found.notes))


async def _decide_or_quarantine(
    context: Context, view: LinkObservation, events: dict[LinkId, tuple[FieldEvent, ...]]
) -> LinkPlan:
    """Decide a link. Events of its issue that have to be read are added to `events`."""
    try:
        plan = decide_link(view, context.policy, {}, context.new_id)
        if isinstance(plan, LinkPlan):
            return plan
        events[view.link.id] = await context.field_events(view.link.number)
        times = await _read_change_times(context, view, events[view.link.id])
        decided = decide_link(view, context.policy, times, context.new_id)
        if isinstance(decided, LinkPlan):
            return decided
        raise ValueError(f"fields {sorted(decided)} stayed undecided although their events were read")
    except IssueUnreadableError as error:
        await context.github.repository()  # raises where it is not this issue alone that can't be read
        return quarantine_plan(context, view, str(error))
    except (GitHubNotFoundError, IssueTransferredError) as error:
        return quarantine_plan(context, view, str(error))
    except ReconcilerError:
        raise
    except Exception as error:  # a link whose data breaks the deciding code must not stop the others
        log.exception("link can't be decided", link=str(view.link.id), report=str(view.report.id))
        return quarantine_plan(context, view, f"can't be decided: {type(error).__name__}: {error}")


def quarantine_plan(context: Context, view: LinkObservation, reason: str) -> LinkPlan:
    """The plan that puts a link into quarantine, with its reason; afterwards it is read in full."""
    until = context.github.now() + QUARANTINE_DURATION
    after = replace(view.link, reason=reason, quarantined_until=until)
    return LinkPlan(link=view.link, report=view.report, after=after)


async def _read_change_times(
    context: Context, view: LinkObservation, events: tuple[FieldEvent, ...]
) -> Mapping[Field, FieldChangeTimes]:
    """The times of every field: one answer has them all, and one field's outcome may ask for another's."""
    known = context.policy.people.by_account
    events = tuple(
        event for event in events if event.field is not Field.ASSIGNEE or int(event.value) in known
    )
    added = await _last_label_additions(context, events)
    differences = await context.stores.ledger.field_differences(view.link.id)
    return {
        field: FieldChangeTimes(
            local=_local_change_time(context, view, field, _difference_of(field, differences)),
            remote=_remote_change_time(view, field, events, context.policy),
            added=_last_additions_of(field, context, events, added),
        )
        for field in Field
    }


def _difference_of(
    field: Field, differences: Mapping[Field, UnsyncedFieldChange]
) -> UnsyncedFieldChange | None:
    """What the scan saw of the field, or of the status for a stage that has no base of its own yet."""
    return differences.get(field) or differences.get(SYNCED_FIELDS[field].storage_field)


async def _last_label_additions(context: Context, events: Sequence[FieldEvent]) -> Mapping[str, AddedEvent]:
    """The last event that added each label. Whose it is matters only for stages and changed mappings."""
    history = context.policy.label_history
    if not history.since and not history.retired and not context.policy.labels.stage:
        return {}
    own = await context.stores.projects.own_accounts(context.project.id)
    return {
        label_key(event.value): AddedEvent(
            at=event.at, is_own=event.actor is not None and event.actor.id in own
        )
        for event in events  # oldest first
        if event.added and event.field not in (Field.STATUS, Field.TITLE, Field.ASSIGNEE)
    }


def _last_additions_of(
    field: Field, context: Context, events: Sequence[FieldEvent], labels: Mapping[str, AddedEvent]
) -> Mapping[str, AddedEvent]:
    """The last event that added each value of a field, of an assignee by its id. `labels`: of all labels."""
    is_choice = field is Field.SEVERITY and context.policy.priority is not None
    if field is not Field.ASSIGNEE and not is_choice:
        return labels
    added = (event for event in events if event.field is field and event.added)
    return {event.value: AddedEvent(at=event.at, is_own=False) for event in added}


def _local_change_time(
    context: Context, view: LinkObservation, field: Field, difference: UnsyncedFieldChange | None
) -> datetime:
    """When the field changed in BugSpark, in GitHub's time and in whole seconds, as ties need it.

    The report's `updated_at` moves with other columns too, so it is at most the time when a scan first saw
    the field differ; but not before a scan that saw it equal. Not later than now: a row with a time in the
    future, by a wrong clock, must not always win.
    """
    at = min(view.report.updated_at, context.clock.now())
    if difference is not None and _is_present_difference(view, field, difference):
        at = min(at, difference.seen_at)
        at = max(at, difference.equal_at or at)
    return (at + context.github_clock_difference()).replace(microsecond=0)


def _is_present_difference(view: LinkObservation, field: Field, difference: UnsyncedFieldChange) -> bool:
    """Whether base and value are still what the scan saw."""
    synced_field, base = SYNCED_FIELDS[field], view.link.base
    return (
        base is not None
        and synced_field.base_value(base) == difference.base
        and synced_field.local_value(view.report) == difference.value
    )


def _remote_change_time(
    view: LinkObservation, field: Field, events: tuple[FieldEvent, ...], policy: SyncPolicy
) -> datetime:
    """The time of the field's last event; without one, the value is as old as the issue."""
    retired = policy.label_history.retired
    at = [event.at for event in events if event.field is field and label_key(event.value) not in retired]
    if at:
        return max(at)
    if field is Field.SEVERITY and view.issue and policy.priority is not None:
        return view.issue.updated_at  # GitHub may not tell when a field was changed (?): not later than this
    return view.issue.created_at if view.issue else view.link.created_at


async def find_fields_with_unknown_writes(
    context: Context, plans: Sequence[LinkPlan]
) -> Mapping[int, frozenset[Field]]:
    """For each view by its index: fields that a plan takes from GitHub, or has a conflict about, too early.

    The intents are read only if GitHub changed a field.
    """
    moved = {
        place: _fields_changed_on_github(plan)
        for place, plan in enumerate(plans)
        if _fields_changed_on_github(plan)
    }
    if not moved:
        return {}
    waiting = await _fields_awaiting_recovery(context)
    found = {place: fields & waiting[plans[place].link.report_id] for place, fields in moved.items()}
    return {place: fields for place, fields in found.items() if fields}


def _fields_changed_on_github(plan: LinkPlan) -> frozenset[Field]:
    taken = {action.field for action in plan.actions if isinstance(action, SetReportField)}
    return frozenset(taken | {conflict.field for conflict in plan.conflicts})


async def _fields_awaiting_recovery(context: Context) -> Mapping[ReportId, frozenset[Field]]:
    by_operation = {field.value: field for field in Field}
    found: defaultdict[ReportId, frozenset[Field]] = defaultdict(frozenset)
    for intent in await context.stores.intents.list_open(context.project.id):
        field = by_operation.get(intent.operation.value)
        if field is not None and intent.state in MAYBE_SENT_STATES:
            found[intent.report_id] |= {field}
    return found


FLAP_HISTORY_WINDOW = timedelta(days=1)
"""So far back a write of ours is searched that has just been undone."""


async def find_flapping_links(
    context: Context, views: Sequence[LinkObservation], plans: Sequence[LinkPlan]
) -> dict[int, Link]:
    """By index: the links in which a field is frozen now, for deciding those views again.

    Our own history is read only if GitHub changed a field, GitHub's events only if one is to be frozen.
    """
    moved = {
        place: plan
        for place, plan in enumerate(plans)
        if plan.link.base is not None and changed_remote_values(plan)
    }
    if not moved:
        return {}
    now = context.github.now()
    reports = [plan.link.report_id for plan in moved.values()]
    steps = await context.stores.ledger.field_history(reports, now - FLAP_HISTORY_WINDOW)
    found = {}
    for place, plan in moved.items():
        fields = flapping_fields(plan, steps.get(plan.link.report_id, ()), now)
        if fields:
            found[place] = await _freeze_fields(context, views[place], fields)
    return found


def without_frozen_field(link: Link, field: Field) -> Link:
    """Return the link with this field synced again (`reconcile resolve`), for storing at its revision."""
    return replace(link, frozen_fields=tuple(each for each in link.frozen_fields if each.field is not field))


async def _freeze_fields(context: Context, view: LinkObservation, fields: frozenset[Field]) -> Link:
    now = context.github.now()
    stopped = []
    for field in sorted(fields):
        who = await _last_github_actor(context, view, field)
        reason = (
            f"{who} undid what we wrote three times within an hour: nothing is written in this field until "
            "both sides say the same"
        )
        stopped.append(FrozenField(field=field, since=now, reason=reason))
    return replace(view.link, frozen_fields=(*view.link.frozen_fields, *stopped))


async def _last_github_actor(context: Context, view: LinkObservation, field: Field) -> str:
    """Who changed the field last on GitHub."""
    try:
        events = await context.field_events(view.link.number)
    except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError):
        return "somebody"
    actors = [event.actor for event in events if event.field is field and event.actor]
    others = [actor for actor in actors if not _is_own_account(actor.id, view)]
    last = (others or actors)[-1:]
    return last[0].login if last else "somebody"


def _is_own_account(account: AccountId, view: LinkObservation) -> bool:
    return account in view.own_accounts


async def end_renamed_label_problems(context: Context, state: ProjectState) -> None:
    """End the problem of a renamed label once the mapping has its new name."""
    known = state.renamed_labels
    kept = without_mapped_names(known, context.policy.labels) if known else known
    if kept != known:
        await context.stores.projects.save_renamed_labels(context.project.id, kept)
