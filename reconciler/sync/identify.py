"""Who writes, and where: the repository's numeric id and our account, remembered between passes."""

from dataclasses import replace

from reconciler.errors import ProjectError, RecreatedError, UnreadableError
from reconciler.model.issue import Repository
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.sync.context import Context


async def resolve_repository_and_account(context: Context, memory: ProjectState) -> ProjectState:
    """The memory with repository and account known. An idle pass asks GitHub for neither.

    Raises RecreatedError when the configured name now belongs to another repository, and whatever reading
    the repository or the account raises.
    """
    name = context.project.repository
    if name is None:
        raise ProjectError(context.project.problem or "this project has no usable github integration")
    if memory.repository_id == UNKNOWN_REPOSITORY or memory.repository != name:
        memory = _state_for_repository(memory, name, await context.github.repository())
    if memory.account is None or memory.account_credential != context.github.credential:
        account = await context.github.account()
        memory = replace(
            memory,
            account=account.id,
            account_login=account.login,
            account_credential=context.github.credential,
        )
    if memory.first_seen_at is None:
        memory = replace(memory, first_seen_at=context.github.now())
    return memory


async def require_same_repository(context: Context, memory: ProjectState) -> Repository:
    """The repository as it is now: the one we know, with issues. Asked before anything is inferred from what
    it does not show.

    Raises RecreatedError when the name belongs to another one now, UnreadableError when it does not answer.
    """
    found = await context.github.repository()
    if found.id != memory.repository_id:
        raise RecreatedError(
            f"{context.project.name}: {memory.repository} is another repository now (id {found.id}, it was "
            f"{memory.repository_id}). Nothing was written. If that is intended, unlink the reports first."
        )
    if not found.has_issues:
        raise UnreadableError(f"{context.project.name}: issues are switched off in {found.full_name}")
    return found


async def require_writable_repository(context: Context, memory: ProjectState) -> Repository:
    """Read before the first write of a pass: the name must still be the repository we know.

    Raises what `recognised` raises, ProjectError when it is archived.
    """
    found = await require_same_repository(context, memory)
    if found.archived:
        raise ProjectError(
            f"{context.project.name}: {found.full_name} is archived, so nothing can be written to it"
        )
    return found


def _state_for_repository(memory: ProjectState, name: str, found: Repository) -> ProjectState:
    if memory.repository_id == found.id:  # renamed: the id is the identity, the lists go on
        return replace(memory, repository=name)  # `private` stays: see `reconciler.sync.exposure`
    if memory.repository == name and memory.repository_id is not None:
        raise RecreatedError(
            f"{name} is another repository now (id {found.id}, it was {memory.repository_id})"
        )
    return replace(
        memory,
        repository_id=found.id,
        repository=name,
        private=found.private,  # whoever connects a repository knows what it is
        exposed=False,
        issues=None,
        comments=None,
    )
