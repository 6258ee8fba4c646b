"""Send intents: claim, send once, confirm, each committed. Never "POST, then record"."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, assert_never

from reconciler.decide.link import has_new_information
from reconciler.errors import (
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
    LimitedError,
    ProjectError,
    ProjectLockLostError,
)
from reconciler.logs import EventLogger
from reconciler.model.ids import IntentId, IssueNumber, LinkId
from reconciler.model.intent import (
    NEVER,
    Confirmed,
    DesiredAssignees,
    DesiredCommentDeletion,
    DesiredState,
    Intent,
    IntentState,
    NewIssue,
    NotSent,
    OutcomeUnknown,
    Refused,
    WriteResult,
)
from reconciler.model.issue import Account, Issue
from reconciler.model.link import NOT_FOUND_TO_DELETE, Link
from reconciler.model.snapshot import ProjectState
from reconciler.ports import Claim, Confirmation, NoWriteSlot, ProjectLock
from reconciler.sync.apply import DerivedIntentKeys
from reconciler.sync.confirmed_writes import build_confirmation
from reconciler.sync.context import WRITE_POINTS, Context, wait_for_write_slot
from reconciler.sync.exports.optional_attributes import without_refused_attributes
from reconciler.sync.intents import is_automatic_export
from reconciler.sync.preflight import (
    intents_allowed_while_public,
    require_unarchived_repository,
    update_visibility,
)
from reconciler.sync.result import PassStats
from reconciler.sync.send import find_lost_logins, may_read_before_claim, send_intent
from reconciler.sync.settings.priority import expire_known_priority, is_value_refused

REFUSED_WRITE_QUARANTINE = timedelta(hours=1)
"""A refused write is tried again this much later, or by hand."""

SLOW_CLAIM_SECONDS = 1.0
"""A claim that took longer may be that of a process that slept: the project lock is checked again."""

ELSEWHERE_STATUSES = frozenset({301, 302, 307, 308, 404, 410})
"""A refusal with one of these may mean that the issue is not there any more: a hint, no proof.

