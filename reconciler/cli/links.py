"""Commands that make or end links.

`reconcile link` and `unlink` work on one report, `discover` finds issues that BugSpark's own button exported
without storing the link, `export` creates issues for reports.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console, cut_to_width, project_reference_as_json
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import CommandSession, JsonOption, ProjectOption, ReportArgument, current_session
from reconciler.model.formatting import format_count, shell_command
from reconciler.model.report import Project
from reconciler.model.views import DiscoveryResult, IssuePreview

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application


def link(
    context: typer.Context,
    report: ReportArgument,
    issue: Annotated[str, typer.Argument(metavar="OWNER/REPO#N", help="The issue.", show_default=False)],
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Send the report's older comments to GitHub too.")
    ] = False,
    instead: Annotated[
        bool,
        typer.Option("--instead", help="Move the link to a second issue that was exported for the report."),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Let the report follow the one that is linked to the issue.")
    ] = False,
) -> None:
    """Link a report to an existing issue.

    The next pass makes them equal; where they differ now is a conflict.
    """
    if follow and (backfill or instead):
        raise typer.BadParameter("--follow goes with neither --backfill nor --instead")
    session = current_session(context)
    if follow:
        session.console.print_line(
            session.run_in_backend(lambda application, _: application.follow(report, issue))
        )
        return
    session.console.print_line(
        session.run_in_backend(
            lambda application, _: application.link(report, issue, backfill=backfill, instead=instead)
        )
    )


def duplicate(
    context: typer.Context,
    report: ReportArgument,
    issue: Annotated[str, typer.Argument(metavar="OWNER/REPO#N", help="The issue.", show_default=False)],
) -> None:
    """Close a second issue of a report as a duplicate.

    Only for an issue that was exported for this report once more.
    """
    session = current_session(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.close_duplicate_issue(report, issue))
    )


WaitOption = Annotated[bool, typer.Option("--wait", help="Wait while the project is at work elsewhere.")]


def unlink(context: typer.Context, report: ReportArgument, wait: WaitOption = False) -> None:
    """Cut a report's link. Nothing is deleted or closed on either side."""
    session = current_session(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.unlink(report, wait=wait))
    )


def discover(
    context: typer.Context,
    project: ProjectOption,
    apply: Annotated[
        bool, typer.Option("--apply", help="Store the links; without it they are shown.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find issues that were exported without a link.

    Walks the whole repository; says first what that costs.
    """
    session = current_session(context)
    console = session.console

    async def work(application: "Application", display: ProgressDisplay) -> tuple[Project, DiscoveryResult]:
        chosen = await application.find_project(project)
        cost = await application.estimate_discovery_requests(chosen)
        console.print_note(f"This asks GitHub about {format_count(cost, 'request')}.")
        return chosen, await application.discover(chosen, apply=apply, progress=display.new_progress())

    chosen, result = session.run_in_backend(work)
    if json:
        console.print_json(_discovery_as_json(chosen, result))
    else:
        _print_discovery(console, chosen, result, apply=apply)


def _print_discovery(console: Console, project: Project, result: DiscoveryResult, *, apply: bool) -> None:
    for candidate in result.candidates:
        console.print_line(
            f"{candidate.report_tracking_id}  {candidate.issue}  {cut_to_width(candidate.title, 48)}"
        )
    for reason in result.skipped:
        console.print_note(f"passed over: {reason}")
    found_words = (
        f"{format_count(len(result.candidates), 'match')[:-1]}es"
        if len(result.candidates) != 1
        else "1 match"
    )
    done = f"{format_count(result.linked, 'link')} stored" if apply else "nothing stored"
    console.print_note(f"{found_words}, {done}, {format_count(result.requests, 'request')}.")
    if result.candidates and not apply:
        again = shell_command("reconcile", "discover", "--project", project.name, "--apply")
        console.print_note(f"To link them: {again}")


def _discovery_as_json(project: Project, result: DiscoveryResult) -> dict[str, object]:
    return {
        "project": project_reference_as_json(project.id, project.name, project.repository),
        "candidates": [
            {
                "report": candidate.report_id,
                "tracking_id": candidate.report_tracking_id,
                "issue": candidate.issue,
                "title": candidate.title,
            }
            for candidate in result.candidates
        ],
        "linked": result.linked,
        "requests": result.requests,
        "skipped": list(result.skipped),
    }


def export(
    context: typer.Context,
    reports: Annotated[
        list[str],
        typer.Argument(metavar="REPORT...", help="Report ids, or PROJECT:BUG-0001.", show_default=False),
    ],
    json: JsonOption = False,
    wait: WaitOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the issues that would be created; create none.")
    ] = False,
) -> None:
    """Make GitHub issues for reports, now.

    Prints the issues' addresses.
    """
    session = current_session(context)
    console = session.console
    if dry_run:
        _preview_exports(session, reports, json=json)
        return
    results = session.run_in_backend(
        lambda application, display: application.export(tuple(reports), display.new_progress(), wait=wait)
    )
    for result in results:
        if json:
            console.print_json({"report": result.report, "url": result.url, "error": result.error})
        elif result.url:
            console.print_line(result.url)
        for note in result.notes:
            console.print_note(f"{note} (report {result.report})")
        if result.error:
            console.print_error(f"{result.error} (report {result.report})")
    if any(result.error for result in results):
        raise typer.Exit(1)


def _preview_exports(session: CommandSession, reports: list[str], *, json: bool) -> None:
    """Print the issue that each report would become."""

    async def preview_all(application: "Application", _: ProgressDisplay) -> list[IssuePreview]:
        return [await application.preview_export(report) for report in reports]

    for preview in session.run_in_backend(preview_all):
        if json:
            session.console.print_json(_preview_as_json(preview))
            continue
        redacted = ", ".join(f"{count} × {kind}" for kind, count in preview.redacted)
        session.console.print_line(f"{preview.report} would become an issue in {preview.repository}")
        session.console.print_line(f"Title:    {preview.title}")
        session.console.print_line(f"Labels:   {', '.join(preview.labels)}")
        if preview.milestone is not None:
            session.console.print_line(f"Milestone: {preview.milestone}")
        if preview.priority is not None:
            session.console.print_line(f"Priority: {preview.priority}")
        if preview.type is not None:
            session.console.print_line(f"Type:     {preview.type}")
        if preview.assignees:
            session.console.print_line(f"Assigned: {', '.join(preview.assignees)}")
        session.console.print_line(f"Redacted: {redacted or 'nothing'}")
        session.console.print_line("")
        for line in preview.body.split("\n"):
            session.console.print_line(line)


def _preview_as_json(preview: IssuePreview) -> dict[str, object]:
    return {
        "report": preview.report,
        "repository": preview.repository,
        "title": preview.title,
        "body": preview.body,
        "labels": list(preview.labels),
        "assignees": list(preview.assignees),
        "milestone": preview.milestone,
        "type": preview.type,
        "redacted": [{"kind": kind, "count": count} for kind, count in preview.redacted],
    }
