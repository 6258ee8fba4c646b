"""A repository as it is addressed, and what its answers to reads mean that are not the object asked for.

Source: docs/reference/github.md, Writes; docs/reference/github.md, List rules, 8.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import (
    CredentialError,
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    RepositoryInaccessibleError,
    RepositoryRecreatedError,
)
from reconciler.github.gateway import Gateway
from reconciler.github.http import GitHubTime, Reply
from reconciler.github.origin import Origin, split_repository_name
from reconciler.github.refusals import refusal_advice
from reconciler.github.wire import error_message, error_reason
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import RepositoryId
from reconciler.model.webhook import WEBHOOK_PERMISSION_ADVICE

_ADVICE_BY_STATUS = {
    403: "check what the token may do there",
    404: "check that it exists and that the token may read it",
    410: "check that its issues are switched on",
    451: "GitHub blocks it for legal reasons",
}
RETIRED_VERSION_ADVICE = (
    "GitHub no longer answers this version of its API: set github.api_version to a newer one"
)


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
    def github_time(self) -> GitHubTime:
        """GitHub's clock."""
        return self.gateway.http.usage.time

    def url(self, *parts: str | int, query: Mapping[str, str | int] | None = None) -> str:
        """Build an address below the repository. Raises ValueError for a part that is no step of a path."""
        return self.origin.url("repos", *split_repository_name(self.name), *parts, query=query)

    async def require_supported_api_version(self) -> None:
        """Ask for the repository after a 410: what is answered 410 as well is no issue and no list.

        Raises RepositoryInaccessibleError that names the version of the API (docs/reference/github.md,
        Writes).
        """
        reply = (await self.gateway.read(self.url())).reply
        if reply.status == 410:
            text = _not_shown_message(f"the repository {self.name}", reply, RETIRED_VERSION_ADVICE)
            raise RepositoryInaccessibleError(text, remedy=RETIRED_VERSION_ADVICE)

    def is_own_commit(self, url: str, sha: str) -> bool:
        """Whether this is the address of a commit in this repository, by its name or by its id."""
        if not COMMIT_PATTERN.fullmatch(sha):
            return False
        by_id = {self.origin.url("repositories", self.id, "commits", sha)} if self.id else set()
        return url.lower() in {each.lower() for each in (self.url("commits", sha), *by_id)}

    def is_other_repository(self, url: str) -> bool:
        """Whether a redirect leads to a repository that is not this one, as far as its id is known."""
        other = self.origin.repository_id(url)
        return other is not None and self.id is not None and other != self.id


COMMIT_PATTERN = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
UNKNOWN_VERSION_ADVICE = (
    "GitHub does not know this version of its API: set github.api_version to one that it names"
)


def is_retired_version(reply: Reply) -> bool:
    """Whether a 410 is about the version of the API, which every request is answered with then.

    Its words are not documented: a version is named in no other 410 (docs/reference/github.md, Writes).
    """
    return reply.status == 410 and "version" in error_reason(reply.body).lower()


def is_unknown_version(reply: Reply) -> bool:
    """Whether a 400 is about the version of the API (docs/reference/github.md, Writes)."""
    return reply.status == 400 and "version" in error_reason(reply.body).lower()


def require_repository_ok(reply: Reply, ref: RepositoryRef, what: str) -> None:
    """Pass a 200 about the repository or its lists.

    Raises RepositoryInaccessibleError (403, 404, 410, 451: nothing may be inferred),
    RepositoryRecreatedError, GitHubError.
    """
    if any(ref.is_other_repository(hop) for hop in reply.redirects):
        raise RepositoryRecreatedError(
            f"The name {ref.name} leads to another repository now: nothing is read or written."
        )
    if reply.status == 200:
        return
    if is_unknown_version(reply):
        raise RepositoryInaccessibleError(
            _not_shown_message(what, reply, UNKNOWN_VERSION_ADVICE), remedy=UNKNOWN_VERSION_ADVICE
        )
    # A REST API says why in `message`; GitHub's web pages answer with HTML, or with JSON of another shape.
    no_api = None if error_message(reply.body) else ref.origin.wrong_api_url_advice
    if reply.status in _ADVICE_BY_STATUS:
        exact = RETIRED_VERSION_ADVICE if is_retired_version(reply) else refusal_advice(reply)
        advice = exact or no_api or _ADVICE_BY_STATUS[reply.status]
        raise RepositoryInaccessibleError(_not_shown_message(what, reply, advice), remedy=advice)
    reason = error_reason(reply.body)
    raise GitHubError(
        single_printable_line(f"GitHub answered {reply.status} when asked for {what}: {reason}"),
        remedy=no_api,
    )


def _not_shown_message(what: str, reply: Reply, advice: str) -> str:
    return f"GitHub does not show {what} ({reply.status}: {error_reason(reply.body)}): {advice}."


def require_found(reply: Reply, ref: RepositoryRef, what: str) -> None:
    """Pass a 200 about one issue, thread or comment.

    Raises GitHubNotFoundError (404, 410), which alone proves nothing, IssueTransferredError where a redirect
    led to another repository, and what `require_repository_ok` raises.
    """
    if any(ref.is_other_repository(hop) for hop in reply.redirects):
        raise IssueTransferredError(f"{what[0].upper()}{what[1:]} is in another repository now.")
    if reply.status in (404, 410) and not is_retired_version(reply):
        reason = error_reason(reply.body)
        raise GitHubNotFoundError(f"GitHub does not show {what} ({reply.status}: {reason}).", reply.status)
    require_repository_ok(reply, ref, what)


def require_account_ok(reply: Reply, ref: RepositoryRef) -> None:
    """Pass a 200 about the credential's account.

    Raises RepositoryInaccessibleError where it is refused, GitHubError.
    """
    if reply.status == 200:
        return
    what = f"whose credential that of {ref.name} is"
    advice = refusal_advice(reply)
    if advice is not None:
        raise RepositoryInaccessibleError(_not_shown_message(what, reply, advice), remedy=advice)
    raise GitHubError(f"GitHub does not say {what} ({reply.status}: {error_reason(reply.body)}).")


def require_hooks_ok(reply: Reply, ref: RepositoryRef, what: str) -> None:
    """Pass a 200 about webhooks.

    Raises CredentialError with the missing permission where GitHub answers 403 or 404, as to a credential
    that may not see them; and what `require_repository_ok` raises.
    """
    if reply.status in (403, 404):
        reason = error_reason(reply.body)
        raise CredentialError(
            f"GitHub does not show {what} ({reply.status}: {reason}): {WEBHOOK_PERMISSION_ADVICE}."
        )
    require_repository_ok(reply, ref, what)
