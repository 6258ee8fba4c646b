"""The last deliveries that were refused, by project, so that the set-up page can say why none arrives.

They are kept in memory, in a bounded number: their senders are not known, so nothing of theirs is stored.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.ids import ProjectId

MAX_PROJECTS, MAX_PER_PROJECT = 1_000, 5
GITHUB_AGENT_PREFIX = "GitHub-Hookshot/"
NO_SIGNATURE = "It has no signature: the webhook on GitHub has no secret."
WRONG_SIGNATURE = "The secret doesn\u2019t match: enter the present one on GitHub."
WRONG_TYPE = "Its content type is neither JSON nor a form: choose application/json on GitHub."
TOO_LARGE = "It is larger than 1 MiB: no event that is needed is so large."
OTHER_REASON = "It could not be read to its end."


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedDelivery:
    """One refused request. `looks_like_github`: by its User-Agent, which anybody may write."""

    at: datetime
    status: int
    reason: str
    looks_like_github: bool


@dataclass(slots=True, kw_only=True)
class RejectedDeliveries:
    """The newest ones of each project, since the process started."""

    _by_project: OrderedDict[ProjectId, deque[RejectedDelivery]] = field(default_factory=OrderedDict)

    def add(self, project_id: ProjectId, rejected: RejectedDelivery) -> None:
        """Keep one; the project that was heard of longest ago makes room."""
        kept = self._by_project.setdefault(project_id, deque(maxlen=MAX_PER_PROJECT))
        kept.appendleft(rejected)
        self._by_project.move_to_end(project_id)
        if len(self._by_project) > MAX_PROJECTS:
            self._by_project.popitem(last=False)

    def newest(self, project_id: ProjectId) -> tuple[RejectedDelivery, ...]:
        """Return those of a project, newest first."""
        return tuple(self._by_project.get(project_id, ()))


def describe_rejection(headers: Mapping[str, str], status: int, at: datetime) -> RejectedDelivery:
    """Say why a delivery was refused, as far as its headers tell. `headers`: a mapping that ignores case."""
    reason = {
        401: WRONG_SIGNATURE if headers.get("x-hub-signature-256") else NO_SIGNATURE,
        413: TOO_LARGE,
        415: WRONG_TYPE,
    }.get(status, OTHER_REASON)
    return RejectedDelivery(
        at=at,
        status=status,
        reason=reason,
        looks_like_github=headers.get("user-agent", "").startswith(GITHUB_AGENT_PREFIX),
    )
