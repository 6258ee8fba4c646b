"""One report, one issue and their threads, and a plan carried out on both: as little as deciding needs.

Requests to GitHub can be cut off after any number of them, their answers lost: what was decided then has to
be derived again from what both sides and the ledger say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, assert_never
from uuid import UUID

from reconciler.decide.fields import FieldChangeTimes
from reconciler.decide.link import decide_link, seen_issue
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Category, Field, Severity, Status
from reconciler.model.ids import CommentId, CommentPairId, RemoteCommentId
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkObservation
from reconciler.model.plan import (
    Action,
    CreateIssue,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    ImportComment,
    IssueFieldWrite,
    LinkPlan,
    PostComment,
    RemoveLocalComment,
    SetIssueState,
    SetReportField,
    SetTitle,
    SwapLabels,
    WriteLocalComment,
)
from reconciler.model.policy import SanitizationPolicy, SyncPolicy
from reconciler.model.report import LocalComment, Report
from reconciler.text import comment_to_github, text_digest
from tests.support.factories import AFTER, OURS, ids

VALUES: Mapping[Field, Callable[[str], Any]] = {
    Field.STATUS: Status,
    Field.SEVERITY: Severity,
    Field.CATEGORY: Category,
    Field.TITLE: str,
}
BEFORE_GITHUB = {item: FieldChangeTimes(local=AFTER, remote=AFTER + timedelta(seconds=1)) for item in Field}
AFTER_GITHUB = {item: FieldChangeTimes(local=AFTER + timedelta(seconds=1), remote=AFTER) for item in Field}


class CutOff(Exception):
    """The process died before this request."""


@dataclass(kw_only=True)
class TinyWorld:
    report: Report
    issue: Issue
    link: Link
    policy: SyncPolicy = field(default_factory=SyncPolicy)
    times: Mapping[Field, FieldChangeTimes] = field(default_factory=lambda: BEFORE_GITHUB)
    local: dict[CommentId, LocalComment] = field(default_factory=dict)
    remote: dict[RemoteCommentId, RemoteComment] = field(default_factory=dict)
    ledger: dict[CommentPairId, CommentPair] = field(default_factory=dict)
    new_id: Callable[[], UUID] = field(default_factory=ids)
    requests_left: int = 1_000

    def decide(self) -> LinkPlan:
        """Look at everything, whole."""
        read_alone = frozenset(e.remote_id for e in self.ledger.values() if e.remote_id and e.first_reading)
        view = LinkObservation(
            link=self.link,
            report=self.report,
            now=AFTER,
            issue=self.issue,
            comments=tuple(self.remote.values()),
            pairs=tuple(self.ledger.values()),
            local_comments=tuple(self.local.values()),
            is_complete=True,
            deleted_remote_ids=read_alone - frozenset(self.remote),
            shown_remote_ids=read_alone & frozenset(self.remote),
            own_accounts=frozenset({OURS.id}),
        )
        plan = decide_link(view, self.policy, self.times, self.new_id)
        assert isinstance(plan, LinkPlan)
        return plan

    def apply(self, plan: LinkPlan) -> None:
        """The local half at once, then GitHub's, request by request."""
        self.link = plan.after
        self.ledger |= {entry.id: entry for entry in plan.pairs}
        for action in plan.actions:
            self._locally(plan, action)
        try:
            for action in plan.actions:
                self._remotely(action)
            for entry in list(self.ledger.values()):
                if entry.state is CommentPairState.PENDING:
                    self._post(entry)
        except CutOff:
            return

    def settle(self, rounds: int = 4) -> None:
        """Passes until one has nothing to do."""
        for _ in range(rounds):
            plan = self.decide()
            if plan.is_idle:
                return
            self.apply(plan)
        assert self.decide().is_idle, self.decide().actions

    def _locally(self, plan: LinkPlan, action: Action) -> None:
        match action:
            case SetReportField():
                self.report = replace(
                    self.report,
                    **{action.field.value: VALUES[action.field](action.to)},
                )
            case ImportComment():
                entry = next(e for e in plan.pairs if e.remote_id == action.comment.id)
                assert entry.local_id is not None
                assert entry.local_id not in self.local
                self.local[entry.local_id] = LocalComment(
                    id=entry.local_id,
                    report_id=self.report.id,
                    author=None,
                    body=action.body,
                    source="github",
                    created_at=action.comment.created_at,
                )
            case EditLocalComment():
                assert action.pair.local_id is not None
                before = self.local[action.pair.local_id]
                self.local[before.id] = replace(before, body=action.body)
            case RemoveLocalComment():
                assert action.pair.local_id is not None
                del self.local[action.pair.local_id]
            case _:
                pass

    def _remotely(self, action: Action) -> None:
        match action:
            case SetIssueState():
                self._request()
                self.issue = replace(self.issue, state=action.state, state_reason=action.reason)
                self._confirm(Field.STATUS, self.report.status)
            case SwapLabels():
                self._swap(action)
            case SetTitle():
                self._request()
                self.issue = replace(self.issue, title=action.title)
                self._confirm(Field.TITLE, self.report.title)
            case EditRemoteComment():
                self._request()
                assert action.pair.remote_id is not None
                self._edit(action.pair, action.comment)
            case DeleteRemoteComment():
                self._request()
                assert action.pair.remote_id is not None
                self.remote.pop(action.pair.remote_id, None)  # GitHub answers 404 where it is gone already
                self.ledger[action.pair.id] = replace(
                    self.ledger.get(action.pair.id, action.pair), state=CommentPairState.ENDED
                )
            case SetReportField() | ImportComment() | WriteLocalComment() | EditLocalComment():
                pass  # local
            case RemoveLocalComment() | PostComment():
                pass  # local, or sent for its PENDING row
            case CreateIssue():
                raise AssertionError("a linked report is not exported")
            case IssueFieldWrite():
                raise AssertionError(f"a write that this world does not know: {action}")
            case _:
                assert_never(action)

    def _swap(self, action: SwapLabels) -> None:
        if action.add is not None:
            self._request()
            self.issue = replace(self.issue, labels=(*self.issue.labels, action.add))
        for label in action.remove:
            self._request()
            self.issue = replace(self.issue, labels=tuple(x for x in self.issue.labels if x != label))
        self._request()  # cut off here: everything was done, nothing is known
        value = self.report.severity if action.field is Field.SEVERITY else self.report.category
        self._confirm(action.field, value)

    def _post(self, entry: CommentPair) -> None:
        assert entry.local_id is not None
        self._request()
        comment = self.local[entry.local_id]
        number = RemoteCommentId(10_000 + len(self.remote) + len(self.ledger))
        self.remote[number] = RemoteComment(
            id=number,
            issue_number=self.issue.number,
            body=comment_to_github(comment.author, comment.body, "<!-- signed -->", SanitizationPolicy()),
            author=OURS,
            collaborator=True,
            url="",
            created_at=AFTER,
            updated_at=AFTER,
            marker_comment_id=comment.id,
        )
        self._request()  # cut off here: the comment is there and nobody knows
        self._copied(entry, self.remote[number])

    def _edit(self, entry: CommentPair, comment: LocalComment) -> None:
        assert entry.remote_id is not None
        body = comment_to_github(comment.author, comment.body, "<!-- signed -->", SanitizationPolicy())
        self.remote[entry.remote_id] = replace(self.remote[entry.remote_id], body=body)
        self._copied(replace(entry, local_digest=text_digest(comment.body)), self.remote[entry.remote_id])

    def _copied(self, entry: CommentPair, copy: RemoteComment) -> None:
        self.ledger[entry.id] = replace(
            entry,
            state=CommentPairState.LIVE,
            remote_id=copy.id,
            remote_digest=text_digest(copy.body),
            remote_updated_at=copy.updated_at,
        )

    def _confirm(self, item: Field, value: str) -> None:
        assert self.link.base is not None
        seen = seen_issue(self.issue)
        self.link = replace(
            self.link, base=SYNCED_FIELDS[item].with_agreed_value(self.link.base, value, seen), seen=seen
        )

    def _request(self) -> None:
        if not self.requests_left:
            raise CutOff
        self.requests_left -= 1
