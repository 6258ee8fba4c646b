"""Health in one line per project, what needs a person at the end with the command to run. Pure."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.cli.show_pass import as_json as pass_as_json
from reconciler.cli.show_pass import project
from reconciler.cli.text import WIDTH, cut, fit
from reconciler.model.standing import LIVE, SIGNS, Standing, standing
from reconciler.model.values import dataclass
from reconciler.model.visible import visible
from reconciler.model.wording import ago, clock, counted, iso, span

if TYPE_CHECKING:
    from reconciler.model.snapshot import Health, Limits
    from reconciler.model.webhook import WebhookHealth

NAME, REPOSITORY, LINKS = 18, 22, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Who looks, and when."""

    now: datetime
    zone: tzinfo | None
    unicode: bool

    @property
    def more(self) -> str:
        """The sign that something was cut."""
        return "…" if self.unicode else "..."


def as_lines(healths: Sequence[Health], limits: Sequence[Limits], view: View) -> Iterator[str]:
    """The table, the limits, then what needs a person."""
    if not healths:
        yield "No project yet: connect a repository in BugSpark (a project's settings, GitHub integration)."
        return
    standings = [(health, standing(health, view.now, view.zone)) for health in healths]
    yield f"  {fit('PROJECT', NAME)} {fit('REPOSITORY', REPOSITORY)} {'LINKS':>{LINKS}}  STATE"
    yield from (_line(health, how, view) for health, how in standings)
    yield from _coverage(healths, view)
    yield from (_limit(limit, view) for limit in limits)
    for health, how in standings:
        if how.command or not _line(health, how, view).endswith(visible(how.words)):
            yield ""
            yield from wrap(visible(f"{health.name}: {how.words}"), WIDTH, subsequent_indent="  ")
        if how.command:
            yield f"  {how.command}"
    if len(healths) == 1:
        yield from _pending(healths[0], view)
        yield from _webhook(healths[0].webhook, view)
        yield from _attention(healths[0])


def _pending(health: Health, view: View) -> Iterator[str]:
    """Of one project: since when writes to GitHub have waited."""
    if health.oldest_intent is not None:
        count = counted(health.pending + health.quarantined, "write")
        yield f"  Pending: {count}, the oldest {ago(health.oldest_intent, view.now)}"


def _webhook(webhook: WebhookHealth, view: View) -> Iterator[str]:
    """Of one project: when its webhook was last heard of, and what it should have announced."""
    if webhook.known_at is None:
        return
    heard = f"last delivery {ago(webhook.last_at, view.now)}" if webhook.last_at else "no delivery yet"
    missed = f"; {counted(webhook.missed, 'change')} found without it" if webhook.missed else ""
    yield f"  Webhook: {heard}{missed}"


def _attention(health: Health) -> Iterator[str]:
    """Of one project: each link or write that is not simply synced, and why."""
    for item in health.attention:
        where = f" {item.issue}" if item.issue else ""
        about = f", {item.field}" if item.field else ""
        text = visible(f"{item.report}{where}: {item.what}{about}: {item.reason}")
        yield ""
        yield from wrap(text, WIDTH, subsequent_indent="  ")
    if health.elsewhere:
        yield ""
        count = counted(health.elsewhere, "link")
        text = f"{count}: the project is connected to another repository now; they rest until it is back."
        yield from wrap(text, WIDTH, subsequent_indent="  ")


def _line(health: Health, how: Standing, view: View) -> str:
    sign = SIGNS[how.state][not view.unicode]
    name = fit(health.name, NAME, more=view.more)
    repository = fit(health.repository or "-", REPOSITORY, more=view.more)
    links = f"{sum(health.links.get(state, 0) for state in LIVE):>{LINKS},}"
    return cut(f"{sign} {name} {repository} {links}  {how.words}", WIDTH, more=view.more)


def _coverage(healths: Sequence[Health], view: View) -> Iterator[str]:
    """How many links were compared whole of late: of all together, then of each project that is behind."""
    covers = [health.coverage for health in healths if health.coverage.links]
    if not covers:
        return
    links, verified = sum(each.links for each in covers), sum(each.verified for each in covers)
    within = span(covers[0].within)
    oldest = min((each.oldest for each in covers if each.oldest), default=None)
    since = f", oldest {ago(oldest, view.now)}" if oldest else ""
    if len(covers) == 1 and covers[0].p95:
        since += f", p95 {ago(covers[0].p95, view.now)}"
    text = f"  {verified:,} of {counted(links, 'link')} verified equal within {within}{since}"
    yield cut(text, WIDTH, more=view.more)
    for health in healths if len(healths) > 1 else ():
        cover = health.coverage
        if cover.verified < cover.links:
            behind = f"    {fit(health.name, NAME, more=view.more)} {cover.verified:,} of {cover.links:,}"
            yield cut(behind, WIDTH, more=view.more)


def _limit(limit: Limits, view: View) -> str:
    """One credential's budget; it is named by its fingerprint."""
    known = limit.remaining is not None and limit.limit is not None
    left = f"{limit.remaining:,} of {limit.limit:,} left" if known else "not known yet"
    if limit.reset_at:
        left += f", new at {clock(limit.reset_at, view.now, view.zone)}"
    if limit.blocked_until and limit.blocked_until > view.now:
        left += f", blocked until {clock(limit.blocked_until, view.now, view.zone)}"
    return cut(f"  GitHub limit of {limit.credential[:8]}: {left}", WIDTH, more=view.more)


def health_as_json(health: Health, view: View) -> dict[str, Any]:
    """One project."""
    how = standing(health, view.now, view.zone)
    return {
        "project": project(health.project_id, health.name, health.repository),
        "state": how.state.value,
        "reason": how.reason,
        "command": how.command,
        "paused": health.paused,
        "links": dict(health.links),
        "conflicts": health.conflicts,
        "pending": health.pending,
        "oldest_pending_at": iso(health.oldest_intent),
        "quarantined": health.quarantined,
        "withheld": {"hash": health.withheld, "count": health.withheld_count} if health.withheld else None,
        "last_pass": pass_as_json(health.last_pass) if health.last_pass else None,
        "last_pass_at": iso(health.last_pass_at),
        "last_success_at": iso(health.last_success_at),
        "next_at": iso(health.next_at),
        "failures": health.failures,
        "problem": health.problem,
        "verified": {
            "links": health.coverage.verified,
            "of": health.coverage.links,
            "within_seconds": int(health.coverage.within.total_seconds()),
            "oldest_at": iso(health.coverage.oldest),
            "p95_at": iso(health.coverage.p95),
        },
        "webhook": {
            "last_at": iso(health.webhook.last_at),
            "last_event": health.webhook.last_event,
            "received": health.webhook.received,
            "missed": health.webhook.missed,
            "silent": health.webhook.silent,
            "silent_since": iso(health.webhook.silent_since),
        },
        "public": health.exposed,
        "elsewhere": health.elsewhere,
        "attention": [
            {
                "report": str(item.report_id),
                "issue": item.issue,
                "what": item.what,
                "field": item.field,
                "reason": item.reason,
            }
            for item in health.attention
        ],
    }


def limits_as_json(limits: Limits) -> dict[str, Any]:
    """One credential; told from a project by its first key."""
    return {
        "credential": limits.credential,
        "remaining": limits.remaining,
        "limit": limits.limit,
        "reset_at": iso(limits.reset_at),
        "blocked_until": iso(limits.blocked_until),
        "points_last_minute": limits.points_last_minute,
    }
