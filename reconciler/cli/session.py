"""One run of the command: its configuration, read once and late, and the program opened on it."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import typer

from reconciler.cli.console import Console
from reconciler.cli.doors import Application, Doors
from reconciler.cli.progress import Display
from reconciler.cli.unswept import unswept

if TYPE_CHECKING:
    from reconciler.config.load import Loaded
    from reconciler.config.settings import Settings
    from reconciler.logs import Redaction

T = TypeVar("T")


class Session:
    """What the commands share. Nothing is read or imported before the first command needs it."""

    def __init__(self, doors: Doors, console: Console, environ: Mapping[str, str]) -> None:
        self.doors = doors
        self.console = console
        self.environ = environ
        self.config: Path | None = None
        self.command = "the command line"
        self.redaction: Redaction | None = None
        self.debug = False
        self._loaded: Loaded | None = None

    def load(self) -> "Loaded":
        """The configuration. Raises ConfigurationError. Logging is set up with it."""
        if self._loaded is None:
            with unswept():
                from reconciler.config.load import load

            loaded = load(self.config, self.environ)
            # A command's own lines say what it did, and what was refused; unless asked for, its log adds only
            # what is wrong with the program itself.
            level = loaded.settings.log.level if "log.level" in loaded.places else "error"
            self._set_up_logs(loaded, level=level)
            self._loaded = loaded
        return self._loaded

    def serve(self) -> "Loaded":
        """The configuration for a service: its log says what `log.level` says it should."""
        loaded = self.load()
        self._set_up_logs(loaded, level=loaded.settings.log.level)
        return loaded

    def reload(self) -> "tuple[Settings, Callable[[], None]]":
        """Read file and environment again, for a service; credentials stay those of its start, as systemd
        keeps them. Returns what makes the log follow as well. Raises ConfigurationError.
        """
        from reconciler.config.load import load

        loaded = load(self.config, self.environ, credentials=self.load().credentials)
        self._learn(loaded.settings)  # before its secrets can turn up in an error
        return loaded.settings, lambda: self._set_up_logs(loaded, level=loaded.settings.log.level)

    def run(self, work: Callable[[Application, Display], Awaitable[T]]) -> T:
        """Open the program, do one thing with it, close it. Raises what either does."""
        import asyncio

        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Application, Display], Awaitable[T]]) -> T:
        settings = self.load().settings
        assert self.redaction is not None  # set up when the configuration was read
        with Display(self.console.err, self.environ) as display:
            async with self.doors.open_application(settings, self.redaction.add) as application:
                return await work(application, display)

    def _learn(self, settings: "Settings") -> "Redaction":
        """From now on its secrets are masked."""
        from reconciler import logs

        self.redaction = self.redaction or logs.Redaction()
        for secret in settings.secrets():
            self.redaction.add(secret)
        return self.redaction

    def _set_up_logs(self, loaded: "Loaded", *, level: Literal["debug", "info", "warning", "error"]) -> None:
        from reconciler import logs
        from reconciler.config.process import wants_colour

        settings = loaded.settings
        self.debug = level == "debug"
        colour = wants_colour(self.environ, terminal=self.console.err.isatty())
        logs.configure(
            level=level,
            style=settings.log.format,
            redaction=self._learn(settings),
            colour=colour,
            stream=self.console.err,
        )


def session_of(context: typer.Context) -> Session:
    """The session that `main` put into the context."""
    found = context.find_object(Session)
    if found is None:
        raise RuntimeError("commands are started by reconciler.cli.main")
    return found
