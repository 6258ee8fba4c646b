"""A repository's webhooks: listed, and how one is to be, in GitHub's words.

Source: docs/reference/github.md, Webhooks.
"""

from collections.abc import Mapping

from reconciler.errors import CredentialError, GitHubError
from reconciler.github.error_text import error_message
from reconciler.github.http import Reply
from reconciler.github.origin import next_link
from reconciler.github.read_errors import require_ok
from reconciler.github.repository_ref import RepositoryRef
from reconciler.github.wire import HookRow, decode
from reconciler.model.webhook import WEBHOOK_PERMISSION_ADVICE, DesiredHook, Hook

MAX_PAGES = 10
"""GitHub allows twenty webhooks for an event; a longer list leads in circles."""

_NO_ACCESS_STATUSES = (403, 404)


async def fetch_hooks(place: RepositoryRef) -> tuple[Hook, ...]:
    """Every webhook of the repository, the oldest first. Raises CredentialError where it may not be seen,
    with the permission that is missing; and what reading a list raises."""
    what = f"the webhooks of {place.name}"
    url = place.url("hooks", query={"per_page": 100})
    found: list[Hook] = []
    for _ in range(MAX_PAGES):
        reply = (await place.gateway.read(url)).reply
        _check_access(reply, what)
        require_ok(reply, place, what)
        found.extend(hook_of(row) for row in decode(reply.body, list[HookRow], what))
        link = next_link(reply.headers.get("link"))
        if link is None:
            return tuple(sorted(found, key=lambda hook: hook.id))
        url = link
    raise GitHubError(f"The pages of {what} lead in circles.")


def hook_payload(wish: DesiredHook) -> Mapping[str, object]:
    """The whole of it, for making one and for setting one right alike."""
    config = {
        "url": wish.url,
        "content_type": "json",
        "secret": wish.secret.reveal(),
        "insecure_ssl": "0",
    }
    return {"active": True, "events": list(wish.events), "config": config}


def hook_of(row: HookRow) -> Hook:
    """As the program knows it."""
    return Hook(id=row.id, url=row.config.url, events=row.events, active=row.active)


def read_hook(body: bytes) -> Hook:
    """The answer to a write. Raises GitHubError."""
    return hook_of(decode(body, HookRow, "the webhook just written"))


def _check_access(reply: Reply, what: str) -> None:
    """Whoever may not see them is told that they do not exist."""
    if reply.status in _NO_ACCESS_STATUSES:
        said = error_message(reply.body) or "no reason given"
        raise CredentialError(
            f"GitHub does not show {what} ({reply.status}: {said}): {WEBHOOK_PERMISSION_ADVICE}."
        )
