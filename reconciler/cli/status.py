"""`reconcile status`: the health of projects, and what needs a person.

First the command, then its output (pure): one line per project, and at the end what needs a person, with the
command to run.
"""

from __future__ import annotations  # the model is not imported for annotations alone

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.console import (
    TERMINAL_WIDTH,
    cut_to_width,
    display_width,
    pad_or_cut_to_width,
    project_reference_as_json,
    wrap_to_width,
)
from reconciler.cli.passes import pass_as_json
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import JsonOption, current_session
from reconciler.model.formatting import (
    escape_unprintable,
    format_age,
    format_count,
    format_interval,
    format_iso,
    format_time,
)
from reconciler.model.link import LIVE_STATES
from reconciler.model.project_status import (
    STATUS_SYMBOLS,
    ProjectStatus,
    ProjectStatusKind,
    project_status,
)

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.cli.session import CommandSession
    from reconciler.model.health import CredentialLimits, ProjectHealth
    from reconciler.model.webhook import WebhookHealth


def status(
    context: typer.Context,
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="PROJECT", help="Only this project.", show_default=False),
    ] = None,
    json: JsonOption = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Exit 0 when all is synced or waits, 3 when something needs attention, 1 failed.",
        ),
    ] = False,
) -> None:
    """Show each project's health.

    Its links by state, what is pending, what is left of GitHub's limits, and what needs attention.
    """
    session = current_session(context)

    async def work(
        application: Application, _: ProgressDisplay
    ) -> tuple[tuple[ProjectHealth, ...], tuple[CredentialLimits, ...]]:
        return await application.status(await application.find_project(project) if project else None)

    healths, limits = session.run_in_backend(work, reads=True)
    view = display_options(session)
    if json:
        for value in (*(health_as_json(health, view) for health in healths), *map(limits_as_json, limits)):
            session.console.print_json(value)
    else:
        for line in status_as_lines(healths, limits, view):
            session.console.print_line(line)
    if exit_code and (code := status_exit_code(healths, view)):
        raise typer.Exit(code)


def status_exit_code(healths: Sequence[ProjectHealth], view: DisplayOptions) -> int:
    """Return 1 if a project failed, else 3 if one needs a person to look, else 0.

    A project that waits goes on by itself, and one that is paused was paused by a person.
    """
    states = {project_status(health, view.now, view.zone).state for health in healths}
    if ProjectStatusKind.FAILED in states:
        return EXIT_PROJECT_FAILED
    needs_look = ProjectStatusKind.ATTENTION in states or ProjectStatusKind.CONFLICT in states
    return EXIT_NEEDS_ATTENTION if needs_look else 0


