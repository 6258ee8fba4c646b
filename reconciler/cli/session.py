"""One run of the command: its configuration, read at the first use, and the application.

First the entry points into the other packages, imported at the first call; at the end the options that
several commands share.
"""

from __future__ import annotations  # the model is not imported for annotations alone

import importlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

import typer

from reconciler.cli.completion import complete_project
from reconciler.cli.console import Console
from reconciler.cli.progress import ProgressDisplay

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.config.load import LoadedConfiguration
    from reconciler.config.settings import Settings
    from reconciler.logs import Redaction
    from reconciler.model.secret import LearntSecrets

T = TypeVar("T")

ReloadSettings = Callable[[], tuple["Settings", Callable[[], None]]]
"""Reads the configuration again. Returns the settings and a function that applies them to the log."""


def _open_backend(settings: Settings, learnt: LearntSecrets) -> AbstractAsyncContextManager[Application]:
    from reconciler.bootstrap import open_application

    return open_application(settings, learnt=learnt)


def _migrate(settings: Settings) -> str:
    from reconciler.bootstrap import migrate_schema

    return migrate_schema(settings)


def _settings_schema() -> Mapping[str, Any]:
    from reconciler.bootstrap import build_settings_schema

    return build_settings_schema()


def _create_indexes(settings: Settings) -> str:
    from reconciler.bootstrap import create_scan_indexes

    return create_scan_indexes(settings)


def _run_daemon(
    settings: Settings, again: ReloadSettings, learnt: LearntSecrets, environ: Mapping[str, str]
) -> None:
    import asyncio

    from reconciler.bootstrap.daemon import DaemonArguments, run_daemon

    asyncio.run(
        run_daemon(
            DaemonArguments(settings=settings, read_configuration=again, learnt=learnt, environ=environ)
        )
    )


def _run_demo(keep: bool) -> int:
    return cast("int", importlib.import_module("reconciler.demo.main").run(keep=keep))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoints:
    """The functions that commands call in other packages; tests replace them."""

    open_backend: Callable[[Settings, LearntSecrets], AbstractAsyncContextManager[Application]] = (
        _open_backend
    )
    migrate: Callable[[Settings], str] = _migrate
    create_indexes: Callable[[Settings], str] = _create_indexes
    settings_schema: Callable[[], Mapping[str, Any]] = _settings_schema
    run_daemon: Callable[[Settings, ReloadSettings, LearntSecrets, Mapping[str, str]], None] = _run_daemon
    run_demo: Callable[[bool], int] = _run_demo


NOTHING_LOST = "what was done is kept"


class CommandSession:
    """The state that commands share. Nothing is read or imported before a command needs it."""

    def __init__(self, entrypoints: Entrypoints, console: Console, environ: Mapping[str, str]) -> None:
        self.entrypoints = entrypoints
        self.console = console
        self.environ = environ
        self.config: Path | None = None
        self.command = "the command line"
        self.redaction: Redaction | None = None
        self.debug = False
        self.interrupted_note = NOTHING_LOST
        self._loaded: LoadedConfiguration | None = None

    def load_configuration(self) -> LoadedConfiguration:
        """Return the configuration, read once, and set up logging. Raises ConfigurationError."""
        if self._loaded is None:
            from reconciler.config.load import load_configuration

            loaded = load_configuration(self.config, self.environ)
            # A command's output reports results and refusals. Unless configured, its log has only errors of
            # the program itself.
            level = loaded.settings.log.level if "log.level" in loaded.sources else "error"
            self._set_up_logs(loaded, level=level)
            self._loaded = loaded
        return self._loaded

    def load_daemon_configuration(self) -> LoadedConfiguration:
        """Return the configuration, and set up logging with `log.level` even if that is the default."""
        loaded = self.load_configuration()
        self._set_up_logs(loaded, level=loaded.settings.log.level, ready=True)
        return loaded

    def reload_settings(self) -> tuple[Settings, Callable[[], None]]:
        """Read file and environment again, for a service. systemd's credentials stay those of the start.

        Returns the settings and a function that applies them to the log. Raises ConfigurationError.
        """
        from reconciler.config.load import load_configuration

        loaded = load_configuration(
            self.config, self.environ, credentials=self.load_configuration().credentials
        )
        self._register_secrets(loaded.settings)  # before an error can contain its secrets
        return loaded.settings, lambda: self._set_up_logs(loaded, level=loaded.settings.log.level, ready=True)

    def run_in_backend(
        self, work: Callable[[Application, ProgressDisplay], Awaitable[T]], *, reads: bool = False
    ) -> T:
        """Open the application, run one coroutine with it, and close it. Raises what any of them raises.

        Unless it only `reads`, the database has to prove before that it keeps project locks.
        """
        import asyncio

        return asyncio.run(self._run_in_backend(work, reads=reads))

    async def _run_in_backend(
        self, work: Callable[[Application, ProgressDisplay], Awaitable[T]], *, reads: bool
    ) -> T:
        import asyncio

        settings = self.load_configuration().settings
        assert self.redaction is not None  # set up when the configuration was read
        with ProgressDisplay(self.console.err, self.environ) as display:
            async with self.entrypoints.open_backend(settings, self.redaction) as application:
                if not reads:
                    await application.prove_locks()
                try:
                    return await work(application, display)
                except asyncio.CancelledError:  # by Ctrl-C
                    if not reads:
                        display.hide()
                        self.interrupted_note = await application.describe_pending_writes()
                    raise

    def _register_secrets(self, settings: Settings) -> Redaction:
        """Mask these secrets in logs from now on."""
        from reconciler import logs

        self.redaction = self.redaction or logs.Redaction()
        for secret in settings.secrets():
            self.redaction.add_secret(secret)
        return self.redaction

    def _set_up_logs(
        self,
        loaded: LoadedConfiguration,
        *,
        level: Literal["debug", "info", "warning", "error"],
        ready: bool = False,
    ) -> None:
        from reconciler import logs
        from reconciler.config.environment import may_use_colour

        settings = loaded.settings
        self.debug = level == "debug"
        colour = may_use_colour(self.environ, terminal=self.console.err.isatty())
        logs.configure_logging(
            level=level,
            style=settings.log.format,
            redaction=self._register_secrets(settings),
            colour=colour,
            stream=self.console.err,
            ready=ready,
        )


def current_session(context: typer.Context) -> CommandSession:
    """Return the session that `main` put into the context."""
    session = context.find_object(CommandSession)
    if session is None:
        raise RuntimeError("commands are started by reconciler.cli.main")
    return session


ProjectsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--project",
        "-p",
        metavar="PROJECT",
        help="A project's id or exact name; may be repeated.",
        show_default=False,
        autocompletion=complete_project,
    ),
]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project",
        "-p",
        metavar="PROJECT",
        help="The project's id or exact name.",
        show_default=False,
        autocompletion=complete_project,
    ),
]
AllProjectsOption = Annotated[bool, typer.Option("--all", help="Every active project.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
ReportArgument = Annotated[
    str, typer.Argument(metavar="REPORT", help="A report's id, or PROJECT:BUG-0001.", show_default=False)
]
