"""`reconcile demo`: both sides simulated, a walkthrough, and a verdict."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from reconciler import logs
from reconciler.bootstrap import migrate_schema, open_application
from reconciler.bootstrap.daemon import DaemonArguments, run_daemon
from reconciler.config.environment import may_use_colour, read_environment
from reconciler.config.settings import Settings
from reconciler.demo.environment import (
    DemoEnvironment,
    open_environment,
    open_program,
    populate,
    ref,
    with_dashboard,
    write_configuration,
)
from reconciler.demo.output import Checklist, Output, counted
from reconciler.demo.pass_report import PassReporter
from reconciler.demo.preparation import UnlinkedIssue, open_unlinked_issues, write_backlog
from reconciler.demo.sample_data import COMPANIES, MONA, SHOP
from reconciler.demo.walkthrough import Walkthrough
from reconciler.model.secret import NoLearntSecrets

WIDTHS = (10, 7, 12)


def run(*, keep: bool) -> int:
    """Print the walkthrough on stdout; return 0 if every check passed, else 1.

    `keep`: leave dashboard and simulator running until Ctrl-C, and the files for good; print where they are.
    """
    output = Output(out=sys.stdout, colour=may_use_colour(read_environment(), terminal=sys.stdout.isatty()))
    logs.configure_logging(level="warning", style="console", redaction=logs.Redaction())
    folder = Path(tempfile.mkdtemp(prefix="reconcile-demo-"))
    try:
        with open_environment(folder) as environment:
            status = run_walkthrough(environment, output)
            if keep:
                keep_running(environment, output)
        return status
    finally:
        if not keep:
            shutil.rmtree(folder)


def run_walkthrough(environment: DemoEnvironment, output: Output) -> int:
    """Run all steps in a new environment and return the exit status."""
    checklist = Checklist(output=output)
    output.line("reconcile demo: BugSpark reports and GitHub issues become equal", "strong")
    checklist.begin(
        "Two sides",
        "A BugSpark with three projects in an SQLite file, and a simulated GitHub on loopback that answers"
        " as the real one does. The program is the one you installed; only GitHub's address is another.",
        "Below, `saw` is what GitHub's two lists answered, `did` is what was written and where, `cost` what"
        " it took: 304 means unchanged, and is free.",
    )
    unlinked = _prepare(environment)
    output.table([("PROJECT", "REPORTS", "REPOSITORY", "WRITES AS")], WIDTHS)
    output.table([(c.name, f"{len(c.parts):>7}", c.repository, c.bot) for c in COMPANIES], WIDTHS)
    asyncio.run(_run(environment, checklist, unlinked))
    output.line()
    return _verdict(checklist)


def _prepare(environment: DemoEnvironment) -> tuple[UnlinkedIssue, ...]:
    migrate_schema(environment.settings)
    populate(environment)
    write_backlog(environment)
    return open_unlinked_issues(environment)


async def _run(
    environment: DemoEnvironment, checklist: Checklist, unlinked: tuple[UnlinkedIssue, ...]
) -> None:
    async with open_program(environment) as (application, projects):
        reporter = PassReporter(environment, checklist.output, application, projects)
        await Walkthrough(
            environment=environment, checklist=checklist, reporter=reporter, unlinked=unlinked
        ).tell()


def _verdict(checklist: Checklist) -> int:
    total = checklist.passed + len(checklist.failed)
    if checklist.failed:
        checklist.output.line(f"{len(checklist.failed)} of {counted(total, 'check')} failed.", "bad")
        for text in checklist.failed:
            checklist.output.verdict(text, good=False)
        return 1
    checklist.output.line(f"Both sides are equal, and all {total} checks passed.", "good")
    return 0


def keep_running(environment: DemoEnvironment, output: Output) -> None:
    """Print the addresses, and serve until Ctrl-C."""
    environment.clock.follow_machine()
    environment.settings = with_dashboard(environment.settings)
    write_configuration(environment)
    files, settings = environment.files, environment.settings
    api, dashboard = settings.github.api_url, asyncio.run(_sign_in_address(settings))
    output.line()
    output.line("The dashboard and the simulator keep running until Ctrl-C.", "strong")
    places = (
        ("dashboard", dashboard),
        ("GitHub", api),
        ("database", str(files.database)),
        ("configuration", str(files.configuration)),
    )
    output.table(places, (13,))
    output.line()
    output.say("The dashboard's address signs in once, within five minutes. For another one, on a terminal:")
    output.line(f"    $ reconcile --config {files.configuration} open", "strong")
    output.line()
    output.say(
        "Look around, close an issue as mona does, and see its report follow: the daemon looks at GitHub"
        f" every {settings.poll.interval_seconds:g} seconds, or let a pass look at once:"
    )
    output.line()
    command = f"    $ reconcile --config {files.configuration}"
    output.line(f"{command} status", "strong")
    output.line(f"    $ curl -so /dev/null {api}/_sim/act -d '", "strong")
    for line in _closing(environment):
        output.line(f"      {line}", "strong")
    output.line(f"{command} --all --wait", "strong")
    output.line()
    output.say("The folder stays: delete it at will.")
    asyncio.run(run_daemon(_starting(settings)))
    output.line()


async def _sign_in_address(settings: Settings) -> str:
    """Return what `reconcile open` prints. Nothing in the demo is secret, so it is printed anywhere."""
    async with open_application(settings) as application:
        return (await application.offer_sign_in()).address.reveal()


def _starting(settings: Settings) -> DaemonArguments:
    """Return fixed settings for the daemon: no reload, no systemd, no real secrets."""
    return DaemonArguments(
        settings=settings,
        read_configuration=lambda: (settings, lambda: None),
        learnt=NoLearntSecrets(),
        environ={},
    )


def _closing(environment: DemoEnvironment) -> tuple[str, str]:
    """Return the control request by which a user closes an open issue."""
    number = environment.number(ref(SHOP, 10))
    return (
        f'{{"repository": "{SHOP.repository}", "act": "close",',
        f'"args": [{number}], "kwargs": {{"by": "{MONA}"}}}}\'',
    )
