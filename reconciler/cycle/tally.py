"""What a pass has done so far, counted as it happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import assert_never

from reconciler.model.identity import held_reason
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Operation
from reconciler.model.link import LinkState
from reconciler.model.passes import Applied
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
from reconciler.model.snapshot import Poisoned

SYNCED = (LinkState.NEW, LinkState.ACTIVE)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one pass."""

    counts: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    poisoned: list[Poisoned] = field(default_factory=list)
    written: set[IssueNumber] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)  # refused or unknown writes, in sentences
    withheld: str | None = None
    exposed: str | None = None  # why text is held back, in a sentence
    unasked: int = 0  # new issues sent that no person named
    linked: int = 0  # first contacts
    ended: int = 0  # links that ended or were put to rest
    round: datetime | None = None  # when the whole verification began that this pass is a part of
    differed: int = 0  # links that it found unequal

    def stored(self, plans: Iterable[LinkPlan]) -> None:
        """Local changes that were committed."""
        for plan in plans:
            self.conflicts += len(plan.conflicts)
            self.linked += plan.link.base is None and plan.after.base is not None
            self.ended += is_end(plan)
            self.troubles += [*_frozen(plan), *_held(plan)]
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

    def confirmed(self, operation: Operation, number: IssueNumber) -> None:
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
                self.written.add(number)
            case _:
                assert_never(operation)

    def applied(self) -> Applied:
        """The counts in the contract's shape."""
        self.counts["issues_updated"] = len(self.written)
        return Applied(**{item.name: self.counts[item.name] for item in fields(Applied)})


def is_end(plan: LinkPlan) -> bool:
    """The link is synced no longer, for good or until its quarantine is over. Told once."""
    ended = plan.after.state not in SYNCED and (plan.link.state in SYNCED or not plan.link.revision)
    return ended or (plan.after.quarantined_until is not None and plan.link.quarantined_until is None)


def _frozen(plan: LinkPlan) -> list[str]:
    """Fields that this plan freezes, in sentences."""
    fresh = (each for each in plan.after.frozen if each not in plan.link.frozen)
    issue = f"{plan.link.repository}#{plan.link.number}"
    return [f"{each.field.value} of {issue} is frozen: {each.reason}" for each in fresh]


def _held(plan: LinkPlan) -> list[str]:
    """That this plan finds the issue to be another database's, in a sentence."""
    holder = plan.after.held_by
    if holder is None or holder == plan.link.held_by:
        return []
    return [f"{plan.link.repository}#{plan.link.number}: {held_reason(holder)}"]
