"""The limits of a credential, shared by all processes through one row: `ports.RateLimiter`.

Source: docs/design.md, Limits and failure.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import DatabaseError, LimitedError
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit
from reconciler.model.policy import RateLimitPolicy
from reconciler.ports import Clock
from reconciler.store.bulk import dialect_insert
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import credential_budgets
from reconciler.store.sync import sliding_window
from reconciler.store.sync.sliding_window import (
    Denied,
    Granted,
    Slice,
    WindowUsage,
    admit_points,
    admit_points_ahead,
)
from reconciler.store.types import decode_json, encode_json

UPDATE_USAGE = update(credential_budgets).where(
    credential_budgets.c.credential == bindparam("of"), credential_budgets.c.revision == bindparam("read_at")
)
"""Built once, because every write to GitHub waits for it; what is set comes with the parameters."""
MAX_LOST_RACES = 100  # each lost race means that somebody else got through


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialBudget:
    """One row of `sync_governor`. Revision 0: there is no row yet."""

    revision: int = 0
    spent: WindowUsage = field(default_factory=WindowUsage)
    blocked_until: datetime | None = None
    blocked_reason: str | None = None
    rate: RateLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSlot:
    """A slot for one write, at the moment it was computed. It is taken by storing `after` in place of the
    revision before.
    """

    credential: Fingerprint
    after: CredentialBudget


class BaseRateLimiter(ABC):
    """Admission by a credential's budget, wherever the budget is kept."""

    def __init__(self, database: Database, policy: RateLimitPolicy, clock: Clock) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._known: dict[Fingerprint, CredentialBudget] = {}

    async def reserve_reads(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> None:
        await self._reserve(credential, points, seen, write=False)

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        return await self._reserve(credential, points, seen, write=True)

    async def reserve_ahead(
        self,
        credential: Fingerprint,
        points: int,
        ahead: int,
        *,
        returned: Slice | None = None,
        seen: RateLimit | None = None,
    ) -> Slice:
        """Reserve points of reads, and as many of `ahead` as there are, to be used within SLICE_SECONDS.

        `returned`: what was left of the last slice. Raises LimitedError when there are not even `points`.
        """
        for _ in range(MAX_LOST_RACES):
            budget, now = await self._read_budget(credential), self._clock.now()
            require_no_block(budget, now, seen)
            answer = admit_points_ahead(budget.spent, self._policy, now.timestamp(), points, ahead, returned)
            if isinstance(answer, Denied):
                raise _denied_error(answer)
            granted, taken = answer
            rate = newer_rate_limit(budget.rate, seen)
            if await self._save_if_unchanged(credential, budget, granted.spent, rate):
                return taken
        raise _contention_error(credential)

    async def grant_verification_points(self, credential: Fingerprint, points: int) -> int:
        for _ in range(MAX_LOST_RACES):
            budget = await self._read_budget(credential)
            now = self._clock.now().timestamp()
            spent, granted = sliding_window.grant_verification_points(budget.spent, self._policy, now, points)
            if await self._save_if_unchanged(credential, budget, spent, budget.rate):
                return granted
        raise _contention_error(credential)

    async def _reserve(
        self, credential: Fingerprint, points: int, seen: RateLimit | None, *, write: bool
    ) -> datetime:
        for _ in range(MAX_LOST_RACES):
            budget = await self._read_budget(credential)
            granted = require_points_within_limits(
                budget, self._policy, self._clock.now(), points, seen, write=write
            )
            rate = newer_rate_limit(budget.rate, seen)
            if await self._save_if_unchanged(credential, budget, granted.spent, rate):
                return datetime.fromtimestamp(granted.at, UTC)
        raise _contention_error(credential)

    async def _read_budget(self, credential: Fingerprint) -> CredentialBudget:
        return self._known.get(credential) or await read_budget(self._database, credential)

    @abstractmethod
    async def _save_if_unchanged(
        self, credential: Fingerprint, budget: CredentialBudget, spent: WindowUsage, rate: RateLimit | None
    ) -> bool:
        """Replace the budget that was read. False when another process has changed it since."""


class StoredRateLimiter(BaseRateLimiter):
    """Saves by one UPDATE that names the revision it was computed from; a lost race computes again."""

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """An earlier end than the stored one is ignored."""
        later = or_(credential_budgets.c.blocked_until.is_(None), credential_budgets.c.blocked_until < until)
        blocked = {"blocked_until": until, "blocked_reason": reason}
        row = {"credential": credential, "revision": 1, "spent": encode_json(WindowUsage()), **blocked}
        self._known.pop(credential, None)
        async with self._database.write() as connection:
            raised = blocked | {"revision": credential_budgets.c.revision + 1}
            await connection.execute(
                dialect_insert(self._database.dialect, credential_budgets)
                .values(row)
                .on_conflict_do_update(index_elements=["credential"], set_=raised, where=later)
            )

    async def find_slot_now(self, credential: Fingerprint, points: int) -> WriteSlot | None:
        """Compute the slot of a write that need not wait; None: it has to, or `reserve_write` refuses it."""
        budget, now = await self._read_budget(credential), self._clock.now()
        try:
            granted = require_points_within_limits(budget, self._policy, now, points, None, write=True)
        except LimitedError:
            return None
        if not budget.revision or granted.at > now.timestamp():
            return None
        after = replace(budget, revision=budget.revision + 1, spent=granted.spent)
        return WriteSlot(credential=credential, after=after)

    async def take(self, connection: AsyncConnection, slot: WriteSlot) -> bool:
        """Take a slot in this transaction. False when another process has changed the budget since."""
        self._known.pop(slot.credential, None)
        same = {"of": slot.credential, "read_at": slot.after.revision - 1}
        return (await connection.execute(UPDATE_USAGE, {**same, **_usage_row(slot.after)})).rowcount == 1

    def record_taken_slot(self, slot: WriteSlot) -> None:
        """Know the budget after a slot, now that the transaction that took it is committed."""
        self._known[slot.credential] = slot.after

    async def _save_if_unchanged(
        self, credential: Fingerprint, budget: CredentialBudget, spent: WindowUsage, rate: RateLimit | None
    ) -> bool:
        after = replace(budget, revision=budget.revision + 1, spent=spent, rate=rate)
        if budget.revision == 0:
            self._known.pop(credential, None)
            done = await self._insert({"credential": credential, **_usage_row(after)})
        else:
            async with self._database.write() as connection:
                done = await self.take(connection, WriteSlot(credential=credential, after=after))
        if done:
            self._known[credential] = after
        return done

    async def _insert(self, row: Mapping[str, Any]) -> bool:
        new = dialect_insert(self._database.dialect, credential_budgets).values(row)
        statement = new.on_conflict_do_nothing().returning(credential_budgets.c.revision)
        async with self._database.write() as connection:
            return (await connection.execute(statement)).first() is not None


class DryRunRateLimiter(BaseRateLimiter):
    """Counts what `reconcile plan` reads in this process only, and writes nothing."""

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        budget = self._known.get(credential, CredentialBudget())
        self._known[credential] = CredentialBudget(
            spent=budget.spent, blocked_until=until, blocked_reason=reason
        )

    async def _save_if_unchanged(
        self, credential: Fingerprint, budget: CredentialBudget, spent: WindowUsage, rate: RateLimit | None
    ) -> bool:
        self._known[credential] = replace(budget, spent=spent, rate=rate)
        return True


def _usage_row(budget: CredentialBudget) -> dict[str, Any]:
    rate = budget.rate
    return {
        "revision": budget.revision,
        "spent": encode_json(budget.spent),
        "rate_limit": rate.limit if rate else None,
        "rate_remaining": rate.remaining if rate else None,
        "rate_reset_at": rate.reset_at if rate else None,
    }


def _contention_error(credential: Fingerprint) -> DatabaseError:
    return DatabaseError(
        f"The limits of credential {credential} were contended {MAX_LOST_RACES} times in a row."
    )


async def read_budget(database: Database, credential: Fingerprint) -> CredentialBudget:
    """Read the credential's row."""
    async with database.read() as connection:
        found = await connection.execute(
            select(credential_budgets).where(credential_budgets.c.credential == credential)
        )
        row = found.mappings().first()
    return _to_budget(row) if row else CredentialBudget()


def _to_budget(row: RowMapping) -> CredentialBudget:
    rate = None
    if row["rate_limit"] is not None:
        rate = RateLimit(
            limit=row["rate_limit"], remaining=row["rate_remaining"], reset_at=row["rate_reset_at"]
        )
    return CredentialBudget(
        revision=row["revision"],
        spent=decode_json(row["spent"], WindowUsage),
        blocked_until=row["blocked_until"],
        blocked_reason=row["blocked_reason"],
        rate=rate,
    )


def require_points_within_limits(
    budget: CredentialBudget,
    policy: RateLimitPolicy,
    now: datetime,
    points: int,
    seen: RateLimit | None,
    *,
    write: bool,
) -> Granted:
    """Admit points by the budget. Raises LimitedError when GitHub said wait or a limit is used up."""
    require_no_block(budget, now, seen)
    decision = admit_points(budget.spent, policy, now.timestamp(), points, write=write)
    if isinstance(decision, Denied):
        raise _denied_error(decision)
    return decision


def require_no_block(budget: CredentialBudget, now: datetime, seen: RateLimit | None) -> None:
    """Raise LimitedError when GitHub said wait, or its hourly limit is used up."""
    if budget.blocked_until is not None and budget.blocked_until > now:
        raise LimitedError(budget.blocked_reason or "GitHub said wait.", budget.blocked_until)
    rate = newer_rate_limit(budget.rate, seen)
    if rate is not None and rate.remaining <= 0 and rate.reset_at > now:
        raise LimitedError("GitHub's hourly limit for this credential is used up.", rate.reset_at)


def _denied_error(denied: Denied) -> LimitedError:
    return LimitedError(f"A limit of ours: {denied.reason}.", datetime.fromtimestamp(denied.until, UTC))


def newer_rate_limit(known: RateLimit | None, seen: RateLimit | None) -> RateLimit | None:
    """The newer of two rate limits: a later reset is a new hour; within an hour, less remaining is newer."""
    if known is None or seen is None:
        return seen or known
    return max(known, seen, key=lambda rate: (rate.reset_at, -rate.remaining))
