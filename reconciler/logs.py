"""Structured logs on stderr: JSON or console, one event per line, no secret and no raw control character.

In: events with values from anywhere, strangers' text included. Out: lines. May import: model. structlog
comes late, so that commands that never log don't pay for it.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO

from reconciler.model.secret import Secret
from reconciler.model.visible import visible

MASK = "***"
SHORTEST = 4  # a shorter "secret" would blot out ordinary words
TRACE = "exception"
# What is a secret by its looks, whoever brought it: GitHub's tokens, Fernet's, passwords in addresses,
# private keys. The tokens of an App have no fixed shape, so what is read is registered as well.
LOOKS_SECRET = re.compile(
    r"\b(?:gh[pousr]_|github_pat_)\w{10,}|\bgAAAA[\w=-]{20,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)",
    re.DOTALL,
)

Event = MutableMapping[str, Any]
Processor = Callable[[Any, str, Event], Event]


class Redaction:
    """The secrets known so far, and their removal from texts. Tokens read later are added as they come."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._texts: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """From now on this text is masked wherever it turns up."""
        if len(secret.reveal()) >= SHORTEST:
            self._texts.add(secret.reveal())

    def clean(self, text: str) -> str:
        """The text without any secret; longer ones first, since one may contain another."""
        for known in sorted(self._texts, key=len, reverse=True):
            text = text.replace(known, MASK)
        return LOOKS_SECRET.sub(MASK, text)


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["auto", "console", "json"],
    redaction: Redaction,
    colour: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Set up structlog and the standard library's logging for this process.

    `stream` is stderr unless given. What libraries log is cleaned and shown in the same form, from
    warnings on.
    """
    import structlog

    out = stream or sys.stderr
    style = style if style != "auto" else ("console" if out.isatty() else "json")
    render = _renderer(style, colour)
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        clean_with(redaction),
    ]
    structlog.configure(
        processors=[*chain, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_logging(chain, render, out)


def about(**names: str) -> AbstractContextManager[None]:
    """Within this block every event says what it is about: `pass_id`, `project`, `link`."""
    import structlog

    return structlog.contextvars.bound_contextvars(**names)


def clean_with(redaction: Redaction) -> Processor:
    """A structlog processor: every key and value redacted and on one line, traces on indented ones."""

    def clean(_logger: Any, _method: str, event: Event) -> Event:
        return {
            _text(redaction, key): _trace(redaction, value) if key == TRACE else _value(redaction, value)
            for key, value in event.items()
        }

    return clean


def _value(redaction: Redaction, value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Secret():
            return MASK
        case Mapping():
            return {_text(redaction, key): _value(redaction, item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_value(redaction, item) for item in value]
        case _:
            return _text(redaction, value)


def _text(redaction: Redaction, value: object) -> str:
    return visible(redaction.clean(str(value)))


def _trace(redaction: Redaction, value: object) -> str:
    """Lines stay lines, for people; the indent keeps a forged one from looking like an event."""
    return "\n".join(f"  {visible(line)}" for line in redaction.clean(str(value)).splitlines())


def _renderer(style: str, colour: bool) -> Any:
    import structlog

    if style == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=colour)


def _adopt_standard_logging(chain: list[Any], render: Any, out: TextIO) -> None:
    import structlog

    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
