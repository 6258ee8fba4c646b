"""Where the severity is on GitHub: the organisation's field *Priority*, or labels as long as it has none.

The organisation is asked once, and again from time to time; where the severity is in labels by the settings,
nothing is asked and nothing is stored. Source: docs/reference/github.md, Fields and types.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.errors import (
    CredentialError,
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
)
from reconciler.fields.priority import find_priority_field
from reconciler.logs import EventLogger
from reconciler.model.fields import Choices
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Confirmed,
    Desired,
    DesiredPriority,
    NewIssue,
    Refused,
    WriteResult,
)
from reconciler.model.link import LinkObservation
from reconciler.model.snapshot import KnownPriority, ProjectState
from reconciler.ports import GitHub
from reconciler.sync.context import Context
from reconciler.sync.exports.optional_attributes import UNPROCESSABLE, lacks_priority

ASK_AGAIN_AFTER = timedelta(hours=6)
ASK_AGAIN_WITHOUT_FIELD = timedelta(hours=1)
LABELS_STAY = "severity_as is priority, but labels stay in use"

log = EventLogger(__name__)


async def with_priority_field(context: Context, state: ProjectState) -> Context:
    """Return the context that knows the organisation's field, if the severity is to be there.

    Where labels stay in use, nothing is wrong with the pass: the log says so when it begins, and `check` at
    any time. Raises what reading raises that concerns more than this field.
    """
    stored = state.settings.priority if state.settings is not None else None
    was_in_use = stored is not None and stored.field is not None
    projects, project_id = context.stores.projects, context.project.id
    if not context.policy.wants_priority:
        if stored is not None:
            await projects.save_priority(project_id, None, ends=was_in_use)
        return context
    known = await _read_priority_if_due(context, stored)
    if known != stored:
        if known.problem is not None and (stored is None or known.problem != stored.problem):
            log.warning("labels stay in use", project=context.project.name, reason=known.problem)
        await projects.save_priority(project_id, known, ends=was_in_use and known.field is None)
    return replace(context, policy=replace(context.policy, priority=known.field))


async def _read_priority_if_due(context: Context, stored: KnownPriority | None) -> KnownPriority:
    """Return what is stored of the organisation's field, or what GitHub says of it now."""
    if stored is None or stored.repository != context.project.repository:
        return await look_up_priority(context, None)
    wait = ASK_AGAIN_AFTER if stored.field is not None else ASK_AGAIN_WITHOUT_FIELD
    if stored.at <= context.github.now() < stored.at + wait:
        return stored
    return await look_up_priority(context, stored)


async def look_up_priority(context: Context, stored: KnownPriority | None) -> KnownPriority:
    """Ask GitHub for the organisation's field *Priority*. `stored`: what it said before of this repository.

    A field that is in use stays so until GitHub lists the organisation's fields without it: 403 and 404 may
    be about the token alone.
    """
    now, repository = context.github.now(), context.project.repository or ""
    before, owner = stored.field if stored is not None else None, repository.partition("/")[0]
    try:
        fields = await context.github.organisation_fields()
    except (GitHubError, CredentialError) as error:
        if stored is not None and before is not None:
            return replace(stored, at=now)
        is_missing = isinstance(error, GitHubNotFoundError)
        none = (
            f"GitHub shows no issue fields of {owner}: it is no organisation, or the token may not see them"
        )
        problem = none if is_missing else str(error).rstrip(".")
    else:
        found = find_priority_field(fields, since=before.since if before else now)
        if not isinstance(found, str):
            return KnownPriority(at=now, repository=repository, field=found)
        problem = f"{owner} {found}"
    return KnownPriority(at=now, repository=repository, problem=f"{LABELS_STAY}: {problem}")


def is_value_refused(desired: Desired, answer: WriteResult[Any]) -> bool:
    """Whether GitHub refused or dropped a value of the organisation's field."""
    match desired, answer:
        case DesiredPriority(), Refused(is_final=True):
            return True
        case NewIssue(priority=(_, _)), Refused(status=422):
            return True
        case NewIssue(), Confirmed(value=issue):
            return lacks_priority(desired, issue)
        case _:
            return False


async def expire_known_priority(context: Context) -> None:
    """Have the next pass ask for the field: GitHub did not take a value of it, so it may have changed."""
    settings = (await context.stores.projects.get_state(context.project.id)).settings
    if settings is not None and settings.priority is not None:
        known = replace(settings.priority, at=settings.priority.at - ASK_AGAIN_AFTER)
        await context.stores.projects.save_priority(context.project.id, known, ends=False)


async def with_known_choices(context: Context, view: LinkObservation) -> LinkObservation:
    """Return the view with its issue read, where settings are applied and its Priority was never shown."""
    link = view.link
    if link.base is None or not link.base.adopts_mapping:
        return view
    shown = view.issue or link.seen
    if shown is not None and shown.choices is not None:
        return view
    try:
        return replace(view, issue=await context.github.issue(link.number))
    except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError):
        return view  # the next full read tells what became of the issue


async def choose_option(
    github: GitHub, number: IssueNumber, desired: DesiredPriority
) -> WriteResult[Choices]:
    """Choose the option, and read from the answer whether GitHub took it: it may drop it silently.

    A field or an option that there is not is refused for good: only another look at the organisation's fields
    tells what to write.
    """
    answer = await github.choose_option(number, desired.field_id, desired.option)
    if isinstance(answer, Refused) and answer.status == UNPROCESSABLE:
        return replace(answer, is_final=True)
    if isinstance(answer, Confirmed) and (desired.field_id, desired.option) not in answer.value:
        return Refused(
            status=200,
            reason=f"GitHub did not set Priority to {desired.option}, and does not say why: the token may "
            "not push to the repository, or the organisation has changed the field",
            gone=False,
            request_id=answer.request_id,
            is_final=True,
        )
    return answer
