"""Observe GitHub: both change lists, gathered into observations that are applied one after another."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.ids import AccountId, CommentId, IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.issue import Account, Issue, ListState, RemoteComment
from reconciler.model.snapshot import PoisonedItem, ProjectState
from reconciler.ports import ListPage
from reconciler.sync.context import Context

ROWS_PER_OBSERVATION = 5_000
"""So many rows are held in memory at once; longer lists are applied piece by piece."""


@dataclass(slots=True, kw_only=True)
class GitHubObservation:
    """Rows of GitHub's lists, and the list positions to be stored once they have been applied."""

    issues: dict[IssueNumber, Issue] = field(default_factory=dict)
    comments: dict[RemoteCommentId, RemoteComment] = field(default_factory=dict)
    poisoned: list[PoisonedItem] = field(default_factory=list)
    issue_list: ListState | None = None
    comment_list: ListState | None = None
    initial_sync_position: ListState | None = None  # of a scan for the initial sync
    includes_local: bool = True  # BugSpark's own differences are read as well
    read_directly: set[IssueNumber] = field(
        default_factory=set
    )  # rows that come from the issue itself, not a list
    to_read_in_full: frozenset[IssueNumber] = frozenset()  # to be read in full, whatever the rows say
    has_more_pages: bool = False  # the lists have not been read to their ends
    is_before_lists: bool = False  # the lists, with what they show of threads, are read later

    @property
    def row_count(self) -> int:
        """How many rows are held."""
        return len(self.issues) + len(self.comments)

    @property
    def is_empty(self) -> bool:
        """Whether it shows nothing, of either side, and moves no list position."""
        positions = (self.issue_list, self.comment_list, self.initial_sync_position)
        return not (self.includes_local or self.row_count or self.poisoned or any(positions))

    @property
    def issue_numbers(self) -> frozenset[IssueNumber]:
        """Every issue that these rows concern."""
        unread = (row.number for row in self.poisoned if row.number is not None)
        return frozenset(self.issues).union((row.issue_number for row in self.comments.values()), unread)

    def add_listed_issues(self, rows: Iterable[Issue]) -> None:
        """Add rows of the list, whose position will be stored with them.

        A row that was read directly stays only if the list lags behind it: a list that shows as much or more
        must not be kept from being applied.
        """
        for row in rows:
            read = self.issues[row.number] if row.number in self.read_directly else None
            if read is None or (row != read and row.updated_at >= read.updated_at):
                self.issues[row.number] = row
                self.read_directly.discard(row.number)

    def restricted_to(
        self, numbers: Collection[IssueNumber], in_full: frozenset[IssueNumber]
    ) -> "GitHubObservation":
        """The same rows for a few issues, without list positions, for deciding those again.

        `in_full`: which of them are to be read in full this time.
        """
        return GitHubObservation(
            issues={number: row for number, row in self.issues.items() if number in numbers},
            comments={key: row for key, row in self.comments.items() if row.issue_number in numbers},
            poisoned=[row for row in self.poisoned if row.number in numbers],
            includes_local=False,
            read_directly=self.read_directly.intersection(numbers),
            has_more_pages=self.has_more_pages,
            to_read_in_full=in_full & frozenset(numbers),
        )


async def observe_lists(
    context: Context,
    state: ProjectState,
    direct: Mapping[IssueNumber, Issue],
    *,
    compares: bool = True,
    rows: int = ROWS_PER_OBSERVATION,
) -> AsyncIterator[GitHubObservation]:
    """The changes since the last pass: at least one observation, which is empty if nothing changed.

    `direct`: issues that were just read and are not decided yet, for the first observation; `compares`:
    whether that one includes BugSpark's own differences. Each list has its
    own position (docs/reference/github.md, List rules, 5); an observation carries the positions that may be
    stored with its rows (rule 4). Raises what reading raises; observations already yielded stay valid.
    """
    observation = GitHubObservation(issues=dict(direct), read_directly=set(direct), includes_local=compares)
    async for issues, comments in _paired_pages(context, state):
        if issues is not None:
            observation.add_listed_issues(issues.rows)
            observation.poisoned.extend(issues.poisoned)
            observation.issue_list = issues.state or observation.issue_list
        if comments is not None:
            observation.comments.update((row.id, row) for row in comments.rows)
            observation.poisoned.extend(comments.poisoned)
            observation.comment_list = comments.state or observation.comment_list
        if observation.row_count >= rows:
            observation.has_more_pages = True
            yield observation
            observation = GitHubObservation(includes_local=False)
    yield observation


async def _paired_pages(
    context: Context, state: ProjectState
) -> AsyncIterator[tuple[ListPage[Issue] | None, ListPage[RemoteComment] | None]]:
    """Both lists in turn, page by page: what happened at one time is decided and stored once."""
    issues = context.github.issue_changes(state.issues)
    comments = context.github.comment_changes(state.comments)
    while True:
        pair = await anext(issues, None), await anext(comments, None)
        if pair == (None, None):
            return
        yield pair


async def read_own_accounts(context: Context, state: ProjectState) -> frozenset[AccountId]:
    """Every account this project writes or has ever written as."""
    known = await context.stores.projects.own_accounts(context.project.id)
    return known if state.account is None else known | {state.account}


def mark_own_comments(
    context: Context,
    repository_id: RepositoryId,
    accounts: frozenset[AccountId],
    comments: Mapping[RemoteCommentId, RemoteComment],
) -> dict[RemoteCommentId, RemoteComment]:
    """The comments, ours marked as such: a valid marker *and* an author this project has written as."""
    return {key: _mark_own_comment(context, repository_id, accounts, row) for key, row in comments.items()}


def _mark_own_comment(
    context: Context, repository_id: RepositoryId, accounts: frozenset[AccountId], row: RemoteComment
) -> RemoteComment:
    if not is_own_account(row.author, accounts) or MARKER_NAME not in row.body:
        return row
    found = context.markers.local_id_of_marker(row.body, "comment", repository_id, row.issue_number)
    if found is not None:
        return replace(row, marker_comment_id=CommentId(found))
    return replace(
        row,
        marker_instance=context.markers.read_other_instance(
            row.body, "comment", repository_id, row.issue_number
        ),
    )


def is_own_account(author: Account | None, accounts: Collection[AccountId]) -> bool:
    """Whether this project has ever written as this account."""
    return author is not None and author.id in accounts
