"""Making the operator's GitHub App from a manifest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """A GitHub App that has just been made, with its secrets."""

    id: int
    slug: str
    address: str  # its page on GitHub
    private_key: Secret
    webhook_secret: Secret


class AppSetup(Protocol):
    """What the operator's page does with GitHub's answer to a manifest."""

    async def convert_code(self, code: str) -> NewApp:
        """Exchange a code, which GitHub takes once. Raises GitHubError."""
        ...

    def save(self, app: NewApp) -> Path | None:
        """Write id and secrets to a new file that only this process's user may read, in the form of the
        configuration. None, and nothing written, if there is no state directory, or it can't be written to.
        """
        ...
