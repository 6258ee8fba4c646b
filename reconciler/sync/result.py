"""The result of a pass: counts taken as it goes on, how it ended, and when the next one is due.

Passes by hand do not ask for the time of the next one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from shlex import quote
from typing import assert_never

from reconciler.errors import (
    BusyError,
    DatabaseError,
    DatabaseIdentityError,
    HungPassError,
    LimitedError,
    PausedError,
    ProjectLockLostError,
    ReconcilerError,
    RepositoryRecreatedError,
)
from reconciler.model.database_identity import issue_owned_elsewhere_reason
from reconciler.model.formatting import format_count
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.intent import Intent, IntentState
from reconciler.model.kinds import Operation
from reconciler.model.link import LinkState
from reconciler.model.passes import (
    AppliedCounts,
    Failure,
    Outcome,
    PassResult,
    VerificationProgress,
    back_off_wait,
)
from reconciler.model.plan import (
    CreateIssue,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    ImportComment,
    IssueFieldWrite,
    LinkPlan,
    PostComment,
    RemoveLocalComment,
    SetReportField,
    WriteLocalComment,
)
from reconciler.model.report import MisnamedReport
from reconciler.model.snapshot import PoisonedItem
from reconciler.sync.alerts import send_alerts
from reconciler.sync.context import Context

REPORTS_MISSING_ADVICE = (
    "None of the linked reports is in BugSpark's table any more, in any project. See that this role may read "
    "them and that this is the right database. Nothing was changed because of it."
)
LOST_LOCK_WAIT = timedelta(seconds=2)
"""Until the next pass after one that lost its lock, unless the one before had failed too."""
SYNCED_LINK_STATES = (LinkState.NEW, LinkState.ACTIVE)


@dataclass(frozen=True, slots=True)
class WriteProblem:
    """A write that was refused, or whose outcome is unknown."""

    operation: Operation
    report: ReportId
    reason: str


@dataclass(slots=True, kw_only=True)
class PassStats:
    """Counts of one pass."""

    counts: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    poisoned: list[PoisonedItem] = field(default_factory=list)
    written_issues: set[IssueNumber] = field(default_factory=set)
    problems: list[str | WriteProblem] = field(default_factory=list)
    withheld_digest: str | None = None
    missing_reports: int = 0  # the ends of their links are among what is withheld
    turned_public_message: str | None = None  # why text is held back, in a sentence
    automatic_exports: int = 0  # new issues sent that no person named
    initial_syncs: int = 0  # links whose initial sync was done
    ended_links: int = 0  # links that ended or were quarantined
    verification_round_started_at: datetime | None = (
        None  # when the full verification began that this pass is a part of
    )
    unequal_links: int = 0  # links that it found unequal
    compares: bool = True  # BugSpark with the bases; else what the last pass found of it still counts
    misnamed_before: tuple[MisnamedReport, ...] | None = None
    is_idle: bool = False  # it found nothing to do, and nothing waits

    def count_stored_plans(self, plans: Iterable[LinkPlan]) -> None:
        """Count local changes that were committed."""
        for plan in plans:
            self.conflicts += len(plan.conflicts)
            self.initial_syncs += plan.link.base is None and plan.after.base is not None
            self.ended_links += stops_link_sync(plan)
            self.poisoned += _poisoned_items_of_plan(plan)
            self.problems += [*_frozen_field_messages(plan), *_foreign_issue_messages(plan)]
            self.counts["reports_updated"] += any(isinstance(a, SetReportField) for a in plan.actions)
            for action in plan.actions:
                match action:
                    case ImportComment() | WriteLocalComment():
                        self.counts["comments_imported"] += 1
                    case EditLocalComment():
                        self.counts["comments_edited"] += 1
                    case RemoveLocalComment():
                        self.counts["comments_removed"] += 1
                    case SetReportField() | CreateIssue() | IssueFieldWrite():
                        pass
                    case PostComment() | EditRemoteComment() | DeleteRemoteComment():
                        pass
                    case _:
                        assert_never(action)

    def add_write_problem(self, intent: Intent, reason: str) -> None:
        """Note that a write was refused, or that its outcome is unknown."""
        self.problems.append(WriteProblem(intent.operation, intent.report_id, reason))

    def count_confirmed_write(self, operation: Operation, number: IssueNumber) -> None:
        """Count a write that GitHub confirmed."""
        match operation:
            case Operation.CREATE_ISSUE:
                self.counts["issues_created"] += 1
            case Operation.CREATE_COMMENT:
                self.counts["comments_posted"] += 1
            case Operation.EDIT_COMMENT:
                self.counts["comments_edited"] += 1
            case Operation.DELETE_COMMENT:
                self.counts["remote_comments_removed"] += 1
            case _:
                assert operation.is_field_write
                self.written_issues.add(number)

    def to_applied(self) -> AppliedCounts:
        """Return the counts in the contract's shape."""
        self.counts["issues_updated"] = len(self.written_issues)
        return AppliedCounts(**{item.name: self.counts[item.name] for item in fields(AppliedCounts)})


