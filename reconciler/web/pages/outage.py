"""GitHub is away: what pages say of it, and what still works (docs/reference/looks.md, Rules). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.passes import Outcome, PassResult

OUTAGE_ERROR_KIND = "github"
"""`errors.GitHubError.kind`: no answer, a 5xx after retries, an answer that can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What the last pass met. `next_at`: not before then does a pass ask again by itself."""

    reason: str
    failures: int
    next_at: datetime | None


def outage_of(last: PassResult | None) -> Outage | None:
    """None where the last pass did not fail for GitHub."""
    if (
        last is None
        or last.outcome is not Outcome.FAILED
        or last.error is None
        or last.error.kind != OUTAGE_ERROR_KIND
    ):
        return None
    return Outage(reason=last.error.message, failures=last.failures, next_at=last.next_at)


def longest_outage(found: Iterable[Outage | None]) -> Outage | None:
    """Of several projects the one that has waited longest: one notice is enough."""
    return max((each for each in found if each is not None), key=lambda each: each.failures, default=None)
