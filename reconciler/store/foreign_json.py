"""JSON in BugSpark's tables, which owners and strangers write: bounded before anything is done with it.

A query selects such a column by `bounded_config_text` or `bounded_report_text`, so that no more than its
bound travels; `decode_foreign_json` is the only decoder of what was selected. What exceeds a bound
is the trouble of its row alone.

Source: docs/design.md, Security; docs/reference/bugspark.md, Untrusted input.
"""

from typing import Any, ClassVar

import msgspec
from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

MAX_CONFIG_BYTES = 64 * 1024
"""Of an integration's config: a token, two names and a secret."""
MAX_REPORT_JSON_BYTES = 1024 * 1024
"""Of each JSON column of a report, and of a customer webhook's list of events."""
MAX_DEPTH = 64
"""Levels of arrays and objects inside each other."""

MAX_EXCERPT_ITEMS = 40
MAX_EXCERPT_CHARS = 4_000
MAX_EXCERPT_DEPTH = 6
"""Of each array, object, text and nesting that `excerpt` keeps: more than an exported issue shows."""
EXCERPT_KEYS = ("level", "message")
"""Members of a log entry that an issue shows, wherever they stand in it."""

_OVERSIZED = "oversized"  # no JSON
# jsonb needs up to four times the bytes of its text, for an array of small numbers.
_STORED_BYTES_PER_TEXT_BYTE = 4


class ForeignJsonError(Exception):
    """Why a stored JSON value is not used; the message goes on after the name of the value: "is larger …"."""


class _BoundedText(FunctionElement[str]):
    """A JSON column as text, at most one character longer than `max_bytes`."""

    inherit_cache: bool | None = True
    type: TypeEngine[str] = Text()
    max_bytes: ClassVar[int]


class _BoundedConfigText(_BoundedText):
    inherit_cache: bool | None = True
    max_bytes = MAX_CONFIG_BYTES


class _BoundedReportText(_BoundedText):
    inherit_cache: bool | None = True
    max_bytes = MAX_REPORT_JSON_BYTES


class _SortedConfig(_BoundedConfigText):
    inherit_cache: bool | None = True


def sorted_config(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An integration's config in a subquery whose rows are sorted, for `bounded_config_text` outside of it.

    SQLite copies whole rows to sort them, so it is cut before; PostgreSQL only passes a pointer on.
    """
    return _SortedConfig(column)


def bounded_config_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text of an integration's config, for `decode_foreign_json` with MAX_CONFIG_BYTES."""
    return _BoundedConfigText(column)


def bounded_report_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text of a report's JSON, for `decode_foreign_json` with MAX_REPORT_JSON_BYTES."""
    return _BoundedReportText(column)


@compiles(_BoundedConfigText)
@compiles(_BoundedReportText)
def _compile_bounded_text(element: _BoundedText, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"substr(CAST({column} AS TEXT), 1, {element.max_bytes + 1})"


@compiles(_SortedConfig, "postgresql")
def _compile_sorted_config_on_postgresql(
    element: _SortedConfig, compiler: SQLCompiler, **options: Any
) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_BoundedConfigText, "postgresql")
@compiles(_BoundedReportText, "postgresql")
def _compile_bounded_text_on_postgresql(element: _BoundedText, compiler: SQLCompiler, **options: Any) -> str:
    """As above; what is far too large as it is stored is not even decompressed, every second, to be cut."""
    column = compiler.process(element.clauses, **options)
    limit = element.max_bytes * _STORED_BYTES_PER_TEXT_BYTE
    text = f"substr(CAST({column} AS TEXT), 1, {element.max_bytes + 1})"
    return f"CASE WHEN pg_column_size({column}) > {limit} THEN '{_OVERSIZED}' ELSE {text} END"


def decode_foreign_json(text: str, max_bytes: int) -> Any:
    """Decode what a bounded column holds. Raises ForeignJsonError, which does not repeat it."""
    if text == _OVERSIZED or len(text) > max_bytes:
        raise _too_large_error(max_bytes)
    try:
        encoded = text.encode()
        if len(encoded) > max_bytes:
            raise _too_large_error(max_bytes)
        value = msgspec.json.decode(encoded)
    except RecursionError:
        raise _too_deep_error() from None
    except msgspec.ValidationError:
        raise ForeignJsonError("has a number that is out of range") from None
    except ValueError:
        raise ForeignJsonError("is not JSON") from None
    if _is_too_deep(value):
        raise _too_deep_error()
    return value


def _too_large_error(max_bytes: int) -> ForeignJsonError:
    return ForeignJsonError(f"is larger than {max_bytes // 1024} KiB")


def _too_deep_error() -> ForeignJsonError:
    return ForeignJsonError(f"is nested more than {MAX_DEPTH} levels deep")


def _is_too_deep(value: object) -> bool:
    """Look at one level after the other, without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _inner_containers(each)]
        if not level:
            return False
    return bool(level)


def _inner_containers(value: object) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]


def excerpt(value: Any, depth: int = MAX_EXCERPT_DEPTH) -> Any:
    """Return the part of a decoded value that an issue can show, so that many fit into memory at once."""
    match value:
        case str():
            return value[:MAX_EXCERPT_CHARS]
        case dict():
            if depth == 0:
                return {}
            kept = dict.fromkeys([*list(value)[:MAX_EXCERPT_ITEMS], *(k for k in EXCERPT_KEYS if k in value)])
            return {key[:MAX_EXCERPT_CHARS]: excerpt(value[key], depth - 1) for key in kept}
        case list():
            return [excerpt(item, depth - 1) for item in value[:MAX_EXCERPT_ITEMS]] if depth else []
        case _:
            return value
