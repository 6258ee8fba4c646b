"""One pass now over the named projects (`reconcile --project`, `--all`); `reconcile verify`: all links."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.pass_output import failure_message, pass_as_json, pass_as_line, verification_as_line
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import CommandSession, JsonOption, ProjectOption, session_of
from reconciler.errors import UsageError
from reconciler.model.passes import AppliedCounts, Outcome, PassResult
from reconciler.model.report import Project

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOptions:
    """The options of the root command."""

    projects: tuple[str, ...]
    all_projects: bool
    json: bool
    wait: bool
    accept: str | None

    @property
    def has_any(self) -> bool:
        """Whether any option of a pass was given."""
        return bool(self.projects or self.all_projects or self.json or self.wait or self.accept)


def run_passes(session: CommandSession, wanted: PassOptions) -> None:
    """Run one pass per project and print the results. Exits 1 unless every outcome is ok."""
    _validate_options(wanted)

    async def work(application: "Application", display: ProgressDisplay) -> bool:
        projects = await choose_projects(application, wanted.projects, every=wanted.all_projects)
        if not projects:
            session.console.print_note("No active project has a GitHub integration: nothing to do.")
        concurrency = session.load_configuration().settings.poll.concurrency
        done, changed = True, False
        async for result in _run_concurrently(application, projects, wanted, display, concurrency):
            display.hide()
            done &= _print_result(session, result, pass_as_line(result), json=wanted.json)
            changed |= result.applied != AppliedCounts()
        if changed:  # idle passes add no records
            await application.delete_old_records()
        return done

    if not session.run_in_backend(work):
        raise typer.Exit(1)


def _validate_options(wanted: PassOptions) -> None:
    if wanted.all_projects and wanted.projects:
        raise UsageError("--all and --project don't go together, on the command line; give one of them")
    if not wanted.all_projects and not wanted.projects:
        raise UsageError(
            "no project was named, on the command line; add --project NAME or --all, or see reconcile --help"
        )
    if wanted.accept and len(wanted.projects) != 1:
        raise UsageError(
            "--accept is about one project's deletions, on the command line; name it with --project"
        )


async def choose_projects(
    application: "Application", names: Sequence[str], *, every: bool
) -> tuple[Project, ...]:
    """The named projects, each once, or all. Raises UsageError before anything is done."""
    if every:
        return await application.list_projects()
    found = [await application.find_project(name) for name in names]
    return tuple({project.id: project for project in found}.values())


async def _run_concurrently(
    application: "Application",
    projects: Sequence[Project],
    wanted: PassOptions,
    display: ProgressDisplay,
    concurrency: int,
) -> AsyncIterator[PassResult]:
    """Run the passes concurrently and yield the results in the order of `projects`."""
    import asyncio

    slots = asyncio.Semaphore(concurrency)

    async def run_one(project: Project) -> PassResult:
        async with slots:
            return await application.run_pass(
                project, wait=wanted.wait, accept=wanted.accept, progress=display.new_progress()
            )

    tasks = [asyncio.ensure_future(run_one(project)) for project in projects]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def verify(
    context: typer.Context,
    project: ProjectOption,
    json: JsonOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while the project is at work elsewhere.")
    ] = False,
) -> None:
    """Compare every link of a project whole, now.

    A round that a limit ends goes on where it stopped when it is run again.
    """
    session = session_of(context)

    async def work(application: "Application", display: ProgressDisplay) -> PassResult:
        chosen = await application.find_project(project)
        return await application.verify(chosen, wait=wait, progress=display.new_progress())

    result = session.run_in_backend(work)
    if not _print_result(session, result, verification_as_line(result), json=json):
        raise typer.Exit(1)


def _print_result(session: CommandSession, result: PassResult, line: str | None, *, json: bool) -> bool:
    """Print a result and what was not done; return whether it was done in full."""
    console = session.console
    if json:
        console.print_json(pass_as_json(result))
    elif line:
        console.print_line(line)
    if sentence := failure_message(result, datetime.now(UTC), None):
        console.print_error(sentence)
    console.flush()
    return result.outcome is Outcome.OK
