"""A project and its repository, with the values that the rows of its links contain."""

from dataclasses import dataclass

from reconciler.model.ids import ProjectId, RepositoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The project and repository of new links."""

    project: ProjectId
    repository_id: RepositoryId
    repository: str  # owner/repo
