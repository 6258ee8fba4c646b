"""One project and its repository, as far as the rows of its links name them."""

from dataclasses import dataclass

from reconciler.model.ids import ProjectId, RepositoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where links are put."""

    project: ProjectId
    repository_id: RepositoryId
    repository: str  # owner/repo
