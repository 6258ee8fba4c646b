"""`reconcile plan`: the same pass without the last step."""

from typing import Annotated

import typer

from reconciler.cli.doors import Application
from reconciler.cli.options import Json, Projects
from reconciler.cli.passes import choose
from reconciler.cli.progress import Display
from reconciler.cli.session import Session, session_of
from reconciler.cli.show_plan import as_json, as_lines
from reconciler.cli.words import of_project
from reconciler.errors import UsageError
from reconciler.model.shown import PlanShown

NOT_EMPTY = 3


def plan(
    context: typer.Context,
    project: Projects = None,
    every: Annotated[bool, typer.Option("--all", help="Every active project.")] = False,
    json: Json = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 3 when the plan is not empty.")
    ] = False,
) -> None:
    """Show what a pass would do.

    Nothing is written anywhere.
    """
    session = session_of(context)
    names = tuple(project or ())
    if every is bool(names):
        raise UsageError("name a project or take all, in reconcile plan; add --project NAME or --all")

    async def work(application: Application, display: Display) -> list[PlanShown]:
        projects = await choose(application, names, every=every)
        plans = []
        for chosen in projects:
            plans.append(await application.plan(chosen, display.progress()))
            display.clear()
            tell(session, plans[-1], json=json)
        return plans

    plans = session.run(work)
    if any(shown.error for shown in plans):
        raise typer.Exit(1)
    if exit_code and any(shown.actions for shown in plans):
        raise typer.Exit(NOT_EMPTY)


def tell(session: Session, shown: PlanShown, *, json: bool) -> None:
    """One project's plan on stdout, or on stderr why there is none."""
    console = session.console
    if json:
        console.json(as_json(shown))
    elif not shown.error:
        for line in as_lines(shown, unicode=console.unicode):
            console.say(line)
    if shown.error:
        console.complain(of_project(shown.error.message, shown.project_name))
    console.flush()
