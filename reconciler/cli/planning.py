"""`reconcile plan`: the same pass without the last step."""

from typing import Annotated

import typer

from reconciler.cli.doors import Backend
from reconciler.cli.options import JsonOption, ProjectsOption
from reconciler.cli.passes import choose_projects
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import CommandSession, session_of
from reconciler.cli.show_plan import plan_as_json, plan_as_lines
from reconciler.cli.words import with_project_name
from reconciler.errors import UsageError
from reconciler.model.shown import PlanView

EXIT_PLAN_NOT_EMPTY = 3


def plan(
    context: typer.Context,
    project: ProjectsOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every active project.")] = False,
    json: JsonOption = False,
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

    async def work(application: Backend, display: ProgressDisplay) -> list[PlanView]:
        projects = await choose_projects(application, names, every=every)
        plans = []
        for chosen in projects:
            plans.append(await application.plan(chosen, display.new_progress()))
            display.hide()
            print_plan(session, plans[-1], json=json)
        return plans

    plans = session.run_in_backend(work)
    if any(shown.error for shown in plans):
        raise typer.Exit(1)
    if exit_code and any(shown.actions for shown in plans):
        raise typer.Exit(EXIT_PLAN_NOT_EMPTY)


def print_plan(session: CommandSession, shown: PlanView, *, json: bool) -> None:
    """One project's plan on stdout, or on stderr why there is none."""
    console = session.console
    if json:
        console.print_json(plan_as_json(shown))
    elif not shown.error:
        for line in plan_as_lines(shown, unicode=console.is_unicode):
            console.print_line(line)
    if shown.error:
        console.print_error(with_project_name(shown.error.message, shown.project_name))
    console.flush()
