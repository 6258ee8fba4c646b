"""Looking at links whole: the issue and its complete thread on GitHub, all of it in BugSpark.

For first contact (contacts.py), for verification, for a link that leaves quarantine, and where a comment must
have been deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from reconciler.cycle.context import Context
from reconciler.cycle.endings import NOT_SHOWN, missed
from reconciler.cycle.identify import recognised
from reconciler.cycle.observe import accounts_of, recognise
from reconciler.cycle.rivals import rival
from reconciler.decide.link import is_another
from reconciler.errors import NotThereError
from reconciler.model.ids import AccountId, RemoteCommentId
from reconciler.model.issue import Etags, RemoteComment, Whole
from reconciler.model.link import Checked, Entry, EntryState, Link
from reconciler.model.plan import LinkPlan, LinkView
from reconciler.model.snapshot import Memory, ThreadSide
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Views of the links that could be read, plans for those whose issue is not there."""

    views: tuple[LinkView, ...] = ()
    plans: tuple[LinkPlan, ...] = ()


async def whole_views(context: Context, memory: Memory, links: Sequence[Link]) -> Looked:
    """Read these links on both sides, GitHub first. Raises what reading raises, RecreatedError where an issue
    is another one than it was."""
    if not links:
        return Looked()
    threads: dict[Link, Whole] = {}
    plans: list[LinkPlan] = []
    for link in links:
        try:
            found = await context.github.whole(link.number)
        except NOT_SHOWN as error:
            if not plans:  # of a repository that does not answer as itself nothing is inferred
                await recognised(context, memory)
            plans.append(missed(context, link, error))
            continue
        if is_another(link, found.issue):
            await recognised(context, memory)
        threads[link] = found
    return Looked(views=await views_of(context, memory, threads), plans=tuple(plans))


def checked(context: Context, link: Link, etags: Etags | None) -> Checked:
    """Compared now; due again after `verify_seconds`, a tenth sooner or later, each link by its own share."""
    share = 0.9 + 0.2 * (link.id.int % 1000) / 1000
    now = context.github.now()
    return Checked(at=now, due=now + timedelta(seconds=share * context.timing.verify), etags=etags)


async def views_of(context: Context, memory: Memory, threads: Mapping[Link, Whole]) -> tuple[LinkView, ...]:
    """Both sides of links that were read whole; without those whose report was deleted meanwhile."""
    accounts = await accounts_of(context, memory)
    halves = await context.stores.ledger.threads(tuple(threads))
    views = []
    for link, thread in threads.items():
        half = halves[link.report_id]
        if half.report is not None:  # deleted meanwhile: the next snapshot says so
            views.append(await _view(context, link, thread, half, accounts))
    return tuple(views)


async def _view(
    context: Context, link: Link, thread: Whole, half: ThreadSide, accounts: frozenset[AccountId]
) -> LinkView:
    assert half.report is not None
    rows = {row.id: row for row in thread.comments}
    return LinkView(
        link=link,
        report=half.report,
        issue=thread.issue,
        comments=tuple(recognise(context, link.repository_id, accounts, rows).values()),
        entries=half.entries,
        local=half.comments,
        whole=True,
        checked=checked(context, link, thread.etags),
        rival=rival(context, accounts, link, thread),
        missing=await _missing(context, half.entries, rows),
        accounts=accounts,
    )


async def _missing(
    context: Context, entries: Sequence[Entry], rows: Mapping[RemoteCommentId, RemoteComment]
) -> frozenset[int]:
    """Deletion is inferred only from complete reads, and from the comment itself saying it is not there."""
    missing = set()
    for remote_id in _absent(entries, rows):
        try:
            await context.github.comment(remote_id)
        except NotThereError:
            missing.add(remote_id)
    return frozenset(missing)


def _absent(
    entries: Sequence[Entry], rows: Mapping[RemoteCommentId, RemoteComment]
) -> Iterator[RemoteCommentId]:
    for entry in entries:
        live = entry.state is EntryState.LIVE
        if live and entry.remote_id is not None and entry.remote_id not in rows:
            yield entry.remote_id