def stops_link_sync(plan: LinkPlan) -> bool:
    """Whether the link is synced no longer, for good or until its quarantine is over. Counted once."""
    ended = plan.after.state not in SYNCED_LINK_STATES and (
        plan.link.state in SYNCED_LINK_STATES or not plan.link.revision
    )
    return ended or (plan.after.quarantined_until is not None and plan.link.quarantined_until is None)


def _poisoned_items_of_plan(plan: LinkPlan) -> list[PoisonedItem]:
    """That this plan puts a link to rest, and why; not while a second look is to say what became of it."""
    if plan.after.quarantined_until is None or plan.after.missing_issue is not None:
        return []
    what = f"issue {plan.link.repository}#{plan.link.number}"
    return [PoisonedItem(what=what, reason=plan.after.reason or "it rests", link_id=plan.link.id)]


def _frozen_field_messages(plan: LinkPlan) -> list[str]:
    """Sentences about the fields that this plan freezes."""
    fresh = (each for each in plan.after.frozen_fields if each not in plan.link.frozen_fields)
    issue = f"{plan.link.repository}#{plan.link.number}"
    return [f"{each.field.value} of {issue} is frozen: {each.reason}" for each in fresh]


def _foreign_issue_messages(plan: LinkPlan) -> list[str]:
    """A sentence if this plan finds that the issue belongs to another database."""
    holder = plan.after.owner_instance
    if holder is None or holder == plan.link.owner_instance:
        return []
    return [f"{plan.link.repository}#{plan.link.number}: {issue_owned_elsewhere_reason(holder)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassEnding:
    """How the steps of a pass ended."""

    outcome: Outcome = Outcome.OK
    failure: Failure | None = None
    next_at: datetime | None = None


def ending_of_error(error: ReconcilerError) -> PassEnding:
    """How an error ends a pass: limited, refused or failed, and why."""
    failure = Failure(kind=error.kind, message=str(error))
    match error:
        case LimitedError():
            return PassEnding(outcome=Outcome.LIMITED, failure=failure, next_at=error.until)
        case (
            BusyError()
            | PausedError()
            | RepositoryRecreatedError()
            | ProjectLockLostError()
            | DatabaseIdentityError()
        ):
            return PassEnding(outcome=Outcome.REFUSED, failure=failure)
        case _:
            return PassEnding(outcome=Outcome.FAILED, failure=failure)


async def build_pass_result(
    context: Context, stats: PassStats, ending: PassEnding, started_monotonic: float
) -> PassResult:
    """Build the result. Whatever was committed counts, also in an interrupted pass."""
    outcome, failure = ending.outcome, ending.failure
    waiting = () if stats.is_idle else await _read_open_intents(context, ending)
    unclear = [intent for intent in waiting if intent.state is IntentState.UNKNOWN]
    resting = sum(intent.state is IntentState.QUARANTINED for intent in waiting)
    quarantined = resting + len(stats.poisoned)
    if outcome is Outcome.OK and (
        quarantined or unclear or stats.withheld_digest or stats.turned_public_message or stats.problems
    ):
        outcome = Outcome.PARTIAL
        failure = (
            failure
            or await _main_failure(context, stats)
            or await _unconfirmed_writes_failure(context, resting, unclear)
        )
    return PassResult(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        outcome=outcome,
        error=failure,
        duration_ms=round((context.clock.monotonic() - started_monotonic) * 1000),
        github=context.github.cost(),
        applied=stats.to_applied(),
        conflicts=stats.conflicts,
        quarantined=quarantined,
        pending=len(waiting),
        withheld=stats.withheld_digest,
        next_at=ending.next_at,
        linked=stats.initial_syncs,
        ended=stats.ended_links,
        announced=context.github.announced_expiries(),
        misnamed=await _read_misnamed_reports(context, stats, ending),
        verified=await read_verification_progress(context, stats) if _may_query_database(ending) else None,
    )


async def _read_misnamed_reports(
    context: Context, stats: PassStats, ending: PassEnding
) -> tuple[MisnamedReport, ...] | None:
    """Reports whose columns name no issue that they could be linked to; None after a pass that was ended."""
    name = context.project.repository
    if ending.failure is not None or name is None:
        return None
    if not stats.compares:
        return stats.misnamed_before
    return await context.stores.reports.misnamed_reports(context.project.id, name)


async def _read_open_intents(context: Context, ending: PassEnding) -> Sequence[Intent]:
    return await context.stores.intents.list_open(context.project.id) if _may_query_database(ending) else ()


def _may_query_database(ending: PassEnding) -> bool:
    """Whether the database can be read once more: it was not the database that ended the pass."""
    return ending.failure is None or ending.failure.kind != DatabaseError.kind


async def _main_failure(context: Context, stats: PassStats) -> Failure | None:
    """Why the pass is only partial, in one sentence: the most urgent reason first."""
    name = context.project.name
    if stats.withheld_digest:
        cause = f"{REPORTS_MISSING_ADVICE} " if stats.missing_reports else ""
        text = f"{name}: {cause}Deletions are withheld; accept them with --accept {stats.withheld_digest}"
        return Failure(kind="withheld", message=text)
    if stats.turned_public_message:
        return Failure(kind="public", message=stats.turned_public_message)
    first = next(iter(stats.problems), None) or next((f"{p.what}: {p.reason}" for p in stats.poisoned), None)
    if isinstance(first, WriteProblem):
        report = await context.stores.reports.tracking_id_of_report(first.report)
        first = f"{first.operation.value.replace('_', ' ')} for {report}: {first.reason}"
    return Failure(kind="quarantined", message=f"{name}: {first}") if first else None


async def _unconfirmed_writes_failure(context: Context, resting: int, unclear: Sequence[Intent]) -> Failure:
    """What earlier passes could not send, or do not know to have sent."""
    here = (await context.stores.projects.get_state(context.project.id)).repository_id
    elsewhere = sum(intent.repository_id != here for intent in unclear)
    if resting:
        said = f"{format_count(resting, 'write')} at rest (reconcile status)"
    elif elsewhere < len(unclear):
        number = format_count(len(unclear) - elsewhere, "write")
        said = f"{number} of unknown outcome; GitHub is looked at before anything is sent again"
    else:
        number = format_count(elsewhere, "write")
        first = next(intent.report_id for intent in unclear if intent.repository_id != here)
        tracking_id = await context.stores.reports.tracking_id_of_report(first)
        report = quote(f"{context.project.name}:{tracking_id}")
        said = (
            f"{number} of unknown outcome in a repository that the project is not connected to any more: "
            f"reconcile retry {report} settles it, reconcile unlink {report} gives it up"
        )
    return Failure(kind="quarantined", message=f"{context.project.name}: {said}")


async def with_next_pass_time(context: Context, result: PassResult) -> PassResult:
    """Return the result with its `next_at` and `failures`. Raises DatabaseError.

    After a limit that is the limit's own end, after a failure a time that grows with every further one.
    """
    match result.outcome:
        case Outcome.OK | Outcome.PARTIAL | Outcome.LIMITED:
            return replace(result, failures=0)
        case Outcome.REFUSED if result.error is not None and result.error.kind == PausedError.kind:
            return replace(result, failures=0)
        case Outcome.REFUSED | Outcome.FAILED:
            before = (await context.stores.projects.get_state(context.project.id)).failures
            is_lock_lost = result.error is not None and result.error.kind == ProjectLockLostError.kind
            wait = (
                LOST_LOCK_WAIT  # the session ended, not the work: the first time nothing has to calm down
                if is_lock_lost and not before
                else back_off_wait(
                    before + 1, timedelta(seconds=context.timing.interval_seconds), context.random_fraction()
                )
            )
            return replace(result, failures=before + 1, next_at=context.clock.now() + wait)
    assert_never(result.outcome)


async def read_verification_progress(context: Context, stats: PassStats) -> VerificationProgress | None:
    """How far the full verification has come, if this pass was a part of one."""
    if stats.verification_round_started_at is None:
        return None
    coverage = await context.stores.ledger.verification_coverage(
        context.project.id, stats.verification_round_started_at
    )
    return VerificationProgress(
        compared=coverage.verified, links=coverage.links, differed=stats.unequal_links
    )


async def record_hung_pass(context: Context, silent_seconds: float) -> PassResult:
    """Record that a pass was cut: nothing happened in it for so long. Raises DatabaseError, BusyError."""
    error = HungPassError(
        f"{context.project.name}: nothing happened in its pass for {silent_seconds:.0f} s, so it was cut;"
        " what was stored counts, it is tried again, and the log has the last thing that it did"
    )
    began = context.clock.monotonic() - silent_seconds
    async with context.stores.project_locks.acquire(context.project.id, wait=False):
        state = await context.stores.projects.get_state(context.project.id)
        ended = await build_pass_result(context, PassStats(), ending_of_error(error), began)
        result = await with_next_pass_time(context, ended)
        await context.stores.projects.record_pass(result, context.clock.now())
        return await send_alerts(context, state, result)
