"""A repository as it is addressed: its name, its id, and the gateway to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.github.gateway import Gateway
from reconciler.github.http import GitHubTime
from reconciler.github.origin import Origin, repository_parts
from reconciler.model.ids import RepositoryId


@dataclass(slots=True, kw_only=True)
class RepositoryRef:
    """A repository as it is addressed. `id` is None until GitHub has sent it."""

    name: str
    gateway: Gateway
    id: RepositoryId | None = None

    @property
    def origin(self) -> Origin:
        """The API it is at."""
        return self.gateway.http.origin

    @property
    def time(self) -> GitHubTime:
        """GitHub's clock."""
        return self.gateway.http.usage.time

    def url(self, *parts: str | int, query: Mapping[str, str | int] | None = None) -> str:
        """Build an address below the repository. Raises ValueError for a part that is no step of a path."""
        return self.origin.url("repos", *repository_parts(self.name), *parts, query=query)

    def is_other_repository(self, url: str) -> bool:
        """Whether a redirect leads to a repository that is not this one, as far as its id is known."""
        other = self.origin.repository_id(url)
        return other is not None and self.id is not None and other != self.id