EXIT_PROJECT_FAILED, EXIT_NEEDS_ATTENTION = 1, 3  # docs/reference/contract.md, Exit status
NAME_WIDTH, REPOSITORY_WIDTH, LINKS_WIDTH = 18, 22, 7
"""Columns on a terminal of `TERMINAL_WIDTH`; a wider or narrower one shares the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayOptions:
    """Current time, time zone, character set and width for the output."""

    now: datetime
    zone: tzinfo | None
    is_unicode: bool
    columns: int | None = TERMINAL_WIDTH  # None: nothing is cut

    def width(self, usual: int, natural: int, share: float) -> int:
        """Return the width of a column: `usual` on a terminal of `TERMINAL_WIDTH`, with a share of what a
        wider or narrower one differs, at most what its longest text takes (`natural`) beyond that.
        """
        if self.columns is None:
            return natural
        wanted = usual + int((self.columns - TERMINAL_WIDTH) * share)
        return min(wanted, max(usual, natural))

    @property
    def ellipsis(self) -> str:
        """The mark for text that was cut."""
        return "…" if self.is_unicode else "..."


def display_options(session: CommandSession) -> DisplayOptions:
    """Return how this command's output is shown: now, in the machine's time zone."""
    console = session.console
    return DisplayOptions(
        now=datetime.now(UTC), zone=None, is_unicode=console.is_unicode, columns=console.columns
    )


def status_as_lines(
    healths: Sequence[ProjectHealth], limits: Sequence[CredentialLimits], view: DisplayOptions
) -> Iterator[str]:
    """Yield the table, the limits, and what needs a person."""
    if not healths:
        yield "No project yet: connect a repository in BugSpark (a project's settings, GitHub integration)."
        return
    statuses = [(health, project_status(health, view.now, view.zone)) for health in healths]
    widths = _table_widths(healths, view)
    project, repository = map(pad_or_cut_to_width, ("PROJECT", "REPOSITORY"), widths)
    yield f"  {project} {repository} {'LINKS':>{LINKS_WIDTH}}  STATE"
    lines = {id(health): _project_line(health, status, view, widths) for health, status in statuses}
    yield from lines.values()
    yield from _coverage_lines(healths, view)
    yield from (_limit_line(limit, view) for limit in limits)
    for health, status in statuses:
        if status.command or not lines[id(health)].endswith(escape_unprintable(status.text)):
            yield ""
            yield from wrap_to_width(escape_unprintable(f"{health.name}: {status.text}"), view.columns)
        if status.command:
            yield f"  {status.command}"
    if len(healths) == 1:
        yield from _pending_line(healths[0], view)
        yield from _followers_line(healths[0])
        yield from _webhook_line(healths[0].webhook, view)
        yield from _attention_lines(healths[0], view)


def _pending_line(health: ProjectHealth, view: DisplayOptions) -> Iterator[str]:
    """Yield how many writes to GitHub are pending in a project, and the age of the oldest."""
    if health.oldest_intent is not None:
        count = format_count(health.pending + health.quarantined, "write")
        yield f"  Pending: {count}, the oldest {format_age(health.oldest_intent, view.now)}"


def _followers_line(health: ProjectHealth) -> Iterator[str]:
    """Yield how many reports follow others."""
    if health.followers:
        follow = "follows another one" if health.followers == 1 else "follow others"
        yield f"  Followers: {format_count(health.followers, 'report')} {follow}"


def _webhook_line(webhook: WebhookHealth, view: DisplayOptions) -> Iterator[str]:
    """Yield a webhook's last delivery, and how many changes were found without one."""
    if webhook.known_at is None:
        return
    last_delivery = (
        f"last delivery {format_age(webhook.last_at, view.now)}" if webhook.last_at else "no delivery yet"
    )
    missed = f"; {format_count(webhook.missed, 'change')} found without it" if webhook.missed else ""
    yield f"  Webhook: {last_delivery}{missed}"


def _attention_lines(health: ProjectHealth, view: DisplayOptions) -> Iterator[str]:
    """Yield each link or write of a project that needs attention, with the reason."""
    for item in health.attention:
        where = f" {item.issue}" if item.issue else ""
        about = f", {item.field}" if item.field else ""
        text = escape_unprintable(f"{item.report}{where}: {item.what}{about}: {item.reason}")
        yield ""
        yield from wrap_to_width(text, view.columns)
    if health.other_repository_links:
        yield ""
        count = format_count(health.other_repository_links, "link")
        text = f"{count}: the project is connected to another repository now; they rest until it is back."
        yield from wrap_to_width(text, view.columns)


def _table_widths(healths: Sequence[ProjectHealth], view: DisplayOptions) -> tuple[int, int]:
    """Return the widths of the columns with names and repositories."""
    names = max(len("PROJECT"), *(display_width(escape_unprintable(health.name)) for health in healths))
    repositories = max(len("REPOSITORY"), *(display_width(health.repository or "-") for health in healths))
    return view.width(NAME_WIDTH, names, 0.25), view.width(REPOSITORY_WIDTH, repositories, 0.25)


def _project_line(
    health: ProjectHealth, status: ProjectStatus, view: DisplayOptions, widths: tuple[int, int]
) -> str:
    sign = STATUS_SYMBOLS[status.state][not view.is_unicode]
    name = pad_or_cut_to_width(health.name, widths[0], more=view.ellipsis)
    repository = pad_or_cut_to_width(health.repository or "-", widths[1], more=view.ellipsis)
    links = f"{sum(health.links.get(state, 0) for state in LIVE_STATES):>{LINKS_WIDTH},}"
    return cut_to_width(
        f"{sign} {name} {repository} {links}  {status.text}", view.columns, more=view.ellipsis
    )


