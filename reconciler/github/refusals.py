"""What the headers and words of a refusal tell about its cause; pure.

Source: docs/reference/github.md, Credentials and versions.
"""

from reconciler.github.http import Reply
from reconciler.github.wire import error_reason
from reconciler.model.formatting import single_printable_line
from reconciler.model.intent import MISSING_PERMISSION

_MAX_URL_CHARS = 500
_SSO_REQUIRED = "required"
_ACCESS_BLOCKED = "repository access blocked"
_NAMES_ON_GITHUB = {"repository_hooks": "Webhooks"}
"""Permissions whose name on GitHub's pages is not the one in its headers."""
_PERMISSION_WORDS = ("not accessible by", "must have", "permission")
"""In the message of a 403 about permissions: GitHub sends the accepted ones with other refusals too."""


def refusal_advice(reply: Reply) -> str | None:
    """Return what the owner of the credential can do about a 403, or None where GitHub does not tell."""
    if reply.status != 403:
        return None
    message = error_reason(reply.body).lower()
    sso = _sso_advice(reply, message)
    if sso is not None:
        return sso
    if "ip allow list" in message:
        return (
            "the organisation's IP allow list does not have this machine's address: an owner of the "
            "organisation can add it; nothing is wrong with the token"
        )
    if _ACCESS_BLOCKED in message:
        return (
            "GitHub has blocked the repository itself, its page on GitHub says why; nothing is wrong with "
            "the token"
        )
    accepted = _accepted_permissions(reply.headers.get("x-accepted-github-permissions", ""))
    if accepted and any(words in message for words in _PERMISSION_WORDS):
        return f"{MISSING_PERMISSION}{accepted}"
    return None


def _sso_advice(reply: Reply, message: str) -> str | None:
    """Say where to authorise the token for an organisation's SAML single sign-on."""
    kind, _, rest = reply.headers.get("x-github-sso", "").partition(";")
    if kind.strip().lower() != _SSO_REQUIRED and "saml" not in message:
        return None
    what = "authorise the token for the organisation's SAML single sign-on"
    url = single_printable_line(rest.strip().removeprefix("url=").strip())
    if url.startswith("https://") and len(url) <= _MAX_URL_CHARS and " " not in url:
        return f"{what} at {url}"
    return f"{what} on GitHub (Settings, Developer settings, the token, Configure SSO)"


def _accepted_permissions(text: str) -> str:
    """Return "issues=write,metadata=read; pull_requests=write" as words: alternatives, each of several."""
    alternatives = (_permission_set(each) for each in single_printable_line(text).split(";"))
    return " or ".join(each for each in alternatives if each)


def _permission_set(text: str) -> str:
    pairs = (each.strip().partition("=") for each in text.split(","))
    return " and ".join(
        f"{_NAMES_ON_GITHUB.get(name, name.replace('_', ' ').capitalize())}: {access}"
        for name, _, access in pairs
        if name and access
    )
