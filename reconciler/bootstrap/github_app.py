"""The credentials of the operator's GitHub App, from `[github.app]`."""

from pathlib import Path

from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError
from reconciler.github.credentials import AppCredential, RecordInstallation
from reconciler.model.secret import Secret
from reconciler.ports import Clock


class AppCredentials:
    """One credential per repository, kept for all passes: it holds the token of an hour."""

    def __init__(
        self, settings: Settings, clock: Clock, record_installation: RecordInstallation | None
    ) -> None:
        """`record_installation`: stores which installation a token belongs to; None for dry runs, which
        write nothing.
        """
        self._app = settings.github.app
        self._clock = clock
        self._record_installation = record_installation
        self._made: dict[str, AppCredential] = {}

    def for_repository(self, owner: str, repo: str) -> AppCredential:
        """Return the credential. Raises ConfigurationError for a key file that can't be read."""
        name = f"{owner}/{repo}"
        if name not in self._made:
            self._made[name] = AppCredential(
                app_id=self._app.id,
                private_key=Secret(_read_private_key(self._app.private_key_file)),
                owner=owner,
                repository=repo,
                clock=self._clock,
                record_installation=self._record_installation,
            )
        return self._made[name]


def _read_private_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"github.app.private_key_file: {path!r} can't be read ({error.strerror}); "
            "name a PEM file that this process may read"
        ) from error
