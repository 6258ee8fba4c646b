"""One pass now over the named projects (`reconcile --project`, `--all`); `reconcile verify`: all links.

First the commands, then their output: a pass as one line, as one JSON object, and as the sentence about a
failure, which says what to do (docs/reference/looks.md). That half is pure.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.console import project_reference_as_json
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import CommandSession, JsonOption, ProjectOption, current_session
from reconciler.errors import UsageError
from reconciler.model.formatting import format_count, shell_command
from reconciler.model.passes import AppliedCounts, Outcome, PassResult
from reconciler.model.project_status import github_limit_text
from reconciler.model.report import Project

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOptions:
    """The options of the root command that concern a pass."""

    projects: tuple[str, ...]
    all_projects: bool
    json: bool
    wait: bool
    accept: str | None

    @property
    def has_any(self) -> bool:
        """Whether any option of a pass was given."""
        return bool(self.projects or self.all_projects or self.json or self.wait or self.accept)


def run_passes(session: CommandSession, options: PassOptions) -> None:
    """Run one pass per project and print the results. Exits 1 unless every outcome is ok."""
    _validate_options(options)

    async def work(application: "Application", display: ProgressDisplay) -> bool:
        projects = await choose_projects(application, options.projects, every=options.all_projects)
        if not projects:
            session.console.print_note("No active project has a GitHub integration: nothing to do.")
        concurrency = session.load_configuration().settings.poll.concurrency
        done, changed = True, False
        async for result in _run_concurrently(application, projects, options, display, concurrency):
            display.hide()
            done &= print_result(session, result, pass_as_line(result), json=options.json)
            changed |= result.applied != AppliedCounts()
        if changed:  # idle passes add no records, so there is nothing to delete
            await application.delete_old_records()
        return done

    if not session.run_in_backend(work):
        raise typer.Exit(1)


def _validate_options(options: PassOptions) -> None:
    if options.all_projects and options.projects:
        raise UsageError("--all and --project don't go together, on the command line; give one of them")
    if not options.all_projects and not options.projects:
        raise UsageError(
            "no project was named, on the command line; add --project NAME or --all, or see reconcile --help"
        )
    if options.accept and len(options.projects) != 1:
        raise UsageError(
            "--accept is about one project's deletions, on the command line; name it with --project"
        )


async def choose_projects(
    application: "Application", names: Sequence[str], *, every: bool
) -> tuple[Project, ...]:
    """Return the named projects, each once, or all. Raises UsageError for an unknown name."""
    if every:
        return await application.list_projects()
    projects = [await application.find_project(name) for name in names]
    return tuple({project.id: project for project in projects}.values())


async def _run_concurrently(
    application: "Application",
    projects: Sequence[Project],
    options: PassOptions,
    display: ProgressDisplay,
    concurrency: int,
) -> AsyncIterator[PassResult]:
    """Run the passes, at most `concurrency` at once, and yield the results in the order of `projects`."""
    import asyncio

    slots = asyncio.Semaphore(concurrency)

    async def run_one(project: Project) -> PassResult:
        async with slots:
            return await application.run_pass(
                project, wait=options.wait, accept=options.accept, progress=display.new_progress()
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
    """Compare every link of a project in full, now.

    If a limit ends it, the next run continues from there.
    """
    session = current_session(context)

    async def work(application: "Application", display: ProgressDisplay) -> PassResult:
        chosen = await application.find_project(project)
        return await application.verify(chosen, wait=wait, progress=display.new_progress())

    result = session.run_in_backend(work)
    if not print_result(session, result, verification_as_line(result), json=json):
        raise typer.Exit(1)


def print_result(session: CommandSession, result: PassResult, line: str | None, *, json: bool) -> bool:
    """Print a result and what is missing; return whether the pass was complete."""
    console = session.console
    if json:
        console.print_json(pass_as_json(result))
    elif line:
        console.print_line(line)
    if sentence := failure_message(result, datetime.now(UTC), None):
        console.print_error(sentence)
    console.flush()
    return result.outcome is Outcome.OK


def pass_as_json(result: PassResult) -> dict[str, Any]:
    """Return a pass's result as JSON; keys and order: docs/reference/contract.md, JSON of a pass."""
    return {
        "project": project_reference_as_json(result.project_id, result.project_name, result.repository),
        "outcome": result.outcome.value,
        "error": asdict(result.error) if result.error else None,
        "duration_ms": result.duration_ms,
        "github": asdict(result.github),
        "applied": asdict(result.applied),
        "conflicts": result.conflicts,
        "quarantined": result.quarantined,
        "pending": result.pending,
    }


