"""GitHub's side: a repository, an issue and its comments, and what a credential may do.

GitHub shows only some permissions without a write. An answer to a classic token has its scopes
(`X-OAuth-Scopes`). An App's installation token comes with its permissions. A fine-grained token's permissions
are never sent: the `permissions` of a repository are the role of its account, not what the token was granted.
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
    """A repository as GitHub describes it."""

    id: RepositoryId
    full_name: str  # "owner/repo", as GitHub spells it now
    private: bool
    archived: bool
    has_issues: bool
    can_push: bool | None  # None where GitHub does not say (installations)
    can_triage: bool | None = None  # whether the account has at least that role; None likewise
    can_administer: bool | None = None  # an owner's account, too; None likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A GitHub account. Its numeric id is its identity; another account may take over the login."""

    id: AccountId
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue(IssueFields):
    """An issue as one answer of GitHub showed it. A pull request never becomes an `Issue`."""

    id: int
    number: IssueNumber
    body: str
    comments: int
    locked: bool
    author: Account | None  # None: a deleted account ("ghost")
    url: str  # html_url
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    closed_by: Account | None = None  # None: it is open, or this answer does not say
    milestone: int | None = None  # its number, and the next one's name: only of an issue just created
    type: str | None = None
    # set by `sync`: the report named by a valid marker, if an account of ours wrote the issue
    marked: ReportId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationField:
    """A single-select field that an organisation has for its issues."""

    id: int
    name: str
    options: tuple[str, ...]  # their names


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueUpdate:
    """A change of an issue's members by one PATCH. Only what changes is sent."""

    verb: str  # the verb for people: `close`
    members: Mapping[str, object]  # as GitHub spells them (docs/reference/github.md, Writes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteComment:
    """A comment on GitHub as one answer showed it."""

    id: RemoteCommentId
    issue_number: IssueNumber
    body: str
    author: Account | None
    collaborator: bool | None  # author_association is OWNER, MEMBER or COLLABORATOR; None: it is unknown
    url: str
    created_at: datetime
    updated_at: datetime
    is_hidden: bool = False  # as spam or abuse: it counts as deleted until it is shown again
    # set by `sync`: the comment named by a valid marker of ours, if an account of ours wrote it
    marker_comment_id: CommentId | None = None
    # set by `sync`: the instance of another database for which our account wrote it
    marker_instance: str | None = None
    # set by `sync`: it may be a copy of ours that was edited before it was read; nothing is decided about it
    is_doubtful_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEtags:
    """The ETags of an issue and its thread, for conditional requests. They belong to one token.

    `thread` None: the issue has no comments.
    """

    issue: str
    thread: str | None
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueThread:
    """An issue and its complete thread.

    `etags` None: the thread has more than one page, so a conditional request can't answer for all of it.
    """

    issue: Issue
    comments: tuple[RemoteComment, ...]
    etags: ThreadEtags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvent:
    """A change of one field of an issue, from the issue's event list."""

    field: Field
    value: str  # closed/reopened, a label's name, or the new title
    added: bool  # for labels: added or removed; True for other fields
    actor: Account | None
    at: datetime
    is_choice: bool = False  # of an organisation's field; `value`: its id or name, or "": not known
    commit: str | None = None  # that closed the issue: its SHA, if it is one of this repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How somebody closed an issue on GitHub."""

    by: str | None  # a login; None: GitHub does not say whose
    commit: str | None  # the SHA of the commit that closed it, if it is one of the same repository
    at: datetime
    reason: str | None  # GitHub's state_reason
    is_read: bool = True  # False: the issue's events, which say more, are still to be read


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """The position in one list of one repository (docs/reference/github.md, List rules, 2-5).

    `anchor` does not change, so that the probe's URL and ETag stay valid. `cursor` is set while a drain is
    unfinished: the drain continues from there.
    """

    anchor: datetime
    etag: str | None = None
    etag_credential: str | None = None
    cursor: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The permissions of a credential. Both None: a fine-grained token, or one that has not been used yet."""

    scopes: frozenset[str] | None = None  # of a classic token
    permissions: Mapping[str, str] | None = None  # of an App where it is installed: "issues" → "write"

    def has_scope(self, *scopes: str) -> bool:
        """Whether the credential is a classic token with one of these scopes."""
        return self.scopes is not None and not self.scopes.isdisjoint(scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The primary limit as an answer's headers give it."""

    limit: int
    remaining: int
    reset_at: datetime
