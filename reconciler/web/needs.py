"""What of a project needs a person, with the next step as a button or as a command. Pure."""

from dataclasses import dataclass

from reconciler.model.ids import ProjectId
from reconciler.model.snapshot import Health
from reconciler.model.standing import Standing, State

PRESSING = (State.ATTENTION, State.FAILED, State.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A button: a page to go to, or with `deed` something that is done at once."""

    text: str
    path: str
    deed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One project's most pressing need."""

    project_id: ProjectId
    name: str
    state: str
    reason: str | None
    step: Step
    command: str | None = None  # where no button does it


def need_of(health: Health, how: Standing, *, may_change: bool) -> Need | None:
    """None where nothing needs a person. Who may not change gets a way to look, and nothing else."""
    if how.state not in PRESSING:
        return None
    look = Step(text="Look", path=f"/projects/{health.project_id}")
    step = _step(health, how) if may_change else look
    return Need(
        project_id=health.project_id,
        name=health.name,
        state=how.state.value,
        reason=how.reason,
        step=step or look,
        command=how.command if may_change and step is None else None,
    )


def _step(health: Health, how: Standing) -> Step | None:
    """As `standing` decides, in its order."""
    page = f"/projects/{health.project_id}"
    if health.doubt:
        return None
    if health.withheld:
        return Step(text="See what would be deleted", path=f"{page}#needs")
    if health.problem:
        return Step(text="Look at the set-up", path=f"{page}/setup")
    if health.paused:
        return Step(text="Resume", path=f"{page}/resume", deed=True)
    if how.state is State.FAILED:
        return _after_failure(health, page)
    last = health.last_pass
    if not (health.attention or health.exposed or health.quarantined) and last is not None and not last.error:
        return Step(text="Sync now", path=f"{page}/sync", deed=True)  # nobody has looked for long
    return Step(text="Decide", path=f"{page}#needs")


def _after_failure(health: Health, page: str) -> Step:
    error = health.last_pass.error if health.last_pass else None
    if error is not None and error.kind in ("credential", "unreadable", "project"):
        return Step(text="Look at the set-up", path=f"{page}/setup")
    return Step(text="Try again", path=f"{page}/sync", deed=True)
