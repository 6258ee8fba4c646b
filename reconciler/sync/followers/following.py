"""What commands ask about followers: whether a report follows, and who leads after a link was cut."""

from reconciler.errors import RefusedError
from reconciler.model.ids import LinkId, ReportId
from reconciler.model.link import ENDED_STATES, Link
from reconciler.model.snapshot import Follower
from reconciler.sync.context import Context
from reconciler.sync.settings.in_force import with_settings_in_force


async def require_not_following(context: Context, report: ReportId) -> None:
    """Raise RefusedError if a report follows another one: it can't be linked or exported then."""
    found = await context.stores.followers.find(report)
    if found is None:
        return
    name = await context.stores.reports.tracking_id_of_report(report)
    leader = await find_followed_report_name(context, found)
    raise RefusedError(f"{name} follows {leader} already; unlink it first")


async def find_followed_report_name(context: Context, follower: Follower) -> str:
    """Return the name of the report that another one follows."""
    lead = await context.stores.followers.find_followed_link(follower)
    return await context.stores.reports.tracking_id_of_report(lead.report_id)


async def request_link_comment_update(context: Context, link_id: LinkId) -> None:
    """Have the comment about a link name its followers as they are now, where the project wants one."""
    state = await context.stores.projects.get_state(context.project.id)
    if with_settings_in_force(context, state).policy.link_comment:
        await context.stores.followers.request_full_link_read(link_id)


async def unfollow_report(context: Context, report: ReportId) -> str | None:
    """End what a report follows; the caller has the project's lock. None: it follows nothing."""
    found = await context.stores.followers.find(report)
    if found is None:
        return None
    leader = await find_followed_report_name(context, found)
    await context.stores.followers.remove(
        report, f"no longer follows {leader}, by command", context.github.now()
    )
    await request_link_comment_update(context, found.link_id)
    return f"no longer follows {leader}; nothing on GitHub was changed"


async def promote_follower(context: Context, ended: Link) -> str:
    """Let the oldest follower of a link that was cut by command lead its issue; the caller has the lock.

    `ended`: the link as it was before. The followers of an issue that is gone end with it: there is nothing
    to lead. Returns what to add to the sentence about it.
    """
    if ended.state in ENDED_STATES:
        await context.stores.followers.end_followers_of(ended, context.github.now())
        return ""
    heir = await context.stores.followers.promote_oldest_follower(ended, context.github.now())
    if heir is None:
        return ""
    name = await context.stores.reports.tracking_id_of_report(heir)
    return f"; {name}, which followed it, leads that issue now"
