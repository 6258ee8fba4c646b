"""JSON of any shape as single lines, for the logs and metadata that a page sent."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from reconciler.text.clean import single_line
from reconciler.text.truncate import truncate_line

_MAX_DEPTH: Final = 2
_MAX_ITEMS: Final = 20
# Python refuses to write much larger integers in decimal, and nobody can read them.
_MAX_INTEGER_BITS: Final = 256


def as_one_line(value: object, *, chars: int) -> str:
    """Return a JSON value as one readable line of at most `chars` characters; not yet inert."""
    return truncate_line(single_line(_render_value(value, _MAX_DEPTH, chars)), chars=chars)


def as_lines(value: object, *, chars: int) -> str:
    """Return a JSON value as text that keeps its newlines, at most `chars` characters; not yet inert."""
    return truncate_line(_render_value(value, _MAX_DEPTH, chars), chars=chars)


def first_list_items(value: object, most: int) -> list[object]:
    """Return the first `most` entries of console logs: a list's items, else the value itself, if any."""
    if isinstance(value, list | tuple):
        return [item for item in value[:most] if item is not None]
    return [] if value is None or value in ("", {}) else [value]


def first_members(value: object, most: int) -> list[tuple[str, object]]:
    """Return the first `most` keys and values of an object; those of anything else are its positions."""
    if isinstance(value, Mapping):
        return [(str(key), item) for key, item in islice(value.items(), most)]
    return [(str(at), item) for at, item in enumerate(first_list_items(value, most), 1)]


def _render_value(value: object, depth: int, chars: int) -> str:
    match value:
        case str():
            # Far too long a text is cut before it is processed.
            return value[: 2 * chars]
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int():
            return str(value) if value.bit_length() <= _MAX_INTEGER_BITS else "(a very large number)"
        case float():
            return repr(value)
        case Mapping() | list() | tuple() if depth == 0:
            return "…"
        case Mapping():
            inner = (
                f"{_render_value(str(key), 0, chars)}: {_render_value(item, depth - 1, chars)}"
                for key, item in value.items()
            )
            return "{" + _join_items(inner, len(value)) + "}"
        case list() | tuple():
            return (
                "[" + _join_items((_render_value(item, depth - 1, chars) for item in value), len(value)) + "]"
            )
        case _:
            return f"({type(value).__name__})"


def _join_items(shown: Iterable[str], count: int) -> str:
    rest = ["…"] if count > _MAX_ITEMS else []
    return ", ".join([*islice(shown, _MAX_ITEMS), *rest])
