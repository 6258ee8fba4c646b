"""The notice about a project that needs attention, with the next step as a button or a command. Pure."""

from dataclasses import dataclass

from reconciler.model.health import ProjectHealth
from reconciler.model.ids import ProjectId
from reconciler.model.project_status import CHECK_COMMAND, ProjectStatus, ProjectStatusKind

STATES_NEEDING_ATTENTION = (ProjectStatusKind.ATTENTION, ProjectStatusKind.FAILED)
"""A project that is paused was paused by a person: it is no trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """A button: a link to a page, or an action if `is_form_post`."""

    text: str
    path: str
    is_form_post: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionNotice:
    """The most urgent problem of one project."""

    project_id: ProjectId
    name: str
    state: str
    reason: str | None
    step: NextStep
    command: str | None = None  # if no button can do it


def attention_notice(
    health: ProjectHealth, status: ProjectStatus, *, may_change: bool
) -> AttentionNotice | None:
    """Build the notice; None if nothing needs attention. Without `may_change` the step is only a link."""
    if status.state not in STATES_NEEDING_ATTENTION:
        return None
    project_link = NextStep(text="Open", path=f"/projects/{health.project_id}")
    step = _project_next_step(health, status) if may_change else project_link
    return AttentionNotice(
        project_id=health.project_id,
        name=health.name,
        state=status.state.value,
        reason=status.reason,
        step=step or project_link,
        command=status.command if may_change and step is None else None,
    )


def _project_next_step(health: ProjectHealth, status: ProjectStatus) -> NextStep | None:
    """Return the step, in the order of `model.project_status.project_status`."""
    page = f"/projects/{health.project_id}"
    if health.reason_not_to_write:
        return None
    if health.withheld:
        return NextStep(text="Review the deletions", path=f"{page}/withheld")
    if health.problem:
        return NextStep(text="Open the set-up", path=f"{page}/setup")
    if status.state is ProjectStatusKind.FAILED:
        return _step_after_failure(health, page)
    last = health.last_pass
    if not (health.attention or health.exposed or health.quarantined) and last is not None and not last.error:
        if status.command == CHECK_COMMAND:
            return NextStep(text="Open the set-up", path=f"{page}/setup")
        return NextStep(text="Sync now", path=f"{page}/sync", is_form_post=True)  # no pass for a long time
    return NextStep(text="Review", path=f"{page}#needs")


def _step_after_failure(health: ProjectHealth, page: str) -> NextStep:
    error = health.last_pass.error if health.last_pass else None
    if error is not None and error.kind in ("credential", "unreadable", "project"):
        return NextStep(text="Open the set-up", path=f"{page}/setup")
    return NextStep(text="Try again", path=f"{page}/sync", is_form_post=True)
