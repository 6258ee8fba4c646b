"""`plan`: one dry run of a project, and what it would have done as people and programs read it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from reconciler.decide.copies import excerpt
from reconciler.decide.guard import deletions_digest
from reconciler.decide.plan_view import (
    action_key,
    action_view,
    export_key,
    export_view,
    intent_key,
    intent_view,
    issue_name,
    plan_hash,
)
from reconciler.errors import MovedError, NotThereError, ReconcilerError
from reconciler.model.fields import Side
from reconciler.model.ids import RemoteCommentId
from reconciler.model.intent import Intent, IntentKey
from reconciler.model.issue import RemoteComment
from reconciler.model.link import Link
from reconciler.model.passes import Failure
from reconciler.model.plan import DeleteRemote, Deletion, RemoveLocal, Rule
from reconciler.model.report import Report
from reconciler.model.views import ActionView, PlanView, WithheldDeletion
from reconciler.ports import GitHub, Stores
from reconciler.sync.context import Context
from reconciler.sync.dry_run.github import DryGitHub
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.state import DryRunState, Step
from reconciler.sync.dry_run.stores import build_dry_stores
from reconciler.sync.result import PassStats
from reconciler.sync.run import run_steps
from reconciler.sync.send import CredentialLocks
from reconciler.text import has_tag
from reconciler.text.inert import without_comments

MAX_THREADS_READ = 50
"""Of so many issues the withheld deletions are shown with their text; of further ones without."""

KeyedAction = tuple[str, ActionView]


class HeldLock:
    """`ports.ProjectLock` of a dry run: nothing is written, so nobody has to be kept out."""

    async def ensure_held(self) -> None:
        """Do nothing: it always is."""


async def plan_project(context: Context) -> PlanView:
    """Return what a pass would do now. A project's own trouble is shown, never raised."""
    state = DryRunState()
    stores = build_dry_stores(context, state)
    dry = replace(
        context,
        stores=cast("Stores", stores),
        github=cast("GitHub", DryGitHub(context.github, state)),
        credential_locks=CredentialLocks(),
        alert_channel=None,
    )
    try:
        before = await context.stores.projects.get_state(context.project.id)
        applier = await run_steps(dry, HeldLock(), before, PassStats(), context.clock.monotonic())
        actions = await _actions(stores.intents, context, state)
        shown = await _withheld_views(context, applier.withheld_deletions)
    except ReconcilerError as error:
        return _plan_view(context, (), failure=Failure(kind=error.kind, message=str(error)))
    digest = deletions_digest([item for _, item in applier.withheld_deletions])
    return _plan_view(context, actions, withheld=digest, deletions=shown)


def _plan_view(
    context: Context,
    actions: Sequence[KeyedAction],
    *,
    failure: Failure | None = None,
    withheld: str | None = None,
    deletions: tuple[WithheldDeletion, ...] = (),
) -> PlanView:
    return PlanView(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        hash="" if failure else plan_hash(key for key, _ in actions),
        actions=tuple(view for _, view in actions),
        error=failure,
        withheld=withheld,
        withheld_deletions=deletions,
    )


async def _actions(intents: DryIntents, context: Context, state: DryRunState) -> list[KeyedAction]:
    """Every action, in the order of the decisions; then exports, then what earlier passes recorded."""
    sent = {intent.key: intent for intent in intents.sent}
    last = {step.intent.key: step for step in state.steps if step.intent is not None}
    done = [step for step in state.steps if step.intent is None or _is_sent(step, sent, last)]
    found = [_action_of_step(step) for step in done]
    rest = [intent for key, intent in sent.items() if key not in last]
    exports = [intent for intent in rest if intent.id in intents.added]
    reports = await context.stores.reports.details([intent.report_id for intent in exports])
    for intent in exports:
        report = reports[intent.report_id][0]
        rule = intent.why.rule if intent.why else Rule.EXPORT_ALL
        found.append((export_key(report), export_view(report, rule)))
    recorded = (intent for intent in rest if intent.id not in intents.added)
    return found + [(intent_key(each), intent_view(each, _issue_of(each, context))) for each in recorded]


def _is_sent(step: Step, sent: Mapping[IntentKey, Intent], last: Mapping[IntentKey, Step]) -> bool:
    """A write that was decided more than once is sent once, as it was decided last."""
    return step.intent is not None and step.intent.key in sent and last[step.intent.key] is step


def _action_of_step(step: Step) -> KeyedAction:
    return action_key(step.plan, step.action), action_view(step.plan, step.action)


def _issue_of(intent: Intent, context: Context) -> str | None:
    number = intent.number
    return f"{context.project.repository}#{number}" if number is not None and number > 0 else None


# --- withheld deletions -----------------------------------------------------------------------------------


async def _withheld_views(
    context: Context, withheld: Sequence[tuple[Link, Deletion]]
) -> tuple[WithheldDeletion, ...]:
    """What a person has to know of each before accepting it."""
    remote = await _read_copies(context, withheld)
    reports = await context.stores.reports.details({link.report_id for link, _ in withheld})
    return tuple(
        _withheld_view(
            context,
            link,
            item,
            reports[link.report_id][0] if link.report_id in reports else None,
            remote.get(item.pair.remote_id),
        )
        for link, item in withheld
    )


async def _read_copies(
    context: Context, withheld: Sequence[tuple[Link, Deletion]]
) -> dict[RemoteCommentId | None, RemoteComment]:
    """The comments on GitHub that would go, by id: their originals, with their text, are gone already."""
    numbers = dict.fromkeys(link.number for link, item in withheld if isinstance(item, DeleteRemote))
    found: dict[RemoteCommentId | None, RemoteComment] = {}
    for number in list(numbers)[:MAX_THREADS_READ]:
        with suppress(NotThereError, MovedError):  # nothing is there that could be shown
            found |= {row.id: row for row in (await context.github.issue_thread(number)).comments}
    return found


def _copy_excerpt(copy: RemoteComment | None) -> str | None:
    """How the comment begins that our copy was made of: without the line that names its author."""
    if copy is None:
        return None
    text = without_comments(copy.body)
    return excerpt(text.partition("\n\n")[2] if has_tag(text) else text)


def _withheld_view(
    context: Context, link: Link, item: Deletion, report: Report | None, copy: RemoteComment | None
) -> WithheldDeletion:
    local = isinstance(item, RemoveLocal)
    page = f"{context.dashboard_url.rstrip('/')}/reports/{link.report_id}" if context.dashboard_url else None
    said = item.why.local if local else _copy_excerpt(copy)
    return WithheldDeletion(
        report=str(link.report_id),
        tracking_id=report.tracking_id if report else None,
        side=Side.BUGSPARK if local else Side.GITHUB,
        author=item.pair.author,
        excerpt=said or None,
        url=page if local else copy.url if copy else None,
        issue=issue_name(link),
    )