def pass_as_line(result: PassResult) -> str | None:
    """`Acme: 3 reports updated; 1 conflict; 12 requests, 1.2 s`, or None when nothing happened."""
    changes = _applied_changes_text(result.applied)
    links = _link_counts_text(result)
    if not (changes or links or result.conflicts):
        return None
    parts = [", ".join(part for part in (links, changes) if part) or "nothing written"]
    if result.conflicts:
        parts.append(format_count(result.conflicts, "conflict"))
    parts.append(f"{format_count(result.github.requests, 'request')}, {result.duration_ms / 1000:.1f} s")
    return f"{result.project_name}: {'; '.join(parts)}"


def _link_counts_text(result: PassResult) -> str:
    return _join_counts(((result.linked, "link taken up"), (result.ended, "link set aside")))


def verification_as_line(result: PassResult) -> str | None:
    """Return `Acme: 482 of 485 links compared, 3 differed; …` as one line; None when nothing happened."""
    done = result.verified
    if done is None:
        return None
    parts = [f"{done.compared:,} of {format_count(done.links, 'link')} compared, {done.differed:,} differed"]
    parts += [changes] if (changes := _applied_changes_text(result.applied)) else []
    if result.conflicts:
        parts.append(format_count(result.conflicts, "conflict"))
    parts.append(f"{format_count(result.github.requests, 'request')}, {result.duration_ms / 1000:.1f} s")
    return f"{result.project_name}: {'; '.join(parts)}"


def _join_counts(counts: Iterable[tuple[int, str]]) -> str:
    """Join the counts that are not zero: `3 reports updated, 1 comment imported`.

    `parts`: (count, text), each text beginning with its noun.
    """
    shown = []
    for number, words in counts:
        noun, _, rest = words.partition(" ")
        if number:
            shown.append(f"{format_count(number, noun)} {rest}".rstrip())
    return ", ".join(shown)


def _applied_changes_text(applied: AppliedCounts) -> str:
    return _join_counts(
        (
            (applied.reports_updated, "report updated"),
            (applied.comments_imported, "comment imported"),
            (applied.comments_edited, "comment edited"),
            (applied.comments_removed, "comment removed"),
            (applied.issues_created, "issue created"),
            (applied.issues_updated, "issue updated"),
            (applied.comments_posted, "comment posted"),
            (applied.remote_comments_removed, "comment removed on GitHub"),
        )
    )


def failure_message(result: PassResult, now: datetime, zone: tzinfo | None) -> str | None:
    """Return why a pass is incomplete and what to do; None for a complete pass."""
    name = result.project_name
    one_pass = ("reconcile", "--project", name)
    if result.withheld:
        accept = shell_command(*one_pass, "--accept", result.withheld)
        return f"deletions are withheld, in {name}; look at them with reconcile plan, then {accept}"
    match result.outcome:
        case Outcome.OK:
            return None
        case Outcome.LIMITED:
            reason = github_limit_text(result.next_at, now, zone)
            return f"Waiting ({reason}), in {name}; run it again then, what was done is kept"
        case Outcome.REFUSED | Outcome.FAILED:
            reason = result.error.message if result.error else f"the pass was {result.outcome}"
            return with_project_name(reason, name)
        case Outcome.PARTIAL:
            reason = result.error.message if result.error else _unfinished_counts_text(result)
            return f"{with_project_name(reason, name)}; the rest was done, see reconcile status"


def with_project_name(reason: str, name: str) -> str:
    """Return the reason, with the project's name added if it is not in it."""
    reason = reason.rstrip(".")
    named = reason.startswith(f"{name}: ") or f"project {name}" in reason.replace("Project", "project")
    return reason if named else f"{reason} (project {name})"


def _unfinished_counts_text(result: PassResult) -> str:
    parts = [
        f"{format_count(number, 'change')} {what}"
        for number, what in ((result.quarantined, "quarantined"), (result.pending, "not confirmed yet"))
        if number
    ]
    return " and ".join(parts) or "something is left to do"
