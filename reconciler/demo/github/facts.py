"""Switches for GitHub's behaviour where it is unsettled or differs by size or installation.

Source of every line: docs/reference/github.md. The defaults are the readings seen most often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal


def _retired() -> Mapping[str, int]:
    return MappingProxyType({})


def _no_ends() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The behaviour of the simulator where the facts leave it open."""

    since_inclusive: bool = True
    """`since` also returns rows updated in that very second (Lists: contested)."""
    paging: Literal["pages", "cursors"] = "pages"
    """What the `Link` header carries: `page=` or `after=` (Lists: large repositories)."""
    links_by_id: bool = True
    """Links lead on under `/repositories/{id}/`, as in the examples of GitHub's description."""
    deep_page_rows: int | None = None
    """`page=` beyond this many rows is answered 422 (Lists); None: never."""
    comment_list_rows: int | None = 40_000
    """The repository's comment list ends this deep (Lists); None: never."""
    listed_comments_have_association: bool = True
    """Lists of comments carry `author_association`, as single ones do (Lists: since 2026 they may not)."""
    listed_issues_have_closed_by: bool = True
    """Lists of issues carry `closed_by`, as single ones do (Events: unsettled)."""
    listed_issues_have_field_values: bool = True
    """Lists of issues carry `issue_field_values`, as single ones do (Fields: unsettled)."""
    field_change_bumps_issue: bool = True
    """A field that is set or cleared moves `updated_at` of its issue (Fields: unsettled)."""
    field_values_are_dropped: bool = False
    """A value that is set is dropped silently: the answer lacks it (Fields: unsettled)."""
    field_events: Literal["named", "bare", "none"] = "bare"
    """Events of an issue's fields say which field it is, do not, or are not listed (Fields: unsettled)."""
    unknown_issue_members: Literal["refused", "dropped"] = "refused"
    """What becomes of a milestone or type that there is not, at an issue's creation (Fields: unsettled)."""
    comment_edit_bumps_issue: bool = True
    """An edited comment moves its issue's `updated_at` (Lists: contested)."""
    minimizing_bumps_comment: bool = False
    """A comment that is hidden or shown again has a new `updated_at` (Lists: unsettled)."""
    flagged_comments_are_counted: bool = False
    """An issue counts the comments of flagged accounts, which nobody is shown (unsettled)."""
    label_rename_bumps_issues: bool = False
    """A renamed label moves `updated_at` of the issues that carry it (Lists: unsettled)."""
    reclosing_completes: bool = True
    """`closed` without a reason, sent for a closed issue, makes the reason `completed` (Writes)."""
    body_unit: Literal["characters", "bytes"] = "characters"
    """What the 65,536 of a body are counted in (Writes: unsettled)."""
    comments_per_issue: int = 2_500
    """More comments than this are refused for good (Writes)."""
    labels_per_issue: int = 100
    """More labels than this on one issue are refused (Writes)."""
    new_assignees_are_checked: bool = True
    """A new issue is refused for an account that can't be assigned (Assignees: seen); else it is dropped."""
    assignments_are_by_assignee: bool = False
    """The `actor` of an assignment's event is the account that was assigned (Assignees: seen)."""
    lock_spares_writers: bool = False
    """Accounts with write access may comment on locked issues."""
    converted_status: Literal[404, 410] = 410
    """What an issue that became a discussion answers."""
    transfer_keeps_comment_ids: bool = True
    """Comments keep their ids when their issue is transferred (unsettled)."""
    row_times_ahead_seconds: int = 0
    """How far the times of rows are ahead of GitHub's clock (Lists: seen)."""
    clock_ahead_seconds: int = 0
    """How far GitHub's clock, with `Date` and the times of rows, is ahead of the real time (Lists)."""
    deleted_account: Literal["ghost", "null"] = "ghost"
    """How a deleted author is shown (unsettled)."""
    api_versions: tuple[str, ...] = ("2022-11-28", "2026-03-10")
    """Accepted values of `X-GitHub-Api-Version`; any other is answered 400."""
    retired_versions: Mapping[str, int] = field(default_factory=_retired)
    """Version → status (410 or 400) of versions that were accepted once."""
    ending_versions: Mapping[str, str] = field(default_factory=_no_ends)
    """Version → `Sunset` date of accepted versions whose end is announced."""
