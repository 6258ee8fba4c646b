"""Structured logs on stderr: JSON or console, one event per line, no secret and no raw control character.

In: events with values from anywhere, untrusted text included. Out: lines. May import: model. Events
travel through the standard library's logging; structlog, which renders them, comes with the first line.
"""

import logging
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TextIO

from reconciler.errors import ReconcilerError
from reconciler.model.formatting import escape_unprintable
from reconciler.model.passes import AppliedCounts, Cost
from reconciler.model.secret import Secret

MASK = "***"
MIN_LEARNT_CHARS, MAX_LEARNT_CHARS = 16, 1_024
"""Of a secret that an integration's owner chose: a short one would mask words in everybody's log."""
MAX_LEARNT_PER_PROJECT = 6
"""Token, webhook secret, and those before them; the oldest is forgotten."""
MAX_LEARNING_PROJECTS = 5_000
TRACEBACK_KEY = "exception"
# Secrets known by their form, wherever they come from: GitHub's tokens, Fernet's, passwords in addresses,
# private keys. An App's tokens have no fixed form, so every token that is read is registered as well.
SECRET_PATTERN = re.compile(
    r"\b(?:gh[pousr]_|github_pat_)\w{10,}|\bgAAAA[\w=-]{20,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)",
    re.DOTALL,
)

ROOT_LOGGER = "reconciler"  # the loggers that `level` is for; libraries log warnings and errors only
RECORD_VALUES_ATTRIBUTE = "reconciler_values"  # the attribute of a record that carries an event's values
_BOUND_VALUES: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

# What names things in logs: ids, fingerprints, `owner/repo`, addresses, anything with blanks.
_NAMING_PATTERN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}|[\d.,:_-]+|[\w.-]+/[\w.-]+|.*(?:\s|://).*",
    re.DOTALL | re.IGNORECASE,
)

Event = MutableMapping[str, Any]
Processor = Callable[[Any, str, Event], Event]


