"""Webhooks as GitHub spells them, and what a refusal to show them means.

Source: docs/reference/github.md, Webhooks.
"""

from collections.abc import Mapping

from reconciler.errors import CredentialError
from reconciler.github.error_text import error_reason
from reconciler.github.http import Reply
from reconciler.github.read_errors import require_ok
from reconciler.github.repository_ref import RepositoryRef
from reconciler.github.wire import HookRow, decode
from reconciler.model.webhook import WEBHOOK_PERMISSION_ADVICE, DesiredHook, Hook

_NO_ACCESS_STATUSES = (403, 404)


def hook_payload(desired: DesiredHook) -> Mapping[str, object]:
    """The complete webhook, as it is sent to create and to change one."""
    config = {
        "url": desired.url,
        "content_type": "json",
        "secret": desired.secret.reveal(),
        "insecure_ssl": "0",
    }
    return {"active": True, "events": list(desired.events), "config": config}


def hook_of(row: HookRow) -> Hook:
    """A webhook."""
    return Hook(id=row.id, url=row.config.url, events=row.events, active=row.active)


def read_hook(body: bytes) -> Hook:
    """Decode the answer to a write. Raises GitHubError."""
    return hook_of(decode(body, HookRow, "the webhook just written"))


def require_hooks_ok(reply: Reply, ref: RepositoryRef, what: str) -> None:
    """Pass a 200 about webhooks.

    Raises CredentialError with the missing permission where GitHub answers 403 or 404, as to a credential
    that may not see them; and what `require_ok` raises.
    """
    if reply.status in _NO_ACCESS_STATUSES:
        reason = error_reason(reply.body)
        raise CredentialError(
            f"GitHub does not show {what} ({reply.status}: {reason}): {WEBHOOK_PERMISSION_ADVICE}."
        )
    require_ok(reply, ref, what)
