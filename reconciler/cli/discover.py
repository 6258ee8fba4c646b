"""`reconcile discover`: find issues that BugSpark's own button exported without storing the link."""

from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.doors import Application
from reconciler.cli.options import Json, OneProject
from reconciler.cli.progress import Display
from reconciler.cli.session import session_of
from reconciler.cli.show_pass import project as project_as_json
from reconciler.cli.text import cut
from reconciler.model.report import Project
from reconciler.model.shown import DiscoveryResult
from reconciler.model.wording import counted, words_of_shell


def discover(
    context: typer.Context,
    project: OneProject,
    apply: Annotated[
        bool, typer.Option("--apply", help="Store the links; without it they are shown.")
    ] = False,
    json: Json = False,
) -> None:
    """Find issues that were exported without a link.

    Walks the whole repository; says first what that costs.
    """
    session = session_of(context)
    console = session.console

    async def work(application: Application, display: Display) -> tuple[Project, DiscoveryResult]:
        chosen = await application.find(project)
        cost = await application.discovery_cost(chosen)
        console.note(f"This asks GitHub about {counted(cost, 'request')}.")
        return chosen, await application.discover(chosen, apply=apply, progress=display.progress())

    chosen, result = session.run(work)
    if json:
        console.json(_as_json(chosen, result))
    else:
        _tell(console, chosen, result, apply=apply)


def _tell(console: Console, project: Project, result: DiscoveryResult, *, apply: bool) -> None:
    for found in result.candidates:
        console.say(f"{found.report_tracking_id}  {found.issue}  {cut(found.title, 48)}")
    for reason in result.skipped:
        console.note(f"passed over: {reason}")
    found_words = (
        f"{counted(len(result.candidates), 'match')[:-1]}es" if len(result.candidates) != 1 else "1 match"
    )
    done = f"{counted(result.linked, 'link')} stored" if apply else "nothing stored"
    console.note(f"{found_words}, {done}, {counted(result.requests, 'request')}.")
    if result.candidates and not apply:
        again = words_of_shell("reconcile", "discover", "--project", project.name, "--apply")
        console.note(f"To link them: {again}")


def _as_json(project: Project, result: DiscoveryResult) -> dict[str, object]:
    return {
        "project": project_as_json(project.id, project.name, project.repository),
        "candidates": [
            {
                "report": found.report_id,
                "tracking_id": found.report_tracking_id,
                "issue": found.issue,
                "title": found.title,
            }
            for found in result.candidates
        ],
        "linked": result.linked,
        "requests": result.requests,
        "skipped": list(result.skipped),
    }
