"""The secrets of a GitHub App that the operator's page has made: fetched, and written to a file."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import GitHubError
from reconciler.github.client import GitHubClient
from reconciler.github.manifest import APP_EXISTS_ADVICE, convert_manifest_code
from reconciler.logs import EventLogger
from reconciler.model.secret import Secret
from reconciler.ports import NewApp

MAX_KEY_CHARACTERS = 16_384
SLUG_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,100}")
SECRET_PATTERN = re.compile(r"[!#-\[\]-~]{1,255}")
"""Visible ASCII without quotation mark and backslash."""
log = EventLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAppSetup:
    """`ports.AppSetup`. `state_directory`: the service's own; None without one."""

    github_client: GitHubClient
    web_url: str  # of GitHub, where people read
    state_directory: Path | None

    async def convert_code(self, code: str) -> NewApp:
        row = await convert_manifest_code(self.github_client, code)
        secret = row.webhook_secret or ""
        is_key = "PRIVATE KEY-----" in row.pem and len(row.pem) <= MAX_KEY_CHARACTERS
        if not (is_key and SLUG_PATTERN.fullmatch(row.slug) and SECRET_PATTERN.fullmatch(secret)):
            raise GitHubError(
                "GitHub's answer has no key, no webhook secret or no name that can be used; "
                f"{APP_EXISTS_ADVICE}."
            )
        is_on_github = row.html_url.startswith(f"{self.web_url}/") and row.html_url.isprintable()
        return NewApp(
            id=row.id,
            slug=row.slug,
            address=row.html_url if is_on_github else f"{self.web_url}/apps/{row.slug}",
            private_key=Secret(row.pem.strip() + "\n"),
            webhook_secret=Secret(secret),
        )

    def save(self, app: NewApp) -> Path | None:
        if self.state_directory is None:
            return None
        key_file = self.state_directory / f"github-app-{app.id}.pem"
        section_file = key_file.with_suffix(".toml")
        try:
            _write_private_file(key_file, app.private_key.reveal())
            try:
                _write_private_file(section_file, configuration_section(app, str(key_file)))
            except OSError:
                key_file.unlink()
                raise
        except OSError as error:
            reason = error.strerror or type(error).__name__
            log.warning("the secrets of a new GitHub App can't be written to a file", reason=reason)
            return None
        return section_file


def configuration_section(app: NewApp, key_file: str) -> str:
    """Return the section of the configuration for an App, as TOML."""
    lines = (
        "[github.app]",
        f"id = {json.dumps(str(app.id))}",
        f"private_key_file = {json.dumps(key_file)}",
        f"webhook_secret = {json.dumps(app.webhook_secret.reveal())}",
        '# repositories = { "project id" = "owner/repo" }',
    )
    return "".join(f"{line}\n" for line in lines)


def _write_private_file(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises OSError; then there is no such file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
