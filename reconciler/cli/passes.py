"""`reconcile --project P`: one pass now."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import typer

from reconciler.cli.doors import Application
from reconciler.cli.progress import Display
from reconciler.cli.session import Session
from reconciler.cli.show_pass import as_json, as_line
from reconciler.cli.words import complaint
from reconciler.errors import UsageError
from reconciler.model.passes import Applied, Outcome, PassResult
from reconciler.model.report import Project
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the root command was asked for."""

    projects: tuple[str, ...]
    every: bool
    json: bool
    wait: bool
    accept: str | None

    @property
    def anything(self) -> bool:
        """Whether any option of a pass was given."""
        return bool(self.projects or self.every or self.json or self.wait or self.accept)


def run(session: Session, wanted: Wanted) -> None:
    """Pass over the projects and say what happened. Exits 1 when one of them was not simply done."""
    _validate(wanted)

    async def work(application: Application, display: Display) -> bool:
        projects = await choose(application, wanted.projects, every=wanted.every)
        if not projects:
            session.console.note("No active project has a GitHub integration: nothing to do.")
        concurrency = session.load().settings.poll.concurrency
        done, changed = True, False
        async for result in _results(application, projects, wanted, display, concurrency):
            display.clear()
            done &= _tell(session, result, json=wanted.json)
            changed |= result.applied != Applied()
        if changed:  # where nothing is added, nothing need be removed
            await application.keep()
        return done

    if not session.run(work):
        raise typer.Exit(1)


def _validate(wanted: Wanted) -> None:
    if wanted.every and wanted.projects:
        raise UsageError("--all and --project don't go together, on the command line; give one of them")
    if not wanted.every and not wanted.projects:
        raise UsageError(
            "no project was named, on the command line; add --project NAME or --all, or see reconcile --help"
        )
    if wanted.accept and len(wanted.projects) != 1:
        raise UsageError(
            "--accept is about one project's deletions, on the command line; name it with --project"
        )


async def choose(application: Application, names: Sequence[str], *, every: bool) -> tuple[Project, ...]:
    """The named projects, each once, or all. Raises UsageError before anything is done."""
    if every:
        return await application.projects()
    found = [await application.find(name) for name in names]
    return tuple({project.id: project for project in found}.values())


async def _results(
    application: Application, projects: Sequence[Project], wanted: Wanted, display: Display, concurrency: int
) -> AsyncIterator[PassResult]:
    """Side by side, told in the order they were named."""
    import asyncio

    places = asyncio.Semaphore(concurrency)

    async def one(project: Project) -> PassResult:
        async with places:
            return await application.run(
                project, wait=wanted.wait, accept=wanted.accept, progress=display.progress()
            )

    tasks = [asyncio.ensure_future(one(project)) for project in projects]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(session: Session, result: PassResult, *, json: bool) -> bool:
    console = session.console
    if json:
        console.json(as_json(result))
    elif line := as_line(result):
        console.say(line)
    if sentence := complaint(result, datetime.now(UTC), None):
        console.complain(sentence)
    console.flush()
    return result.outcome is Outcome.OK
