"""After a restore of an older copy: everything is read, and our own is recognised, before anything is written
(docs/design.md, Marker; docs/decisions/0032-after-a-restore.md).

It is noticed by a marker of ours that the ledger does not know: what we write is in the ledger before it is
sent, so the ledger has lost it. A second time it is another database that writes in our name, for all is
known since the first.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.cycle.apply import Applier
from reconciler.cycle.context import Context
from reconciler.cycle.identify import recognised
from reconciler.cycle.linking import LIVE
from reconciler.cycle.observe import MARKER_NAME, accounts_of
from reconciler.cycle.ours import report_of
from reconciler.cycle.strays import take_issues
from reconciler.cycle.tally import Tally
from reconciler.cycle.verify import SMALL, confirmed_unchanged, unchanged
from reconciler.cycle.whole import checked, whole_views
from reconciler.decide.adopt import adopt
from reconciler.errors import IdentityError, ProjectError, RestoredError
from reconciler.logs import Log
from reconciler.model.intent import Operation
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Memory

LATE = timedelta(hours=1)
"""A second issue of a report that is linked may be a late copy only if it came this soon."""

log = Log(__name__)


async def expected(
    context: Context, memory: Memory, comments: Sequence[RemoteComment], issues: Sequence[Issue]
) -> None:
    """`comments` with a marker of ours that no row of these links names, and issues without a link.

    Raises RestoredError where one of them is news to our own tables: nothing of this look may be applied.
    Raises IdentityError where it was written since we have read everything.
    """
    copies = {row.id: row.marked for row in comments if row.marked is not None}
    unknown = await context.stores.recovery.unheard_of(copies)
    repository = context.project.repository
    signs = [(row.created_at, f"{repository}#{row.issue_number}") for row in comments if row.id in unknown]
    strays = await _unheard_of(context, memory, issues)
    signs += [(row.created_at, f"{repository}#{row.number}") for row in strays]
    since = memory.restored_at
    for at, where in sorted(signs):
        if since is None:
            raise RestoredError(f"{where} has a marker of ours that is in none of our tables")
        if at > since:
            seen = f"{where}, {at:%Y-%m-%d %H:%M} UTC"
            await context.stores.identity.doubt(seen)
            known = replace(context.identity, twin=seen)
            raise IdentityError(f"{context.project.name}: {known.doubt}")


async def _unheard_of(context: Context, memory: Memory, issues: Sequence[Issue]) -> list[Issue]:
    """Made by us for a report of this project that is there, and not in our tables."""
    if not any(MARKER_NAME in row.body for row in issues):
        return []
    accounts = await accounts_of(context, memory)
    rows = await context.stores.intents.open(context.project.id)
    waiting = {row.report_id for row in rows if row.operation is Operation.CREATE_ISSUE}
    found = []
    for issue in issues:
        report = report_of(context, memory, accounts, issue)
        if report is None or report in waiting:
            continue
        if await context.stores.ledger.was_linked(report, memory.repository_id, issue.number):
            continue
        details = (await context.stores.reports.details([report])).get(report)
        if details is None or details[0].project_id != context.project.id:
            continue
        link = await context.stores.ledger.link_of(report)
        if link is None or link.state not in LIVE or issue.created_at > link.created_at + LATE:
            found.append(issue)
    return found


async def reread(context: Context, memory: Memory, applier: Applier, tally: Tally) -> Memory:
    """Read every link whole, and every issue changed since the copy was made; write down what is ours.

    A limit ends it, and the next pass goes on where it stopped. Raises what reading raises.
    """
    await recognised(context, memory)  # and from here on the time is GitHub's
    since = memory.restored_at if memory.recovering else None
    if since is None:
        since = context.github.now()
        await context.stores.recovery.begin(context.project.id, since)
        log.warning("restored from an older copy: everything is read first", project=str(context.project.id))
    memory = replace(memory, recovering=True, restored_at=since)
    await _links(context, memory, applier, since)
    await take_issues(context, memory, tally)
    await context.stores.recovery.end(context.project.id)
    return replace(memory, recovering=False)


async def _links(context: Context, memory: Memory, applier: Applier, since: datetime) -> None:
    ledger = context.stores.ledger
    cover = await ledger.coverage(context.project.id, since)
    what = f"{context.project.name}: recovering after a restore"
    context.progress.start(what, cover.links - cover.verified)
    before: Sequence[Link] = ()
    while links := await ledger.unchecked(context.project.id, memory.repository_id, since, SMALL):
        if links == before:
            raise ProjectError(f"{context.project.name}: it is changed while it is read; run it again")
        await applier.batch(await _adopted(context, memory, links))
        context.progress.advance(len(links))
        before = links
    context.progress.done()


async def _adopted(context: Context, memory: Memory, links: Sequence[Link]) -> list[LinkPlan]:
    same = [link for link in links if await unchanged(context, link)]
    looked = await whole_views(context, memory, [link for link in links if link not in same])
    for view in looked.views:
        known = {entry.remote_id for entry in view.entries}
        await expected(context, memory, [row for row in view.comments if row.id not in known], ())
    plans = [
        *(confirmed_unchanged(context, link) for link in same),
        *(adopt(view, context.policy, context.new_id) for view in looked.views),
        *looked.plans,
    ]
    planned = {plan.link.id for plan in plans}
    gone = (link for link in links if link.id not in planned)  # their reports: the next snapshot says so
    return [*plans, *(_passed_over(context, link) for link in gone)]


def _passed_over(context: Context, link: Link) -> LinkPlan:
    return LinkPlan(link=link, report=None, after=replace(link, checked=checked(context, link, None)))
