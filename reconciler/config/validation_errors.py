"""Validation errors as one sentence: what, where, what to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.config import keys, validators
from reconciler.config.sources import SourcedValue
from reconciler.errors import ConfigurationError
from reconciler.model.secret import Secret

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from reconciler.config.settings import Settings

# Pydantic's error type → what is wrong, what to do. `{…}` is filled from the error's context.
MESSAGES_BY_TYPE: Mapping[str, tuple[str, str]] = {
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "int_type": ("must be a whole number", "write a number without quotes"),
    "int_from_float": ("must be a whole number", "write a number without a fraction"),
    "float_type": ("must be a number", "write a number without quotes"),
    "string_type": ("must be text", "put it in quotes"),
    "tuple_type": ("must be a list of labels", 'write a list, as in ["high-priority", "high"]'),
    "dict_type": ("must be a table", 'write "project id" = "owner/repo" lines in it'),
    "greater_than": ("must be greater than {gt:g}", "choose a larger number"),
    "greater_than_equal": ("must be at least {ge:g}", "choose a larger number"),
    "less_than_equal": ("must be at most {le:g}", "choose a smaller number"),
    "finite_number": ("must be a finite number", "write a number"),
    "literal_error": ("is none of its choices", "write one of {expected}"),
    "string_pattern_mismatch": ("is not a date", "write it as in 2022-11-28"),
    "string_too_short": ("must not be empty", "write a value, or leave the key out"),
}


def from_validation_error(error: "ErrorDetails", layer: Mapping[str, SourcedValue]) -> ConfigurationError:
    """The sentence for the first thing that validation found."""
    key = _key_of(error)
    found = layer.get(key)
    place = found.source if found else "the defaults"
    what, remedy = _what_and_hint(error)
    shown = _short_value_text(key, found)
    return ConfigurationError(f"{key} {what}{shown}, in {place}; {remedy}")


def _key_of(error: "ErrorDetails") -> str:
    path = [str(part) for part in error["loc"]]
    candidates = (".".join(path[:depth]) for depth in range(len(path), 0, -1))
    return next(key for key in candidates if key in keys.known_keys())


def _what_and_hint(error: "ErrorDetails") -> tuple[str, str]:
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "value_error":
        what, remedy = context["error"].args
        return what, remedy
    what, remedy = MESSAGES_BY_TYPE.get(error["type"], ("can't be used ({why})", "see config.example.toml"))
    context = {**context, "why": error["msg"]}
    return what.format(**context), remedy.format(**context)


def _short_value_text(key: str, found: SourcedValue | None) -> str:
    """The value itself, where it is short, harmless and no secret."""
    if found is None or keys.value_type(key) is Secret or not isinstance(found.value, str | int | float):
        return ""
    text = ascii(found.value)
    return f", not {text}" if len(text) <= 40 and "@" not in text else ""


def check_across_keys(settings: "Settings", layer: Mapping[str, SourcedValue]) -> None:
    """What no single key can say. Raises the first that does not fit."""
    _check_labels(settings, layer)
    _check_app(settings, layer)


def _source_of(key: str, layer: Mapping[str, SourcedValue]) -> str:
    return layer[key].source if key in layer else "the defaults"


def _check_labels(settings: "Settings", layer: Mapping[str, SourcedValue]) -> None:
    mapping = {f"sync.severity.{name}": labels for name, labels in settings.sync.severity}
    mapping |= {f"sync.category.{name}": labels for name, labels in settings.sync.category}
    if clash := validators.find_duplicate_label(mapping):
        label, *values = clash
        first, second = sorted(values, key=layer.__contains__)  # name the configured one, not a default
        raise ConfigurationError(
            f"{second} has the label {label!r} that {first} has too (case ignored), "
            f"in {_source_of(second, layer)}; give every label to one value only"
        )


def _check_app(settings: "Settings", layer: Mapping[str, SourcedValue]) -> None:
    app = settings.github.app
    given = {"id": app.id, "private_key_file": app.private_key_file, "repositories": app.repositories}
    if not any(given.values()):
        return
    for name, value in given.items():
        if not value:
            there = next(f"github.app.{other}" for other, its in given.items() if its)
            raise ConfigurationError(
                f"github.app.{name} is missing while {there} is set, in {_source_of(there, layer)}; "
                "set id, private_key_file and repositories together, or none of them"
            )
    key = "github.app.private_key_file"
    try:
        with open(app.private_key_file, "rb") as file:  # noqa: PTH123 - only whether it can be read
            file.read(1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigurationError(
            f"{key} cannot be read ({reason}), in {_source_of(key, layer)}; check its path and permissions"
        ) from None