class Redaction:
    """The secrets known so far, and their removal from texts. It implements `LearntSecrets`.

    The operator's own are masked whatever they are. Those of integrations are chosen by owners, one of whom
    could make everybody's log unreadable: they are learnt only if they are long and name nothing.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._own: set[str] = set()
        self._learnt: dict[str, dict[str, None]] = {}  # by project; the newest is the last
        self._longest_first: tuple[str, ...] = ()
        for secret in secrets:
            self.add_secret(secret)

    def add_secret(self, secret: Secret) -> None:
        """Mask a secret of the operator's from now on wherever it occurs."""
        if secret and secret.reveal() not in self._own:
            self._own.add(secret.reveal())
            self._sort()

    def learn(self, project: str, secret: Secret) -> None:
        """Mask a secret of a project's integration, unless it may be a word that logs need."""
        text = secret.reveal()
        known = self._learnt.get(project, {})
        if text in known or not is_fit_to_be_masked(text):
            return
        known[text] = None
        if len(known) > MAX_LEARNT_PER_PROJECT:
            del known[next(iter(known))]
        self._learnt[project] = known
        if len(self._learnt) > MAX_LEARNING_PROJECTS:
            del self._learnt[next(iter(self._learnt))]
        self._sort()

    def keep_only(self, projects: Collection[str]) -> None:
        """Forget what was learnt of other projects."""
        gone = self._learnt.keys() - set(projects)
        for project in gone:
            del self._learnt[project]
        if gone:
            self._sort()

    def _sort(self) -> None:
        texts = self._own.union(*self._learnt.values())
        self._longest_first = tuple(sorted(texts, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """Return the text with every secret masked, longer ones first, since one may contain another."""
        for known in self._longest_first:
            text = text.replace(known, MASK)
        return SECRET_PATTERN.sub(MASK, text)


def is_fit_to_be_masked(text: str) -> bool:
    """Whether a text of an owner's can't be an id, a name or a word of this program's own."""
    return (
        MIN_LEARNT_CHARS <= len(text) <= MAX_LEARNT_CHARS
        and text.lower() not in words_never_masked()
        and not _NAMING_PATTERN.fullmatch(text)
    )


@cache
def words_never_masked() -> frozenset[str]:
    """Return the words that stand in logs: values of enumerations, kinds of errors, names of counts."""
    enumerations = (kind for kind in StrEnum.__subclasses__() if kind.__module__.startswith(ROOT_LOGGER))
    values = {str(member).lower() for kind in enumerations for member in kind}
    errors_known = [ReconcilerError]
    for kind in errors_known:
        errors_known += kind.__subclasses__()
    counts = (*AppliedCounts.__slots__, *Cost.__slots__)
    return frozenset(values | {kind.kind for kind in errors_known} | set(counts))


@dataclass(frozen=True, slots=True)
class EventLogger:
    """The logger of one module. An event has a fixed text; what varies goes into its values."""

    name: str

    def debug(self, event: str, **values: object) -> None:
        """Log what helps to find a bug."""
        self._emit(logging.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        """Log something expected."""
        self._emit(logging.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        """Log something that a person may want to look into."""
        self._emit(logging.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        """Log an error of the program or its environment."""
        self._emit(logging.ERROR, event, values)

    def exception(self, event: str, **values: object) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        self._emit(logging.ERROR, event, values, trace=True)

    def _emit(self, level: int, event: str, values: Mapping[str, object], *, trace: bool = False) -> None:
        logging.getLogger(self.name).log(
            level, event, extra={RECORD_VALUES_ATTRIBUTE: values}, exc_info=trace
        )


def configure_logging(
    *,
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["auto", "console", "json"],
    redaction: Redaction,
    colour: bool = False,
    stream: TextIO | None = None,
    ready: bool = False,
) -> None:
    """Set up the standard library's logging for this process.

    `stream` is stderr unless given. `ready`: load now what the first line needs: a process that has run
    out of descriptors can't import it then. What libraries log is cleaned and shown in the same form, from
    warnings on.
    """
    out = stream or sys.stderr
    style = style if style != "auto" else ("console" if out.isatty() else "json")
    handler = _LineHandler(out)
    formatter = _Formatter(redaction, style, colour=colour)
    if ready:
        formatter.load_renderer()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT_LOGGER).setLevel(level.upper())


@contextmanager
def bind_log_values(**names: str) -> Iterator[None]:
    """Add these values (`pass_id`, `project`, `link`) to every event within the block."""
    token = _BOUND_VALUES.set({**_BOUND_VALUES.get(), **names})
    try:
        yield
    finally:
        _BOUND_VALUES.reset(token)


class _LineHandler(logging.StreamHandler[TextIO]):
    """A handler whose own failure prints no traceback: that would not be redacted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        self.stream.write(f"a log line of {record.name} could not be written\n")


class _Formatter(logging.Formatter):
    """Renders with structlog, which is imported for the first line: most commands write none."""

    def __init__(self, redaction: Redaction, style: str, *, colour: bool) -> None:
        super().__init__()
        self._redaction = redaction
        self._format_style = style
        self._colour = colour
        self._rendering_formatter: logging.Formatter | None = None

    def load_renderer(self) -> None:
        """Import and build what renders lines."""
        self._rendering_formatter = self._rendering_formatter or self._build_structlog_formatter()

    def format(self, record: logging.LogRecord) -> str:
        self._rendering_formatter = self._rendering_formatter or self._build_structlog_formatter()
        return self._rendering_formatter.format(record)

    def _build_structlog_formatter(self) -> logging.Formatter:
        import structlog

        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                _add_bound_values,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redaction_processor(self._redaction),
                _build_renderer(self._format_style, self._colour),
            ],
        )


def _add_bound_values(_logger: Any, _method: str, event: Event) -> Event:
    """Return the event with its own values and those bound around it."""
    return {**_BOUND_VALUES.get(), **getattr(event["_record"], RECORD_VALUES_ATTRIBUTE, {}), **event}


def redaction_processor(redaction: Redaction) -> Processor:
    """Build a structlog processor that redacts every value to one line, and indents tracebacks.

    The names of values are words of this program, so they are not redacted.
    """

    def clean(_logger: Any, _method: str, event: Event) -> Event:
        return {
            escape_unprintable(str(key)): _redact_traceback(redaction, value)
            if key == TRACEBACK_KEY
            else _redact_value(redaction, value)
            for key, value in event.items()
        }

    return clean


def _redact_value(redaction: Redaction, value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Secret():
            return MASK
        case Mapping():
            return {
                _redact_text(redaction, key): _redact_value(redaction, item) for key, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_redact_value(redaction, item) for item in value]
        case _:
            return _redact_text(redaction, value)


def _redact_text(redaction: Redaction, value: object) -> str:
    return escape_unprintable(redaction.redact(str(value)))


def _redact_traceback(redaction: Redaction, value: object) -> str:
    """Redact line by line; the indent keeps a forged line from looking like an event."""
    return "\n".join(f"  {escape_unprintable(line)}" for line in redaction.redact(str(value)).splitlines())


def _build_renderer(style: str, colour: bool) -> Any:
    import structlog

    if style == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=colour)
