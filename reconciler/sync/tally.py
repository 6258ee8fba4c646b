"""What a pass has done so far, counted as it happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import assert_never

from reconciler.model.database_identity import owned_elsewhere_reason
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Operation
from reconciler.model.link import LinkState
from reconciler.model.passes import AppliedCounts
from reconciler.model.plan import (
    CreateIssue,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    LinkPlan,
    PostComment,
    RemoveLocal,
    SetField,
    SetState,
    SetTitle,
    SwapLabels,
)
from reconciler.model.snapshot import PoisonedItem

SYNCED_LINK_STATES = (LinkState.NEW, LinkState.ACTIVE)


@dataclass(slots=True, kw_only=True)
class PassStats:
    """Counts of one pass."""

    counts: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    poisoned: list[PoisonedItem] = field(default_factory=list)
    written_issues: set[IssueNumber] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)  # refused or unknown writes, in sentences
    withheld_digest: str | None = None
    turned_public_message: str | None = None  # why text is held back, in a sentence
    automatic_exports: int = 0  # new issues sent that no person named
    initial_syncs: int = 0  # first contacts
    ended_links: int = 0  # links that ended or were put to rest
    verification_round_started_at: datetime | None = (
        None  # when the whole verification began that this pass is a part of
    )
    unequal_links: int = 0  # links that it found unequal

    def count_stored_plans(self, plans: Iterable[LinkPlan]) -> None:
        """Local changes that were committed."""
        for plan in plans:
            self.conflicts += len(plan.conflicts)
            self.initial_syncs += plan.link.base is None and plan.after.base is not None
            self.ended_links += is_link_end(plan)
            self.problems += [*_frozen_field_messages(plan), *_foreign_issue_messages(plan)]
            self.counts["reports_updated"] += any(isinstance(a, SetField) for a in plan.actions)
            for action in plan.actions:
                match action:
                    case ImportComment():
                        self.counts["comments_imported"] += 1
                    case EditLocal():
                        self.counts["comments_edited"] += 1
                    case RemoveLocal():
                        self.counts["comments_removed"] += 1
                    case SetField() | CreateIssue() | SetState() | SwapLabels() | SetTitle():
                        pass
                    case PostComment() | EditRemote() | DeleteRemote():
                        pass
                    case _:
                        assert_never(action)

    def count_confirmed_write(self, operation: Operation, number: IssueNumber) -> None:
        """A write that GitHub confirmed."""
        match operation:
            case Operation.CREATE_ISSUE:
                self.counts["issues_created"] += 1
            case Operation.CREATE_COMMENT:
                self.counts["comments_posted"] += 1
            case Operation.EDIT_COMMENT:
                self.counts["comments_edited"] += 1
            case Operation.DELETE_COMMENT:
                self.counts["remote_comments_removed"] += 1
            case Operation.STATUS | Operation.SEVERITY | Operation.CATEGORY | Operation.TITLE:
                self.written_issues.add(number)
            case _:
                assert_never(operation)

    def to_applied(self) -> AppliedCounts:
        """The counts in the contract's shape."""
        self.counts["issues_updated"] = len(self.written_issues)
        return AppliedCounts(**{item.name: self.counts[item.name] for item in fields(AppliedCounts)})


def is_link_end(plan: LinkPlan) -> bool:
    """The link is synced no longer, for good or until its quarantine is over. Told once."""
    ended = plan.after.state not in SYNCED_LINK_STATES and (
        plan.link.state in SYNCED_LINK_STATES or not plan.link.revision
    )
    return ended or (plan.after.quarantined_until is not None and plan.link.quarantined_until is None)


def _frozen_field_messages(plan: LinkPlan) -> list[str]:
    """Fields that this plan freezes, in sentences."""
    fresh = (each for each in plan.after.frozen_fields if each not in plan.link.frozen_fields)
    issue = f"{plan.link.repository}#{plan.link.number}"
    return [f"{each.field.value} of {issue} is frozen: {each.reason}" for each in fresh]


def _foreign_issue_messages(plan: LinkPlan) -> list[str]:
    """That this plan finds the issue to be another database's, in a sentence."""
    holder = plan.after.owner_instance
    if holder is None or holder == plan.link.owner_instance:
        return []
    return [f"{plan.link.repository}#{plan.link.number}: {owned_elsewhere_reason(holder)}"]
