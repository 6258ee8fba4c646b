"""The command line with all its commands. Building it imports nothing slow, so `reconcile --help` is fast."""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from reconciler import __version__
from reconciler.cli import (
    daemon,
    dashboard,
    demo,
    installation,
    interventions,
    links,
    passes,
    plan,
    settings,
    status,
    webhook,
    why,
)
from reconciler.cli.session import AllProjectsOption, JsonOption, ProjectsOption, current_session
from reconciler.errors import UsageError

COMMANDS_BY_GROUP: Mapping[str, tuple[Callable[..., None], ...]] = {
    "See": (status.status, why.why, plan.plan),
    "Link": (links.link, links.unlink, links.duplicate, links.discover, links.export),
    "Decide": (
        interventions.resolve,
        interventions.dismiss,
        interventions.retry,
        interventions.pause,
        interventions.resume,
        passes.verify,
    ),
    "Run": (daemon.daemon, demo.demo),
    "Install": (
        installation.migrate,
        installation.check,
        installation.config,
        settings.settings,
        installation.systemd,
        dashboard.token,
    ),
}
OTHER_COMMANDS = {"open": "Run", "webhook": "Install"}
"""Further commands that `build_cli` adds, and their groups."""


class GroupedCommands(TyperGroup):
    """The commands, listed by group in `--help`."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # typer's signature, whose types are private
        """Write one section for each group, in the order of `COMMANDS_BY_GROUP`."""
        groups = {command.__name__: group for group, all_ in COMMANDS_BY_GROUP.items() for command in all_}
        groups |= OTHER_COMMANDS
        limit = formatter.width - 6 - max(map(len, groups))
        for group in COMMANDS_BY_GROUP:
            rows = [
                (name, command.get_short_help_str(limit))
                for name, command in self.commands.items()
                if groups.get(name) == group
            ]
            with formatter.section(f"{group} commands"):
                formatter.write_dl(rows)


def build_cli() -> typer.Typer:
    """Build the command line. Help is plain text: importing rich would take longer than everything else."""
    app = typer.Typer(
        name="reconcile",
        cls=GroupedCommands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(run_root_command)
    for command in chain.from_iterable(COMMANDS_BY_GROUP.values()):
        app.command()(command)
    app.command("open")(dashboard.open_dashboard)  # a function called open would hide the builtin one
    app.add_typer(_build_webhook_cli(), name="webhook")
    return app


def _build_webhook_cli() -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None, help="Set up GitHub's webhook of a project.")
    for command in (webhook.show, webhook.rotate, webhook.create):
        app.command()(command)
    return app


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"reconcile {__version__}")
        raise typer.Exit


def run_root_command(
    context: typer.Context,
    project: ProjectsOption = None,
    every: AllProjectsOption = False,
    json: JsonOption = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a project that is at work elsewhere.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="The withheld deletions with this hash; public: text may go to a repository that became so; "
            "moved, copy: what this database is; an instance: that database is no more.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="The configuration file; may follow any command.", show_default=False
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Keep BugSpark reports and GitHub issues equal where they are linked.

    Without a command: one pass now over the named projects.
    """
    session = current_session(context)
    session.config = config
    options = passes.PassOptions(
        projects=tuple(project or ()), all_projects=every, json=json, wait=wait, accept=accept
    )
    if context.invoked_subcommand is None:
        passes.run_passes(session, options)
        return
    session.command = f"reconcile {context.invoked_subcommand}"
    if options.has_any:
        raise UsageError(
            f"options stand before the command, on the command line; put them after {session.command}"
        )
