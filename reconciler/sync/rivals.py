"""Two databases on one repository: per issue, the one whose marker is the oldest keeps it (decision 0033)."""

from collections.abc import Collection, Iterator

from reconciler.model.ids import AccountId
from reconciler.model.issue import IssueThread
from reconciler.model.link import Link
from reconciler.sync.context import Context
from reconciler.sync.observe import MARKER_NAME, is_own_account


def competing_instance(
    context: Context, accounts: Collection[AccountId], link: Link, thread: IssueThread
) -> str | None:
    """The instance of another database that wrote on this issue before this one did, None where it is ours
    or nobody's. Only what an account of ours has written counts."""
    return next(_marker_instances(context, accounts, link, thread), None)


def _marker_instances(
    context: Context, accounts: Collection[AccountId], link: Link, thread: IssueThread
) -> Iterator[str | None]:
    """Whose each marker is, oldest first; None: ours."""
    rows = sorted(thread.comments, key=lambda row: (row.created_at, row.id))
    written = [("issue", thread.issue.author, thread.issue.body)]
    written += [("comment", row.author, row.body) for row in rows]
    for kind, author, body in written:
        if MARKER_NAME not in body or not is_own_account(author, accounts):
            continue
        place = (body, kind, link.repository_id, 0 if kind == "issue" else link.number)
        if context.markers.read(*place) is not None:
            yield None
        elif (other := context.markers.other_instance(*place)) is not None:
            yield other
