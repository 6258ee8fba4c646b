"""When the confirmation of a write is stored: with the next claim, or before anything that takes its time."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from reconciler.errors import LimitedError, ProjectLockLostError
from reconciler.model.ids import Fingerprint, RemoteCommentId
from reconciler.model.intent import Confirmed, DesiredCommentDeletion, Intent, NewIssue
from reconciler.model.kinds import Operation
from reconciler.ports import Claim, Confirmation, NoWriteSlot, Stores
from reconciler.sync.context import CredentialLocks
from tests.support.factories import AFTER, a_link, an_issue
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario, open_scenario
from tests.support.writer_harness import MemoryClock, MemoryIntents, ScriptedGitHub, WriterHarness, an_intent
from tests.sync.test_write import CLOSE, CLOSED, COPY, DONE, Lock, PassWriter

DELETED = Confirmed(value=None, request_id=None)
CLAIM, CONFIRM, SENT = ("claim",), ("confirm",), "delete_comment"


@dataclass(slots=True)
class RecordedIntents(MemoryIntents):
    """Adds what is stored to the journal of the requests."""

    journal: list[tuple[Any, ...]] = field(default_factory=list)

    async def confirm(self, confirmed: Confirmation) -> None:
        self.journal.append(CONFIRM)
        await MemoryIntents.confirm(self, confirmed)

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        self.journal.append(CLAIM)
        return await MemoryIntents.claim(self, intent, at)

    async def claim_if_slot_free(
        self,
        intent: Intent,
        at: datetime,
        *,
        credential: Fingerprint,
        points: int,
        confirmed: Confirmation | None = None,
    ) -> Claim | NoWriteSlot | None:
        self.journal.append(("transaction",))
        return await MemoryIntents.claim_if_slot_free(
            self, intent, at, credential=credential, points=points, confirmed=confirmed
        )


@dataclass(slots=True, kw_only=True)
class LostLock(Lock):
    """A project lock that is lost when it is asked for the second time."""

    asked: int = 0

    async def ensure_held(self) -> None:
        self.asked += 1
        if self.asked > 1:
            raise ProjectLockLostError("somebody else has it")


def a_deletion(number: int) -> Intent:
    desired = DesiredCommentDeletion(remote_id=RemoteCommentId(number))
    return an_intent(Operation.DELETE_COMMENT, desired, local_id=uuid4())


def recording_pass_writer(*intents: Intent, passed: float = 0.0, **answers: Any) -> PassWriter:
    github = ScriptedGitHub(**answers)
    rows = RecordedIntents(link=a_link(), pair=COPY, journal=github.requests)
    harness = WriterHarness(github=github, intents=rows, time=MemoryClock(passed=passed), link=a_link())
    return PassWriter(harness=harness.with_intents(*intents))


def journal(writer: PassWriter) -> list[str]:
    """Each transaction with what is in it, and what was sent."""
    return [each[0] for each in writer.harness.github.requests]


async def test_a_confirmation_is_stored_with_the_next_claim_and_the_last_one_by_itself() -> None:
    writer = recording_pass_writer(a_deletion(5), a_deletion(6), delete_comment=[DELETED, DELETED])
    await writer.run()
    assert journal(writer) == [
        *("transaction", "claim", SENT),
        *("transaction", "confirm", "claim", SENT),
        "confirm",
    ]
    assert writer.harness.intents.rows == {}
    assert writer.stats.counts["remote_comments_removed"] == 2


async def test_nothing_is_asked_of_github_while_a_confirmation_is_not_stored() -> None:
    writer = recording_pass_writer(
        a_deletion(5), CLOSE, passed=60, delete_comment=[DELETED], issue=[CLOSED], update_issue=[DONE]
    )
    await writer.run()
    assert journal(writer)[:5] == ["transaction", "claim", SENT, "confirm", "issue"]


async def test_a_confirmation_does_not_wait_for_another_pass_that_waits_for_the_account() -> None:
    class Wanted(CredentialLocks):
        def is_waited_for(self, credential: Fingerprint) -> bool:
            return True

    writer = recording_pass_writer(a_deletion(5), a_deletion(6), delete_comment=[DELETED, DELETED])
    await writer.run(credential_locks=Wanted())
    assert journal(writer) == ["transaction", "claim", SENT, "confirm"] * 2


async def test_a_confirmation_does_not_wait_for_the_pace_of_writes() -> None:
    writer = recording_pass_writer(a_deletion(5), a_deletion(6), delete_comment=[DELETED, DELETED])
    writer.harness.intents.has_slot_now = False
    await writer.run()
    first, second = ["transaction", "claim", SENT], ["transaction", "confirm", "claim", SENT]
    assert journal(writer) == [*first, *second, "confirm"]
    assert len(writer.harness.slots) == 2, "each write waited for its slot"


async def test_a_limit_before_the_next_write_leaves_the_confirmation_stored() -> None:
    writer = recording_pass_writer(a_deletion(5), a_deletion(6), delete_comment=[DELETED])
    writer.harness.intents.has_slot_now = False
    context, slots = writer.harness.context(), iter([AFTER])

    async def reserve(credential: Fingerprint, points: int) -> datetime:
        if (slot := next(slots, None)) is None:
            raise LimitedError("wait", until=AFTER)
        return slot

    limited = SimpleNamespace(
        **vars(context.stores) | {"rate_limiter": SimpleNamespace(reserve_write=reserve)}
    )
    with pytest.raises(LimitedError):
        await writer.run(stores=cast("Stores", limited))
    assert journal(writer) == ["transaction", "claim", SENT, "transaction", "confirm"]


async def test_a_lost_lock_before_the_next_write_leaves_the_confirmation_stored() -> None:
    writer = replace(
        recording_pass_writer(a_deletion(5), a_deletion(6), delete_comment=[DELETED]), lock=LostLock()
    )
    with pytest.raises(ProjectLockLostError):
        await writer.run()
    assert journal(writer) == ["transaction", "claim", SENT, "confirm"]


async def test_a_new_issue_is_stored_at_once_because_its_report_is_locked() -> None:
    desired = NewIssue(title="[BUG-0001] It breaks", body="Steps.", labels=())
    create = an_intent(Operation.CREATE_ISSUE, desired, link_id=None, number=None)
    done = Confirmed(value=an_issue(), request_id=None)
    writer = recording_pass_writer(create, a_deletion(5), create_issue=[done], delete_comment=[DELETED])
    await writer.run()
    assert journal(writer) == [
        *("transaction", "claim", "create_issue", "confirm"),
        *("transaction", "claim", SENT, "confirm"),
    ]


def is_post(point: str) -> bool:
    """Whether a comment was answered at this point."""
    return point.startswith("POST") and point.endswith("/comments: answered")


@pytest.fixture
async def scenario(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Scenario]:
    """Two issues whose next pass has two comments to send for each."""
    shutil.copy(sqlite_template, tmp_path / "bugspark.db")
    async with open_scenario(f"sqlite:///{tmp_path / 'bugspark.db'}") as opened:
        reports = [await opened.export(title=title) for title in ("first", "second")]
        await opened.settle(hours=0)
        for report in reports * 2:
            opened.comment_in_bugspark(report)
        await opened.start()
        yield opened


async def test_comments_that_follow_each_other_cost_one_transaction_each(scenario: Scenario) -> None:
    scenario.crash_points.reset()
    await scenario.run()
    names = scenario.crash_points.reached
    answers = [index for index, name in enumerate(names) if is_post(name)]
    assert [names[one:other].count("committed") for one, other in pairwise(answers)] == [1, 1, 1]
    last = answers[-1]
    assert names[last + 1 : last + 4] == ["begin", "commit", "committed"], "the last is stored at once"


@pytest.mark.parametrize(
    ("point", "states"),
    [
        ("begin", ["planned", "planned", "planned", "sending"]),  # the first is not confirmed
        ("commit", ["planned", "planned", "planned", "sending"]),
        ("committed", ["planned", "planned", "sending"]),  # it is, and the second is claimed
    ],
)
async def test_a_crash_after_an_answer_leaves_one_write_of_unknown_outcome(
    scenario: Scenario, point: str, states: list[str]
) -> None:
    reached: list[str] = []

    def is_fatal(name: str) -> bool:
        reached.append(name)
        return name == point and any(is_post(each) for each in reached)

    scenario.crash_points.reset(crash_at=0, is_fatal=is_fatal)
    assert await scenario.run() is None, "it crashed"
    assert sorted(row["state"] for row in scenario.rows("sync_intents")) == states
    assert find_violations(scenario, await scenario.settle(hours=0)) == []
    assert scenario.rows("sync_intents") == []
    assert scenario.most_copies == 1