def _coverage_lines(healths: Sequence[ProjectHealth], view: DisplayOptions) -> Iterator[str]:
    """Yield how many links were compared in full within the time limit: in total, then for late projects."""
    covers = [health.coverage for health in healths if health.coverage.links]
    if not covers:
        return
    links, verified = (
        sum(coverage.links for coverage in covers),
        sum(coverage.verified for coverage in covers),
    )
    within = format_interval(covers[0].within)
    oldest = min((coverage.oldest for coverage in covers if coverage.oldest), default=None)
    since = f", oldest {format_age(oldest, view.now)}" if oldest else ""
    if len(covers) == 1 and covers[0].p95:
        since += f", p95 {format_age(covers[0].p95, view.now)}"
    unequal = sum(health.link_counts.unequal for health in healths)
    apart = f"{unequal:,} not equal" if unequal else "none not equal"
    text = f"  {verified:,} of {format_count(links, 'link')} checked within {within}, {apart}{since}"
    yield cut_to_width(text, view.columns, more=view.ellipsis)
    for health in healths if len(healths) > 1 else ():
        cover = health.coverage
        if cover.verified < cover.links:
            name = pad_or_cut_to_width(health.name, _table_widths(healths, view)[0], more=view.ellipsis)
            behind = f"    {name} {cover.verified:,} of {cover.links:,}"
            yield cut_to_width(behind, view.columns, more=view.ellipsis)


def _limit_line(limit: CredentialLimits, view: DisplayOptions) -> str:
    """Format a credential's remaining budget. The credential is named by its fingerprint."""
    known = limit.remaining is not None and limit.limit is not None
    left = f"{limit.remaining:,} of {limit.limit:,} left" if known else "not known yet"
    if limit.reset_at:
        left += f", new at {format_time(limit.reset_at, view.now, view.zone)}"
    if limit.blocked_until and limit.blocked_until > view.now:
        left += f", blocked until {format_time(limit.blocked_until, view.now, view.zone)}"
    return cut_to_width(f"  GitHub limit of {limit.credential[:8]}: {left}", view.columns, more=view.ellipsis)


def health_as_json(health: ProjectHealth, view: DisplayOptions) -> dict[str, Any]:
    """Return a project's health as JSON."""
    status = project_status(health, view.now, view.zone)
    return {
        "project": project_reference_as_json(health.project_id, health.name, health.repository),
        "state": status.state.value,
        "reason": status.reason,
        "command": status.command,
        "paused": health.paused,
        "links": dict(health.links),
        "conflicts": health.conflicts,
        "pending": health.pending,
        "followers": health.followers,
        "oldest_pending_at": format_iso(health.oldest_intent),
        "quarantined": health.quarantined,
        "withheld": {"hash": health.withheld, "count": health.withheld_count} if health.withheld else None,
        "last_pass": pass_as_json(health.last_pass) if health.last_pass else None,
        "last_pass_at": format_iso(health.last_pass_at),
        "last_success_at": format_iso(health.last_success_at),
        "next_at": format_iso(health.next_at),
        "failures": health.failures,
        "problem": health.problem,
        "verified": {
            "links": health.coverage.verified,
            "of": health.coverage.links,
            "unequal": health.link_counts.unequal,
            "within_seconds": int(health.coverage.within.total_seconds()),
            "oldest_at": format_iso(health.coverage.oldest),
            "p95_at": format_iso(health.coverage.p95),
        },
        "webhook": _webhook_as_json(health.webhook),
        "public": health.exposed,
        "elsewhere": health.other_repository_links,
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


def _webhook_as_json(webhook: WebhookHealth) -> dict[str, Any]:
    return {
        "last_at": format_iso(webhook.last_at),
        "last_event": webhook.last_event,
        "received": webhook.received,
        "missed": webhook.missed,
        "silent": webhook.silent,
        "silent_since": format_iso(webhook.silent_since),
    }


def limits_as_json(limits: CredentialLimits) -> dict[str, Any]:
    """Return a credential's limits as JSON; the first key distinguishes it from a project."""
    return {
        "credential": limits.credential,
        "remaining": limits.remaining,
        "limit": limits.limit,
        "reset_at": format_iso(limits.reset_at),
        "blocked_until": format_iso(limits.blocked_until),
        "points_last_minute": limits.points_last_minute,
    }
