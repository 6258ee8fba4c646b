"""`reconcile demo`: a small world, a story in it, and a verdict."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from reconciler import logs
from reconciler.bootstrap import migrate_schema
from reconciler.bootstrap.daemon import DaemonStart, run_daemon
from reconciler.config.environment import may_use_colour, read_environment
from reconciler.config.settings import Settings
from reconciler.demo.account import Account
from reconciler.demo.cast import COMPANIES, MONA, SHOP
from reconciler.demo.opening import Strange, backlog, strangers
from reconciler.demo.paper import Paper, counted
from reconciler.demo.stage import Stage, built, populate, program, ref, watched, write_configuration
from reconciler.demo.story import Story
from reconciler.demo.telling import Telling

WIDTHS = (10, 7, 12)


def run(*, keep: bool) -> int:
    """Tell the story on stdout; 0 when everything went as told, else 1.

    `keep`: leave dashboard and simulator running until Ctrl-C, and the files for good; print where they are.
    """
    paper = Paper(out=sys.stdout, colour=may_use_colour(read_environment(), terminal=sys.stdout.isatty()))
    logs.configure(level="warning", style="console", redaction=logs.Redaction())
    folder = Path(tempfile.mkdtemp(prefix="reconcile-demo-"))
    try:
        with built(folder) as stage:
            status = perform(stage, paper)
            if keep:
                stay(stage, paper)
        return status
    finally:
        if not keep:
            shutil.rmtree(folder)


def perform(stage: Stage, paper: Paper) -> int:
    """The whole story on a stage that was just built; the exit status."""
    telling = Telling(paper=paper)
    paper.line("reconcile demo: BugSpark reports and GitHub issues become equal", "strong")
    telling.begin(
        "Two sides",
        "A BugSpark with three projects in an SQLite file, and a simulated GitHub on loopback that answers"
        " as the real one does. The program is the one you installed; only GitHub's address is another.",
        "Below, `saw` is what GitHub's two lists answered, `did` is what was written and where, `cost` what"
        " it took: 304 means unchanged, and is free.",
    )
    strange = _furnish(stage)
    paper.table([("PROJECT", "REPORTS", "REPOSITORY", "WRITES AS")], WIDTHS)
    paper.table([(c.name, f"{len(c.parts):>7}", c.repository, c.bot) for c in COMPANIES], WIDTHS)
    asyncio.run(_tell(stage, telling, strange))
    paper.line()
    return _verdict(telling)


def _furnish(stage: Stage) -> tuple[Strange, ...]:
    migrate_schema(stage.settings)
    populate(stage)
    backlog(stage)
    return strangers(stage)


async def _tell(stage: Stage, telling: Telling, strange: tuple[Strange, ...]) -> None:
    async with program(stage) as (application, projects):
        account = Account(stage, telling.paper, application, projects)
        await Story(stage=stage, telling=telling, account=account, strange=strange).tell()


def _verdict(telling: Telling) -> int:
    total = telling.kept + len(telling.broken)
    if telling.broken:
        telling.paper.line(
            f"Not as told: {len(telling.broken)} of {counted(total, 'promise')} broken.", "bad"
        )
        for text in telling.broken:
            telling.paper.verdict(text, good=False)
        return 1
    telling.paper.line(f"Both sides say the same, and all {total} promises were kept.", "good")
    return 0


def stay(stage: Stage, paper: Paper) -> None:
    """Print the addresses, and serve until Ctrl-C."""
    stage.clock.set_free()
    stage.settings = watched(stage.settings)
    write_configuration(stage)
    files, settings = stage.files, stage.settings
    api, dashboard = settings.github.api_url, f"http://{settings.web.host}:{settings.web.port}/"
    paper.line()
    paper.line("The dashboard and the simulator keep running until Ctrl-C.", "strong")
    places = (
        ("dashboard", dashboard),
        ("GitHub", api),
        ("database", str(files.database)),
        ("configuration", str(files.configuration)),
    )
    paper.table(places, (13,))
    paper.line()
    paper.say(
        "Look around, close an issue as mona does, and see its report follow: the daemon looks at GitHub"
        f" every {settings.poll.interval_seconds:g} seconds, or let a pass look at once:"
    )
    paper.line()
    command = f"    $ reconcile --config {files.configuration}"
    paper.line(f"{command} status", "strong")
    paper.line(f"    $ curl -so /dev/null {api}/_sim/act -d '", "strong")
    for line in _closing(stage):
        paper.line(f"      {line}", "strong")
    paper.line(f"{command} --all --wait", "strong")
    paper.line()
    paper.say("The folder stays: delete it at will.")
    asyncio.run(run_daemon(_starting(settings)))
    paper.line()


def _starting(settings: Settings) -> DaemonStart:
    """As it is, for good: nothing is read again, no systemd listens, the tokens are props."""
    return DaemonStart(
        settings=settings,
        read_configuration=lambda: (settings, lambda: None),
        register_secret=lambda _: None,
        environ={},
    )


def _closing(stage: Stage) -> tuple[str, str]:
    """What the simulator is to be told so that somebody closes an issue that is still open."""
    number = stage.number(ref(SHOP, 10))
    return (
        f'{{"repository": "{SHOP.repository}", "act": "close",',
        f'"args": [{number}], "kwargs": {{"by": "{MONA}"}}}}\'',
    )
