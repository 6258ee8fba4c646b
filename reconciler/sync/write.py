"""Send intents: claim, send once, confirm, each committed. Never "POST, then record"."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, assert_never

from reconciler.decide.link import has_new_information
from reconciler.errors import (
    GitHubError,
    LimitedError,
    MovedError,
    NotThereError,
    ProjectError,
    ProjectLockLostError,
    RowUnreadableError,
)
from reconciler.fields import SYNCED_FIELDS
from reconciler.logs import EventLogger
from reconciler.model.fields import Field
from reconciler.model.ids import IntentId, IssueNumber
from reconciler.model.intent import (
    Confirmed,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredFieldWrite,
    DesiredLabels,
    DesiredState,
    Intent,
    IntentState,
    NewComment,
    NewIssue,
    NotSent,
    OutcomeUnknown,
    Refused,
    WriteResult,
)
from reconciler.model.issue import Issue
from reconciler.model.snapshot import ProjectState
from reconciler.ports import Claim, GitHub, ProjectLock
from reconciler.sync.apply import DerivedIntentKeys
from reconciler.sync.confirm import record_confirmation
from reconciler.sync.context import Context, wait_for_write_slot
from reconciler.sync.intents import is_automatic_export
from reconciler.sync.preflight import require_writable_repository, sendable_intents, update_visibility
from reconciler.sync.result import PassStats

REFUSED_WRITE_QUARANTINE = timedelta(hours=1)
"""A refused write is tried again this much later, or by hand."""

SLOW_CLAIM_SECONDS = 1.0
"""A claim that took longer may be that of a process that slept: the project lock is checked again."""

DecideAgain = Callable[[Issue], Awaitable[None]]
log = EventLogger(__name__)


@dataclass(slots=True, kw_only=True)
class IntentWriter:
    """The remote half of one pass."""

    context: Context
    project_state: ProjectState
    project_lock: ProjectLock
    stats: PassStats
    derived_keys: DerivedIntentKeys  # what this pass has derived; grows when a link is decided again
    decide_again: DecideAgain
    observed_monotonic: float  # monotonic seconds: when this pass began to read
    issue_read_monotonic: dict[IssueNumber, float] = field(default_factory=dict)
    attempted: set[IntentId] = field(default_factory=set)  # once a pass, whatever came of it

    async def send_due_intents(self) -> None:
        """Send every intent that is due. Raises LimitedError if a limit ends it; the rest stays planned."""
        while due := await self._take_due_intents():
            found = await require_writable_repository(self.context, self.project_state)
            self.project_state = await update_visibility(self.context, self.project_state, found)
            foreign = await self.context.stores.restores.links_held_by_other_databases(
                self.context.project.id
            )
            due = self._limit_new_issues(
                [i for i in sendable_intents(self.project_state, due) if i.link_id not in foreign]
            )
            self.context.progress.start(f"{self.context.project.name}: writing", len(due))
            for intent in due:
                async with self.context.credential_locks.hold(self.context.github.credential):
                    await self._write_intent(intent)
                self.context.progress.advance(1)
            self.context.progress.finish()

    async def _take_due_intents(self) -> list[Intent]:
        """Recorded creates, and what this pass derived. What nobody derives any more is cancelled."""
        planned = [
            i for i in await self._read_open_intents() if i.id not in self.attempted and self._is_due(i)
        ]
        stale = [i for i in planned if not i.operation.is_create and not self._is_derived(i)]
        if stale:
            await self.context.stores.intents.cancel(stale)
        due = [i for i in planned if i.operation.is_create or self._is_derived(i)]
        self.attempted.update(i.id for i in due)
        return due

    def _limit_new_issues(self, due: list[Intent]) -> list[Intent]:
        """Leave out new issues beyond what a pass may create, also those of earlier passes."""
        room = max(0, self.context.guard.max_new_issues - self.stats.automatic_exports)
        new = [intent for intent in due if is_automatic_export(intent)]
        self.stats.automatic_exports += len(new[:room])
        return [intent for intent in due if intent not in new[room:]]

    async def _read_open_intents(self) -> tuple[Intent, ...]:
        rows = await self.context.stores.intents.list_open(self.context.project.id)
        return tuple(i for i in rows if i.repository_id == self.project_state.repository_id)

    def _is_derived(self, intent: Intent) -> bool:
        return (intent.local_id, intent.operation) in self.derived_keys

    def _is_due(self, intent: Intent) -> bool:
        match intent.state:
            case IntentState.PLANNED:
                waited = intent.not_before is None or intent.not_before <= self.context.github.now()
                return waited or self.context.manual
            case IntentState.QUARANTINED:
                over = intent.not_before is not None and intent.not_before <= self.context.github.now()
                return over or self.context.manual
            case IntentState.SENDING | IntentState.UNKNOWN:
                return False
        assert_never(intent.state)

    async def _write_intent(self, intent: Intent) -> None:
        if isinstance(intent.desired, DesiredState) and await self._decide_again_if_moved(intent):
            return
        await wait_for_write_slot(self.context)
        await self.project_lock.ensure_held()
        started = self.context.clock.monotonic()
        claim = await self.context.stores.intents.claim(intent, self.context.github.now())
        if claim is None:
            return
        if claim.cause_gone:
            await self.context.stores.intents.cancel([intent])
            return
        if await self._keep_or_give_back_claim(claim, self.context.clock.monotonic() - started):
            await self._send_and_record(claim)

    async def _keep_or_give_back_claim(self, claim: Claim, passed: float) -> bool:
        """Give a claim back that took long: a process that took the project over waits for
        no byte of ours. Raises FenceLostError when somebody has.
        """
        if passed <= SLOW_CLAIM_SECONDS:
            return True
        if passed <= self.context.timing.claim_within_seconds:
            try:
                await self.project_lock.ensure_held()
            except ProjectLockLostError:
                await self.context.stores.intents.release_claim(claim.intent)
                raise
            return True
        await self.context.stores.intents.release_claim(claim.intent)
        return False

    async def _decide_again_if_moved(self, intent: Intent) -> bool:
        """Read the issue again before a state write; if a person changed it, the link is decided again."""
        assert intent.number is not None
        at = self.issue_read_monotonic.get(intent.number, self.observed_monotonic)
        if self.context.clock.monotonic() - at <= self.context.timing.max_observation_age_seconds:
            return False
        link = await self.context.stores.ledger.find_link_of_report(intent.report_id)
        try:
            issue = await self.context.github.issue(intent.number)
        except (NotThereError, MovedError, RowUnreadableError) as error:
            await self._quarantine_intent(intent, str(error))
            return True
        self.issue_read_monotonic[intent.number] = self.context.clock.monotonic()
        if link is None or not has_new_information(link, issue):
            return False
        await self.context.stores.intents.cancel([intent])
        await self.decide_again(issue)
        return True

    async def _send_and_record(self, claim: Claim) -> None:
        try:
            answer = await send_intent(self.context.github, claim.intent)
        except (LimitedError, ProjectError):  # GitHub said that nothing was done
            await self.context.stores.intents.release_claim(claim.intent)
            raise
        match answer:
            case Confirmed():
                await record_confirmation(self.context, claim, answer, self.stats)
            case Refused(gone=True) if await self._is_comment_gone(claim.intent):
                done = Confirmed(value=None, request_id=answer.request_id)  # it is gone, as desired
                await record_confirmation(self.context, claim, done, self.stats)
            case Refused():
                await self._quarantine_intent(claim.intent, answer.reason)
            case NotSent():
                await self.context.stores.intents.save_unconfirmed(
                    replace(claim.intent, state=IntentState.PLANNED)
                )
                raise GitHubError(f"{self.context.project.name}: GitHub can't be reached: {answer.reason}")
            case OutcomeUnknown():
                await self._mark_outcome_unknown(claim.intent, answer)
            case _:
                assert_never(answer)

    async def _is_comment_gone(self, intent: Intent) -> bool:
        """A 404 also means no access: the comment itself has to say that it is gone.

        Source: docs/reference/github.md, Writes.
        """
        if not isinstance(intent.desired, DesiredCommentDeletion):
            return False
        try:
            await self.context.github.comment(intent.desired.remote_id)
        except NotThereError:
            return True
        except RowUnreadableError:
            return False  # what it says can't be read, but it is there
        return False

    async def _quarantine_intent(self, intent: Intent, reason: str) -> None:
        until = self.context.github.now() + REFUSED_WRITE_QUARANTINE
        await self.context.stores.intents.save_unconfirmed(
            replace(intent, state=IntentState.QUARANTINED, not_before=until, reason=reason)
        )
        self.stats.problems.append(f"{intent.operation.value} for report {intent.report_id}: {reason}")
        log.warning("write refused", **intent.log_fields, reason=reason)

    async def _mark_outcome_unknown(self, intent: Intent, answer: OutcomeUnknown) -> None:
        await self.context.stores.intents.save_unconfirmed(
            replace(
                intent, state=IntentState.UNKNOWN, ended_at=self.context.github.now(), reason=answer.reason
            )
        )
        self.stats.problems.append(
            f"{intent.operation.value} for report {intent.report_id}: outcome unknown ({answer.reason}); "
            "GitHub is looked at before anything is sent again"
        )
        log.warning("write outcome unknown", **intent.log_fields, reason=answer.reason)


async def send_intent(github: GitHub, intent: Intent) -> WriteResult[Any]:
    """Send a claimed intent. The value of a confirmed answer is the issue, comment or labels as they are now.

    Raises LimitedError (nothing was done) and what concerns the whole project.
    """
    desired = intent.desired
    match desired:
        case NewIssue():
            return await github.create_issue(desired.title, desired.body, desired.labels)
        case NewComment():
            return await github.create_comment(_require_issue_number(intent), desired.body)
        case DesiredCommentBody():
            return await github.edit_comment(desired.remote_id, desired.body)
        case DesiredCommentDeletion():
            return await github.delete_comment(desired.remote_id)
        case DesiredLabels():
            return await _swap_labels(github, _require_issue_number(intent), desired)
        case DesiredFieldWrite():
            update = SYNCED_FIELDS[Field(intent.operation.value)].issue_update(desired)
            assert update is not None
            return await github.update_issue(_require_issue_number(intent), update)
    assert_never(desired)


async def _swap_labels(
    github: GitHub, number: IssueNumber, desired: DesiredLabels
) -> WriteResult[tuple[str, ...]]:
    """The new label first, so that the issue is never without one; then those that were seen, one by one."""
    answer: WriteResult[tuple[str, ...]] = Confirmed(value=(), request_id=None)
    if desired.add is not None:
        answer = await github.add_label(number, desired.add)
        if isinstance(answer, Confirmed) and not _has_label(answer.value, desired.add):
            return Refused(
                status=200,
                reason=f"GitHub dropped the label {desired.add!r}: the token may not push to the repository",
                gone=False,
                request_id=answer.request_id,
            )
    for label in desired.remove:
        if not isinstance(answer, Confirmed):
            return answer
        left = await github.remove_label(number, label)
        absent = isinstance(left, Refused) and left.gone  # somebody removed it already
        answer = answer if absent else left
    return answer


def _has_label(labels: tuple[str, ...], label: str) -> bool:
    return label.casefold() in {name.casefold() for name in labels}


def _require_issue_number(intent: Intent) -> IssueNumber:
    assert intent.number is not None
    return intent.number