Source: docs/reference/github.md, Writes.
"""

DecideAgain = Callable[[Issue], Awaitable[None]]
HandleIssueNotFound = Callable[[Link], Awaitable[bool]]
"""Reads a link in full whose issue may be gone. True: it is put to rest, or has ended; it is stored."""
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
    handle_issue_not_found: HandleIssueNotFound
    observed_monotonic: float  # monotonic seconds: when this pass began to read
    issue_read_monotonic: dict[IssueNumber, float] = field(default_factory=dict)
    attempted: set[IntentId] = field(default_factory=set)  # once a pass, whatever came of it
    # new issues that GitHub refused because of a member that it does not have: each time one of them less
    reduced: dict[IntentId, NewIssue] = field(default_factory=dict)
    put_to_rest: set[LinkId] = field(default_factory=set)  # nothing of theirs is sent
    # The write before, confirmed by GitHub: stored with the next claim, or as soon as there is none.
    confirmed: Confirmation | None = None

    async def send_due_intents(self) -> None:
        """Send every intent that is due. Raises LimitedError if a limit ends it; the rest stays planned."""
        while due := await self._take_due_intents():
            found = await require_unarchived_repository(self.context, self.project_state)
            self.project_state = await update_visibility(self.context, self.project_state, found)
            foreign = await self.context.stores.restores.links_held_by_other_databases(
                self.context.project.id
            )
            due = self._limit_new_issues(
                [i for i in intents_allowed_while_public(self.project_state, due) if i.link_id not in foreign]
            )
            resting = await self.context.stores.ledger.quarantined_link_ids(
                self.context.project.id, self.context.github.now()
            )
            due = [intent for intent in due if intent.link_id not in resting]
            self.context.progress.start(f"{self.context.project.name}: writing", len(due))
            await self._write_intents(due)
            self.context.progress.finish()

    async def _write_intents(self, due: Sequence[Intent]) -> None:
        locks, credential = self.context.credential_locks, self.context.github.credential
        try:
            for intent in due:
                if intent.link_id not in self.put_to_rest:
                    async with locks.hold(credential):
                        await self._write_intent(intent)
                        if intent is due[-1] or locks.is_waited_for(credential):
                            await self._store_confirmation()
                self.context.progress.advance(1)
        finally:
            await self._store_confirmation()

    async def _take_due_intents(self) -> list[Intent]:
        """Recorded creates, and what this pass derived. What nobody derives any more is cancelled."""
        planned = [
            i for i in await self._read_open_intents() if i.id not in self.attempted and self._is_due(i)
        ]
        stale = [i for i in planned if not i.operation.is_create and not self._is_still_wanted(i)]
        if stale:
            await self.context.stores.intents.cancel(stale)
        due = [i for i in planned if i.operation.is_create or self._is_still_wanted(i)]
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

    def _is_still_wanted(self, intent: Intent) -> bool:
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
        if may_read_before_claim(intent.desired):
            await self._store_confirmation()
        if isinstance(intent.desired, DesiredState) and await self._decide_again_if_issue_changed(intent):
            return
        lost = await find_lost_logins(self.context.github, intent.desired, self.context.policy.people)
        if lost and isinstance(intent.desired, DesiredAssignees):
            await self._quarantine_intent(intent, _lost_login_reason(lost[0].login))
            return
        started, claim = await self._claim(intent)
        if claim is None:
            return
        if claim.cause_gone:
            await self.context.stores.intents.cancel([intent])
            return
        if await self._keep_or_give_back_claim(claim, self.context.clock.monotonic() - started):
            await self._send_and_record(claim, lost)

    async def _claim(self, intent: Intent) -> tuple[float, Claim | None]:
        """Claim in one transaction with the slot and the confirmation before, or wait for the slot first.

        Returns since when the claim was tried, and the claim.
        """
        intents, github, clock = self.context.stores.intents, self.context.github, self.context.clock
        await self.project_lock.ensure_held()
        started = clock.monotonic()
        confirmed, self.confirmed = self.confirmed, None
        # A lost answer is looked for since GitHub's time of the claim.
        claim = await intents.claim_if_slot_free(
            intent,
            github.earliest_now(),
            credential=github.credential,
            points=WRITE_POINTS,
            confirmed=confirmed,
        )
        if isinstance(claim, NoWriteSlot):
            await wait_for_write_slot(self.context)
            await self.project_lock.ensure_held()
            started = clock.monotonic()
            claim = await intents.claim(intent, github.earliest_now())
        return started, claim

    async def _store_confirmation(self) -> None:
        """Store what is confirmed and not stored: nothing that takes its time may come before."""
        confirmed, self.confirmed = self.confirmed, None
        if confirmed is not None:
            await self.context.stores.intents.confirm(confirmed)

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

    async def _decide_again_if_issue_changed(self, intent: Intent) -> bool:
        """Read the issue again before a state write; if a person changed it, the link is decided again."""
        assert intent.number is not None
        at = self.issue_read_monotonic.get(intent.number, self.observed_monotonic)
        if self.context.clock.monotonic() - at <= self.context.timing.max_observation_age_seconds:
            return False
        link = await self.context.stores.ledger.find_link_of_report(intent.report_id)
        try:
            issue = await self.context.github.issue(intent.number)
        except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError) as error:
            await self._record_refusal(intent, link, str(error), is_hint=True)
            return True
        self.issue_read_monotonic[intent.number] = self.context.clock.monotonic()
        if link is None or not has_new_information(link, issue, self.context.github.now()):
            return False
        await self.context.stores.intents.cancel([intent])
        await self.decide_again(issue)
        return True

    async def _send_and_record(self, claim: Claim, lost: Collection[Account] = ()) -> None:
        try:
            if claim.intent.id in self.reduced:
                desired = self.reduced[claim.intent.id]
                claim = replace(claim, intent=replace(claim.intent, desired=desired))
            seen = claim.link.seen if claim.link else None
            labels = seen.labels if seen else ()
            answer = await send_intent(self.context.github, claim.intent, labels, lost)
        except (LimitedError, ProjectError):  # GitHub said that nothing was done
            await self.context.stores.intents.release_claim(claim.intent)
            raise
        await self._record_answer(claim, answer)

    async def _record_answer(self, claim: Claim, answer: WriteResult[Any]) -> None:
        if is_value_refused(claim.intent.desired, answer):
            await expire_known_priority(self.context)
        match answer:
            case Confirmed():
                self.confirmed = await build_confirmation(self.context, claim, answer, self.stats)
                if isinstance(claim.intent.desired, NewIssue):  # it locks the report's row
                    await self._store_confirmation()
            case Refused(gone=True) if await self._is_comment_gone(claim.intent):
                # It is gone, as desired; or not shown just now: should it come back, it is deleted then.
                done = Confirmed(value=NOT_FOUND_TO_DELETE, request_id=answer.request_id)
                self.confirmed = await build_confirmation(self.context, claim, done, self.stats)
            case Refused() if instead := without_refused_attributes(claim.intent.desired, answer):
                await self._plan_again_without_attributes(claim.intent, instead, answer.reason)
            case Refused(is_final=True):
                await self._quarantine_intent(claim.intent, answer.reason, is_final=True)
            case Refused():
                is_hint = answer.status in ELSEWHERE_STATUSES
                await self._record_refusal(claim.intent, claim.link, answer.reason, is_hint=is_hint)
            case NotSent():
                await self.context.stores.intents.save_unconfirmed(
                    replace(claim.intent, state=IntentState.PLANNED)
                )
                said = f"{answer.reason}; nothing was sent, the next pass tries again"
                raise GitHubError(f"{self.context.project.name}: {said}")
            case OutcomeUnknown():
                await self._mark_outcome_unknown(claim.intent, answer)
            case _:
                assert_never(answer)

    async def _plan_again_without_attributes(self, intent: Intent, desired: NewIssue, reason: str) -> None:
        """Have this pass send a create once more, without what GitHub refused of it."""
        again = replace(intent, state=IntentState.PLANNED, reason=reason)
        await self.context.stores.intents.save_unconfirmed(again)
        self.reduced[intent.id] = desired
        self.attempted.discard(intent.id)

    async def _is_comment_gone(self, intent: Intent) -> bool:
        """A 404 also means no access: the comment itself has to say that it is gone.

        Source: docs/reference/github.md, Writes.
        """
        if not isinstance(intent.desired, DesiredCommentDeletion):
            return False
        try:
            await self.context.github.comment(intent.desired.remote_id)
        except GitHubNotFoundError:
            return True
        except IssueUnreadableError:
            return False  # what it says can't be read, but it is there
        return False

    async def _record_refusal(self, intent: Intent, link: Link | None, reason: str, *, is_hint: bool) -> None:
        """Quarantine a refused write. A `hint` says that the issue is elsewhere: then its link is read first.

        Where that says the same, the link rests or ends and the write waits for it: nothing was done.
        """
        if is_hint and link is not None:
            planned = replace(intent, state=IntentState.PLANNED, reason=reason)
            await self.context.stores.intents.save_unconfirmed(planned)
            if await self.handle_issue_not_found(link):
                self.put_to_rest.add(link.id)
                self.stats.add_write_problem(intent, reason)
                return
        await self._quarantine_intent(intent, reason)

    async def _quarantine_intent(self, intent: Intent, reason: str, *, is_final: bool = False) -> None:
        until = NEVER if is_final else self.context.github.now() + REFUSED_WRITE_QUARANTINE
        await self.context.stores.intents.save_unconfirmed(
            replace(intent, state=IntentState.QUARANTINED, not_before=until, reason=reason)
        )
        self.stats.add_write_problem(intent, reason)
        log.warning("write refused", **intent.log_fields, reason=reason)

    async def _mark_outcome_unknown(self, intent: Intent, answer: OutcomeUnknown) -> None:
        await self.context.stores.intents.save_unconfirmed(
            replace(
                intent, state=IntentState.UNKNOWN, ended_at=self.context.github.now(), reason=answer.reason
            )
        )
        reason = f"outcome unknown ({answer.reason}); GitHub is looked at before anything is sent again"
        self.stats.add_write_problem(intent, reason)
        log.warning("write outcome unknown", **intent.log_fields, reason=answer.reason)


def _lost_login_reason(login: str) -> str:
    return (
        f"the login {login} does not belong to the account any more that it belonged to when it was entered "
        "in people: nobody was assigned; correct it there"
    )
