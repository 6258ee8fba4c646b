"""The manifest of the operator's GitHub App: what GitHub is asked to make. Pure.

Source: docs/reference/github.md, Credentials and versions, App manifest flow.
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from reconciler.errors import UsageError
from reconciler.model.webhook import APP_WEBHOOK_PATH, WEBHOOK_EVENTS
from reconciler.web.site import Site, parse_origin

MAX_NAME_CHARACTERS = 34
"""Of an App's name on GitHub, where it can be changed before the App is made."""
APP_PERMISSIONS = {"issues": "write", "metadata": "read", "repository_hooks": "write"}
CREATED_PATH = "/github-app/created"
"""Where GitHub sends the browser back to, with the code."""
_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestForm:
    """A form that is sent to GitHub."""

    action: str
    manifest: str  # JSON
    origin: str  # GitHub's, for the Content-Security-Policy


def build_manifest_form(site: Site, organization: str, state: str) -> ManifestForm:
    """Return the form that asks GitHub to make an App.

    It belongs to `organization` or, without one, to the person who sends the form. `site`: with
    `web.public_url`. Raises UsageError for what is no name of an organization.
    """
    if organization and not _ORGANIZATION.fullmatch(organization):
        raise UsageError("This is no name of an organization on GitHub: write it as in its address there.")
    whose = f"/organizations/{organization}" if organization else ""
    return ManifestForm(
        action=f"{site.github_url}{whose}/settings/apps/new?{urlencode({'state': state})}",
        manifest=json.dumps(build_manifest(site.public_url)),
        origin=parse_origin(site.github_url) or "",
    )


def build_manifest(public_url: str) -> dict[str, object]:
    """Return the manifest of an App that is private to its owner. `public_url`: of this service."""
    host = urlsplit(public_url).hostname or ""
    return {
        "name": f"BugSpark sync {host}"[:MAX_NAME_CHARACTERS].rstrip(" .-"),
        "url": public_url,
        "description": "Keeps BugSpark reports and GitHub issues equal.",
        "public": False,
        "hook_attributes": {"url": f"{public_url}{APP_WEBHOOK_PATH}", "active": True},
        "redirect_url": f"{public_url}{CREATED_PATH}",
        "default_permissions": APP_PERMISSIONS,
        "default_events": list(WEBHOOK_EVENTS),
    }
