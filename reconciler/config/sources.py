"""The layers: variables, credential files, the TOML file. Each becomes a dict of key to value and source."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, get_origin

from reconciler.config import keys
from reconciler.errors import ConfigurationError

RawValues = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedValue:
    """A value as it was read, and its source in words that follow "in"."""

    value: object = field(repr=False)  # may be a secret
    source: str


Layer = dict[str, SourcedValue]


def from_environment(environ: Mapping[str, str]) -> Layer:
    """Every `RECONCILER_…` variable but RECONCILER_CONFIG. Raises on an unknown one."""
    layer: Layer = {}
    for name in sorted(environ):
        if name.startswith(keys.VARIABLE_PREFIX) and name != keys.FILE_VARIABLE:
            key = name.removeprefix(keys.VARIABLE_PREFIX).lower().replace("__", ".")
            place = f"the environment variable {name}"
            layer.update(_from_text(key, environ[name], place) or _raise_unknown_variable(name))
    return layer


def from_credentials(directory: Path | None) -> Layer:
    """systemd's credential files named `section.key`; `github.app.private_key` is the key file itself.

    Files of other services' making are passed over; one in a section of ours that is no key is an error.
    """
    layer: Layer = {}
    for path in _credential_files(directory):
        place = f"the credential {path.name}"
        if path.name == "github.app.private_key":
            layer["github.app.private_key_file"] = SourcedValue(value=str(path), source=place)
        elif path.name in keys.known_keys():
            layer.update(_from_text(path.name, _read_text(path, place).rstrip("\r\n"), place))
        elif path.name.rpartition(".")[0] in keys.known_sections():
            raise _unknown_key_error(path.name, place)
    return layer


def from_file(path: Path) -> Layer:
    """A TOML file's keys. Raises when it can't be read, is no TOML, or has an unknown key."""
    place = f"the file {path}"
    text = _read_text(path, place)
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML; a number or a nesting that is too large
        raise ConfigurationError(f"TOML cannot be read, in {place}: {error}; correct that line") from None
    return _from_table(table, place)


def from_flags(flags: RawValues) -> Layer:
    """Values given by a caller, by dotted key."""
    return {
        key: SourcedValue(value=value, source="the command's own settings") for key, value in flags.items()
    }


def _credential_files(directory: Path | None) -> list[Path]:
    if directory is None:
        return []
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"credentials cannot be listed, in $CREDENTIALS_DIRECTORY {directory}: {reason}; "
            "unset the variable, or let systemd set it"
        ) from None


def _read_text(path: Path, place: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"text is not UTF-8, in {place}, at byte {error.start}; save it as UTF-8"
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"configuration cannot be read, in {place}: {reason}; check its path and permissions"
        ) from None


def _from_text(key: str, text: str, place: str) -> Layer:
    """One key from text; a section from a JSON object; nothing for an unknown name."""
    if key in keys.known_sections():
        return _from_table(_nest_value(key, _parse_json(key, text, place)), place)
    if key not in keys.known_keys():
        return {}
    return {key: SourcedValue(value=_parse_value(key, text, place), source=place)}


def _nest_value(key: str, value: object) -> dict[str, Any]:
    table: Any = value
    for part in reversed(key.split(".")):
        table = {part: table}
    return dict(table)


def _parse_value(key: str, text: str, place: str) -> object:
    kind = keys.value_type(key)
    if get_origin(kind) in (tuple, dict):
        return _parse_json(key, text, place)
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    if kind in (int, float):
        return _parse_number(kind, text)
    return text


def _parse_number(kind: type[int] | type[float], text: str) -> object:
    try:
        return kind(text)
    except ValueError:
        return text  # validation says what is wrong with it


def _parse_json(key: str, text: str, place: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        example = keys.variable_name("sync.severity.high") + """='["high-priority", "high"]'"""
        raise ConfigurationError(
            f"{key} is not JSON, in {place}: {error}; write it as in {example}"
        ) from None


def _from_table(table: Mapping[str, Any], place: str) -> Layer:
    return {key: SourcedValue(value=value, source=place) for key, value in _flatten(table, "", place)}


def _flatten(table: Mapping[str, Any], above: str, place: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        key = above + name
        if key in keys.known_keys():
            yield key, value
        elif key not in keys.known_sections():
            raise _unknown_key_error(key, place, is_section=isinstance(value, dict))
        elif isinstance(value, dict):
            yield from _flatten(value, f"{key}.", place)
        else:
            what = f"{key} is a section, not a value"
            raise ConfigurationError(f"{what}, in {place}; write its keys below [{key}]")


def _unknown_key_error(key: str, place: str, *, is_section: bool = False) -> ConfigurationError:
    """Keys are compared with keys, tables with tables."""
    guess = keys.nearest_name(key, sorted(keys.known_sections()) if is_section else keys.known_keys())
    shown = key.encode("unicode_escape").decode("ascii")
    return ConfigurationError(f"{shown} is unknown, in {place}; did you mean {guess}?")


def _raise_unknown_variable(name: str) -> NoReturn:
    names = [
        *map(keys.variable_name, keys.known_keys()),
        *map(keys.variable_name, keys.known_sections()),
        keys.FILE_VARIABLE,
    ]
    guess = keys.nearest_name(name, names)
    raise ConfigurationError(f"{name} is unknown, in the environment; did you mean {guess}?")


def credentials_directory(environ: Mapping[str, str]) -> Path | None:
    """Where systemd put this unit's credentials."""
    text = environ.get("CREDENTIALS_DIRECTORY")
    return Path(text) if text else None


def find_configuration_file(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """`--config`, else $RECONCILER_CONFIG (both must exist), else the first default place that exists."""
    if explicit is not None:
        return explicit
    if named := environ.get(keys.FILE_VARIABLE):
        return Path(named)
    defaults = (Path("config.toml"), Path("/etc/bugspark-reconciler/config.toml"))
    return next((path for path in defaults if os.path.lexists(path)), None)
