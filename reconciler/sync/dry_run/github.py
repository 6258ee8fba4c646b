"""The repository of a dry run: what is read of it is real, and every write succeeds in memory only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.errors import GitHubNotFoundError
from reconciler.fields import SEEN_COLUMNS
from reconciler.model.fields import Assignees, Choices, IssueState
from reconciler.model.ids import IssueNumber, RemoteCommentId
from reconciler.model.intent import Confirmed
from reconciler.model.issue import Account, Issue, IssueThread, IssueUpdate, RemoteComment, ThreadEtags
from reconciler.model.link import SeenIssue
from reconciler.ports import GitHub
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort

ISSUE_MEMBERS = {column.attribute: column for column in SEEN_COLUMNS}


@dataclass(slots=True, kw_only=True)
class _IssueWrites:
    """What was written to one issue."""

    members: dict[str, object] = field(default_factory=dict)  # of the issue, by their names
    added: dict[str, str] = field(default_factory=dict)  # labels by their folded names
    removed: set[str] = field(default_factory=set)  # folded
    assigned: dict[str, Account] = field(default_factory=dict)  # by folded logins
    unassigned: set[str] = field(default_factory=set)  # folded
    chosen: dict[int, str] = field(default_factory=dict)  # options by their fields
    comments: list[RemoteComment] = field(default_factory=list)

    def apply_to_choices(self, choices: Choices | None) -> Choices | None:
        """Return these choices as they are after the writes."""
        if not self.chosen:
            return choices
        return tuple((dict(choices or ()) | self.chosen).items())

    def apply_to_labels(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return these labels as they are after the writes."""
        kept = [label for label in labels if label.casefold() not in self.removed]
        there = {label.casefold() for label in kept}
        return (*kept, *(label for key, label in self.added.items() if key not in there))

    def apply_to_assignees(self, assignees: Assignees | None) -> Assignees | None:
        """Return these assignees as they are after the writes."""
        if not self.assigned and not self.unassigned:
            return assignees
        kept = [each for each in assignees or () if each[1].casefold() not in self.unassigned]
        there = {account for account, _ in kept}
        new = (each for each in self.assigned.values() if each.id not in there)
        return (*kept, *((each.id, each.login) for each in new))


