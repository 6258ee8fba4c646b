"""`pause` and `resume`: the operator's hand on one project, and the refusal to work on a paused one."""

from shlex import quote

from reconciler.errors import PausedError
from reconciler.model.report import Project
from reconciler.ports import Stores


async def pause_project(stores: Stores, project: Project) -> str:
    """Keep every pass from this project, ours and by hand. Returns what was done, in a sentence.

    It does not wait for a pass at work: that one stops before its next recorded write (`Intents.claim`).
    """
    if not await stores.projects.set_paused(project.id, paused=True):
        return f"{project.name} is paused already; nothing to do"
    return (
        f"{project.name} is paused: no pass is made, and one at work stops before its next write to GitHub; "
        f"go on with reconcile resume {quote(project.name)}"
    )


async def resume_project(stores: Stores, project: Project) -> str:
    """Let passes work on it again. Returns what was done, in a sentence."""
    if not await stores.projects.set_paused(project.id, paused=False):
        return f"{project.name} is not paused; nothing to do"
    return f"{project.name} goes on; the next pass makes good what changed meanwhile"


def paused_error(project: Project) -> PausedError:
    """The refusal to begin."""
    return PausedError(f"{project.name}: it is paused; go on with reconcile resume {quote(project.name)}")
