"""Who writes, and where: the repository's numeric id and our account, remembered between passes."""

from dataclasses import replace

from reconciler.cycle.context import Context
from reconciler.errors import ProjectError, RecreatedError
from reconciler.model.issue import Repository
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, Memory


async def identify(context: Context, memory: Memory) -> Memory:
    """The memory with repository and account known. An idle pass asks GitHub for neither.

    Raises RecreatedError when the configured name now belongs to another repository, and whatever reading
    the repository or the account raises.
    """
    name = context.project.repository
    if name is None:
        raise ProjectError(context.project.problem or "this project has no usable github integration")
    if memory.repository_id == UNKNOWN_REPOSITORY or memory.repository != name:
        memory = _moved_to(memory, name, await context.github.repository())
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


async def confirm_repository(context: Context, memory: Memory) -> Repository:
    """Read before the first write of a pass: the name must still be the repository we know.

    Raises RecreatedError when it is not, ProjectError when it is archived or has no issues.
    """
    found = await context.github.repository()
    if found.id != memory.repository_id:
        raise RecreatedError(
            f"{context.project.name}: {memory.repository} is another repository now (id {found.id}, it was "
            f"{memory.repository_id}). Nothing was written. If that is intended, unlink the reports first."
        )
    if found.archived:
        raise ProjectError(
            f"{context.project.name}: {found.full_name} is archived, so nothing can be written to it"
        )
    if not found.has_issues:
        raise ProjectError(f"{context.project.name}: issues are switched off in {found.full_name}")
    return found


def _moved_to(memory: Memory, name: str, found: Repository) -> Memory:
    if memory.repository_id == found.id:  # renamed: the id is the identity, the lists go on
        return replace(memory, repository=name, private=found.private)
    if memory.repository == name and memory.repository_id is not None:
        raise RecreatedError(
            f"{name} is another repository now (id {found.id}, it was {memory.repository_id})"
        )
    return replace(
        memory, repository_id=found.id, repository=name, private=found.private, issues=None, comments=None
    )