class DryGitHub(ReadOnlyPort):
    """`ports.GitHub` of a dry run."""

    reads = frozenset(
        {
            "credential", "now", "earliest_now", "rate_limit", "grants", "announced_expiries", "cost",
            "repository", "account", "reserve_reads",
            "issue_changes", "comment_changes", "all_issues", "all_comments", "newest_number",
            "is_unchanged", "field_events", "label_names", "user", "organisation_fields",
        }
    )  # fmt: skip

    def __init__(self, github: GitHub, state: DryRunState) -> None:
        super().__init__(github)
        self._github = github
        self._state = state
        self._written: dict[IssueNumber, _IssueWrites] = {}
        self._created: dict[IssueNumber, Issue] = {}
        self._edited: dict[RemoteCommentId, str] = {}
        self._deleted: set[RemoteCommentId] = set()
        self._last_id = 0

    # --- reads of what may have been written ----------------------------------------------------------

    async def issue(self, number: IssueNumber) -> Issue:
        found = self._created.get(number) or await self._github.issue(number)
        return self._after_writes(found)

    async def issue_if_changed(self, number: IssueNumber, known: ThreadEtags | None) -> Issue | None:
        found = await self._github.issue_if_changed(number, known)
        return None if found is None else self._after_writes(found)

    async def issue_thread(self, number: IssueNumber) -> IssueThread:
        if number in self._created:
            found = IssueThread(issue=self._created[number], comments=(), etags=None)
        else:
            found = await self._github.issue_thread(number)
        written = self._written.get(number, _IssueWrites())
        comments = tuple(
            replace(row, body=self._edited.get(row.id, row.body))
            for row in (*found.comments, *written.comments)
            if row.id not in self._deleted
        )
        issue = replace(self._after_writes(found.issue), comments=len(comments))
        return replace(found, issue=issue, comments=comments)

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        if comment_id in self._deleted:
            raise GitHubNotFoundError(f"comment {comment_id} would be deleted by then", status=404)
        written = [row for each in self._written.values() for row in each.comments]
        found = next((row for row in written if row.id == comment_id), None)
        row = found or await self._github.comment(comment_id)
        return replace(row, body=self._edited.get(row.id, row.body))

    def _after_writes(self, issue: Issue) -> Issue:
        written = self._written.get(issue.number)
        if written is None:
            return issue
        values: dict[str, Any] = {
            name: _parse_issue_member(name, value) for name, value in written.members.items()
        }
        return replace(
            issue,
            **values,
            labels=written.apply_to_labels(issue.labels),
            assignees=written.apply_to_assignees(issue.assignees),
            choices=written.apply_to_choices(issue.choices),
            comments=issue.comments + len(written.comments),
            updated_at=self._github.now(),
        )

    # --- writes ---------------------------------------------------------------------------------------

    async def create_issue(
        self,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
        *,
        milestone: int | None = None,
        issue_type: str | None = None,
        priority: tuple[int, str] | None = None,
    ) -> Confirmed[Issue]:
        number = IssueNumber(self._new_negative_id())
        seen = SeenIssue(
            state=IssueState.OPEN,
            state_reason=None,
            labels=tuple(labels),
            title=title,
            assignees=tuple((each.id, each.login) for each in await self._accounts(assignees)),
            choices=(priority,) if priority else None,
            comments=0,
            locked=False,
            updated_at=self._github.now(),
            id=number,
        )
        created = self._issue_from_seen_values(number, seen, body)
        self._created[number] = replace(created, milestone=milestone, type=issue_type)
        return Confirmed(value=self._created[number], request_id=None)

    async def create_comment(self, number: IssueNumber, body: str) -> Confirmed[RemoteComment]:
        row = self._build_comment(RemoteCommentId(self._new_negative_id()), number, body)
        self._writes_to_issue(number).comments.append(row)
        return Confirmed(value=row, request_id=None)

    async def update_issue(self, number: IssueNumber, update: IssueUpdate) -> Confirmed[Issue]:
        self._writes_to_issue(number).members |= update.members
        return Confirmed(value=self._written_issue(number), request_id=None)

    async def add_label(self, number: IssueNumber, label: str) -> Confirmed[tuple[str, ...]]:
        written = self._writes_to_issue(number)
        written.removed.discard(label.casefold())
        written.added.setdefault(label.casefold(), label)
        return Confirmed(value=self._written_issue(number).labels, request_id=None)

    async def remove_label(self, number: IssueNumber, label: str) -> Confirmed[tuple[str, ...]]:
        written = self._writes_to_issue(number)
        written.added.pop(label.casefold(), None)
        written.removed.add(label.casefold())
        return Confirmed(value=self._written_issue(number).labels, request_id=None)

    async def add_assignee(self, number: IssueNumber, login: str) -> Confirmed[Issue]:
        written = self._writes_to_issue(number)
        written.unassigned.discard(login.casefold())
        written.assigned |= {each.login.casefold(): each for each in await self._accounts([login])}
        return Confirmed(value=self._written_issue(number), request_id=None)

    async def remove_assignee(self, number: IssueNumber, login: str) -> Confirmed[Issue]:
        written = self._writes_to_issue(number)
        written.assigned.pop(login.casefold(), None)
        written.unassigned.add(login.casefold())
        return Confirmed(value=self._written_issue(number), request_id=None)

    async def choose_option(self, number: IssueNumber, field_id: int, option: str) -> Confirmed[Choices]:
        self._writes_to_issue(number).chosen[field_id] = option
        return Confirmed(value=self._written_issue(number).choices or (), request_id=None)

    async def _accounts(self, logins: Sequence[str]) -> list[Account]:
        found = [await self._github.user(login) for login in logins]
        return [account for account in found if account is not None]

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> Confirmed[RemoteComment]:
        self._edited[comment_id] = body
        return Confirmed(value=self._build_comment(comment_id, IssueNumber(0), body), request_id=None)

    async def delete_comment(self, comment_id: RemoteCommentId) -> Confirmed[None]:
        self._deleted.add(comment_id)
        return Confirmed(value=None, request_id=None)

    def _writes_to_issue(self, number: IssueNumber) -> _IssueWrites:
        return self._written.setdefault(number, _IssueWrites())

    def _new_negative_id(self) -> int:
        """Make a number below zero: GitHub shows none that could be mistaken for it."""
        self._last_id -= 1
        return self._last_id

    def _written_issue(self, number: IssueNumber) -> Issue:
        """Return the issue as its link saw it last, after the writes: nothing is read for it."""
        if number in self._created:
            return self._after_writes(self._created[number])
        links = (link for link in self._state.links.values() if link.number == number)
        seen = next((link.seen for link in links if link.is_live and link.seen), None)
        if seen is None:  # a second copy that is closed: it has no link
            seen = SeenIssue(
                state=IssueState.OPEN,
                state_reason=None,
                labels=(),
                title="",
                comments=0,
                locked=False,
                updated_at=self._github.now(),
            )
        return self._after_writes(self._issue_from_seen_values(number, seen, ""))

    def _issue_from_seen_values(self, number: IssueNumber, seen: SeenIssue, body: str) -> Issue:
        return Issue(
            id=seen.id or 0,
            number=number,
            title=seen.title,
            body=body,
            state=seen.state,
            state_reason=seen.state_reason,
            labels=seen.labels,
            colours=seen.colours,
            assignees=seen.assignees,
            choices=seen.choices,
            comments=seen.comments,
            locked=seen.locked,
            author=None,
            url="",
            created_at=self._github.now(),
            updated_at=self._github.now(),
        )

    def _build_comment(self, id_: RemoteCommentId, number: IssueNumber, body: str) -> RemoteComment:
        return RemoteComment(
            id=id_,
            issue_number=number,
            body=body,
            author=None,
            collaborator=True,
            url="",
            created_at=self._github.now(),
            updated_at=self._github.now(),
        )


def _parse_issue_member(name: str, value: object) -> object:
    """Return the model's value of an issue's member as GitHub spells it."""
    return ISSUE_MEMBERS[name].parse(value) if isinstance(value, str) else value
