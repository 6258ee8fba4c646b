"""GitHub's side: a repository, an issue and its comments, as far as this program looks at them.

What a credential may do, as far as GitHub tells without being written to.

A classic token's answers carry its scopes (`X-OAuth-Scopes`). An App's installation token comes with its
permissions. A fine-grained token's permissions are told nowhere: what a repository calls `permissions` is its
account's role, not the token's grant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.fields import Field, IssueFields
from reconciler.model.ids import (
    AccountId,
    CommentId,
    IssueNumber,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as it says of itself."""

    id: RepositoryId
    full_name: str  # "owner/repo", as GitHub spells it now
    private: bool
    archived: bool
    has_issues: bool
    can_push: bool | None  # None where GitHub does not say (installations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A GitHub account. Its numeric id is its identity; the login may change hands."""

    id: AccountId
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue(IssueFields):
    """An issue as one answer of GitHub showed it. Pull requests never become one of these."""

    id: int
    number: IssueNumber
    body: str
    comments: int
    locked: bool
    author: Account | None  # None: a deleted account ("ghost")
    url: str  # html_url
    created_at: datetime
    updated_at: datetime
    marked: ReportId | None = None  # set by the cycle: a valid marker of ours, written by an account of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueUpdate:
    """A change of an issue's own members by one PATCH. Only what changes is sent."""

    verb: str  # what it does, for people: `close`
    members: Mapping[str, object]  # as GitHub spells them (docs/reference/github.md, Writes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteComment:
    """A comment on GitHub as one answer showed it."""

    id: RemoteCommentId
    issue_number: IssueNumber
    body: str
    author: Account | None
    collaborator: bool  # author_association is OWNER, MEMBER or COLLABORATOR
    url: str
    created_at: datetime
    updated_at: datetime
    marker_comment_id: CommentId | None = (
        None  # set by the cycle: a valid marker of ours, written by an account of ours
    )
    marker_instance: str | None = (
        None  # the same: the instance of another database that our account wrote it for
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEtags:
    """What GitHub answered an issue and its thread with, for asking again at no cost. `thread` None: the
    issue has no comments. Belongs to one token, like every ETag."""

    issue: str
    thread: str | None
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueThread:
    """An issue and its complete thread. `etags` None: a later look can't be had for nothing, because the
    thread has more than one page."""

    issue: Issue
    comments: tuple[RemoteComment, ...]
    etags: ThreadEtags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvent:
    """Somebody changed a field of an issue, from the issue's event list."""

    field: Field
    value: str  # closed/reopened, a label's name, or the new title
    added: bool  # for labels: added or removed; True for the rest
    actor: Account | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """Where one list of one repository was left (docs/reference/github.md, List rules, 2-5).

    `anchor` stays put so that the probe's URL and ETag stay valid. `cursor` is set while a drain is
    unfinished: the drain goes on from there.
    """

    anchor: datetime
    etag: str | None = None
    etag_credential: str | None = None
    cursor: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Both None: a fine-grained token, or one that nothing was asked with yet."""

    scopes: frozenset[str] | None = None  # of a classic token
    permissions: Mapping[str, str] | None = None  # of an App where it is installed: "issues" → "write"

    def has_scope(self, *wanted: str) -> bool:
        """Whether it is a classic token with one of these scopes."""
        return self.scopes is not None and not self.scopes.isdisjoint(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What an answer's headers said about the primary limit."""

    limit: int
    remaining: int
    reset_at: datetime
