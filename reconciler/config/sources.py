"""The sources of values: variables, credential files, the TOML file. Each gives a dict: key → value, source.

First the known keys, taken from the settings' fields, and suggestions for misspelt ones.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reconciler.config.settings import Settings
from reconciler.errors import ConfigurationError

ENVIRONMENT_VARIABLE_PREFIX = "RECONCILER_"
CONFIG_FILE_VARIABLE = "RECONCILER_CONFIG"
RawValues = Mapping[str, object]


def _leaf_fields(model: type[BaseModel], above: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _leaf_fields(info.annotation, f"{above}{name}.")
        else:
            yield above + name, info


@cache
def known_keys() -> MappingProxyType[str, FieldInfo]:
    """Return every key in dotted form, in the order of docs/reference/contract.md."""
    return MappingProxyType(dict(_leaf_fields(Settings, "")))


@cache
def known_sections() -> frozenset[str]:
    """Return every table of the file in dotted form."""
    return frozenset(
        key.rsplit(".", depth)[0] for key in known_keys() for depth in range(1, key.count(".") + 1)
    )


def type_of_key(key: str) -> Any:
    """Return the type of the key's value: bool, int, float, str, Secret, a Literal, tuple[…] or dict[…]."""
    return known_keys()[key].annotation


SECTION_END = re.compile(rf"^{ENVIRONMENT_VARIABLE_PREFIX}|__|\.")
"""Where the prefix of variables or a section of a name ends."""

NEAR_MISS = 0.75
"""A name that is less similar than this (0 to 1) is not offered as what was meant."""


def nearest_name(key: str, among: Iterable[str]) -> str:
    """Return the most similar name; one with the same last word is preferred."""
    names = list(among)
    word = key.rpartition(".")[2]
    same = [name for name in names if name.rpartition(".")[2] == word]
    return get_close_matches(key, same or names, n=1, cutoff=0.0)[0]


def _without_common_start(one: str, other: str) -> tuple[str, str]:
    """Return both names without the prefix of variables and the sections that they have in common."""
    ends = [found.end() for found in SECTION_END.finditer(one)]
    start = max((end for end in ends if other.startswith(one[:end])), default=0)
    return one[start:], other[start:]


def name_hint(key: str, among: Iterable[str]) -> str:
    """Return `did you mean web.port?` for a near miss, else words that only name the nearest known name.

    Prefix and sections that both names have make no name similar: `sync.banana` is no slip for `sync.bots`.
    """
    guess = nearest_name(key, among)
    given, known = _without_common_start(key, guess)
    is_near = bool(get_close_matches(given, [known], n=1, cutoff=NEAR_MISS))
    same_word = guess.rpartition(".")[2] == key.rpartition(".")[2]
    return f"did you mean {guess}?" if is_near or same_word else f"the nearest known name is {guess}"


def environment_variable_of_key(key: str) -> str:
    """Return the environment variable of a key."""
    return ENVIRONMENT_VARIABLE_PREFIX + key.upper().replace(".", "__")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedValue:
    """A value as it was read, and its source as text that follows "in"."""

    value: object = field(repr=False)  # may be a secret
    source: str


ConfigurationLayer = dict[str, SourcedValue]


def read_environment_layer(environ: Mapping[str, str], problems: list[str]) -> ConfigurationLayer:
    """Read every `RECONCILER_…` variable except RECONCILER_CONFIG. What is wrong is added to `problems`."""
    layer: ConfigurationLayer = {}
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_VARIABLE_PREFIX) and name != CONFIG_FILE_VARIABLE:
            key = name.removeprefix(ENVIRONMENT_VARIABLE_PREFIX).lower().replace("__", ".")
            if key in known_keys() or key in known_sections():
                place = f"the environment variable {name}"
                layer.update(_layer_from_text(key, environ[name], place, problems))
            else:
                problems.append(_unknown_variable(name))
    return layer


def read_common_variables_layer(environ: Mapping[str, str], settings: Settings) -> ConfigurationLayer:
    """Return `github.proxy` and `github.ca_file` by the variables that other programs obey.

    For `github.trust_environment`. A proxy is left out where NO_PROXY names the API's host.
    """
    layer: ConfigurationLayer = {}
    variables = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    name = next((each for each in variables if environ.get(each)), None)
    host = urlsplit(settings.github.api_url).hostname or ""
    if name and not _is_in_no_proxy(host, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        address = environ[name] if "://" in environ[name] else f"http://{environ[name]}"
        source = f"the environment variable {name}"
        layer["github.proxy"] = SourcedValue(value=address.rstrip("/"), source=source)
    if file := environ.get("SSL_CERT_FILE"):
        layer["github.ca_file"] = SourcedValue(value=file, source="the environment variable SSL_CERT_FILE")
    return layer


def _is_in_no_proxy(host: str, listed: str) -> bool:
    """Whether NO_PROXY, a list of names with or without a dot before them, holds this host."""
    names = [name.strip().lower().removeprefix("*").lstrip(".") for name in listed.split(",")]
    return "*" in listed.split(",") or any(name and f".{host}".endswith(f".{name}") for name in names)


def read_systemd_credentials_layer(directory: Path | None, problems: list[str]) -> ConfigurationLayer:
    """Read systemd's credential files `section.key`; `github.app.private_key` is the key file itself.

    Files of other services are ignored. An unknown key in a known section is added to `problems`, and what
    can't be read.
    """
    layer: ConfigurationLayer = {}
    for path in _credential_files(directory, problems):
        place = f"the credential {path.name}"
        if path.name == "github.app.private_key":
            layer["github.app.private_key_file"] = SourcedValue(value=str(path), source=place)
        elif path.name in known_keys():
            text = _read_text_file(path, place, problems)
            if text is not None:
                layer.update(_layer_from_text(path.name, text.rstrip("\r\n"), place, problems))
        elif path.name.rpartition(".")[0] in known_sections():
            problems.append(_unknown_key(path.name, place))
    return layer


def read_file_layer(path: Path, problems: list[str]) -> ConfigurationLayer:
    """Read a TOML file. What is no TOML, can't be read, or is an unknown key is added to `problems`."""
    place = f"the file {path}"
    text = _read_text_file(path, place, problems)
    try:
        table = tomllib.loads(text or "")
    except (
        ValueError,
        RecursionError,
    ) as error:  # not TOML, a number that is too large, or nesting that is too deep
        problems.append(f"TOML cannot be read, in {place}: {error}; correct that line")
        return {}
    return _layer_from_table(table, place, problems)


def build_overrides_layer(flags: RawValues) -> ConfigurationLayer:
    """Return values that a caller gives by dotted key."""
    return {
        key: SourcedValue(value=value, source="the command's own settings") for key, value in flags.items()
    }


def _credential_files(directory: Path | None, problems: list[str]) -> list[Path]:
    if directory is None:
        return []
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problems.append(
            f"credentials cannot be listed, in $CREDENTIALS_DIRECTORY {directory}: {reason}; "
            "unset the variable, or let systemd set it"
        )
        return []


def _read_text_file(path: Path, place: str, problems: list[str]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"text is not UTF-8, in {place}, at byte {error.start}; save it as UTF-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        problems.append(f"configuration cannot be read, in {place}: {reason}; check its path and permissions")
    return None


def _layer_from_text(key: str, text: str, place: str, problems: list[str]) -> ConfigurationLayer:
    """Read one known key from text, or a known section from a JSON object."""
    try:
        if key in known_sections():
            return _layer_from_table(_nest_value(key, json.loads(text)), place, problems)
        return {key: SourcedValue(value=_parse_value(key, text), source=place)}
    except (ValueError, RecursionError) as error:
        example = environment_variable_of_key("sync.severity.high") + """='["high-priority", "high"]'"""
        problems.append(f"{key} is not JSON, in {place}: {error}; write it as in {example}")
        return {}


def _nest_value(key: str, value: object) -> dict[str, Any]:
    table: Any = value
    for part in reversed(key.split(".")):
        table = {part: table}
    return dict(table)


def _parse_value(key: str, text: str) -> object:
    """Return the value that this text means for the key. Broken JSON raises ValueError, RecursionError."""
    kind = type_of_key(key)
    if get_origin(kind) in (tuple, dict):
        return json.loads(text)
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    if kind in (int, float):
        return _parse_number(kind, text)
    return text


def _parse_number(kind: type[int] | type[float], text: str) -> object:
    try:
        return kind(text)
    except ValueError:
        return text  # validation reports the problem


def _layer_from_table(table: Mapping[str, Any], place: str, problems: list[str]) -> ConfigurationLayer:
    values = _flatten_table(table, "", place, problems)
    return {key: SourcedValue(value=value, source=place) for key, value in values}


def _flatten_table(
    table: Mapping[str, Any], above: str, place: str, problems: list[str]
) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        key = above + name
        if key in known_keys():
            yield key, value
        elif key not in known_sections():
            problems.append(_unknown_key(key, place, is_section=isinstance(value, dict)))
        elif isinstance(value, dict):
            yield from _flatten_table(value, f"{key}.", place, problems)
        else:
            problems.append(f"{key} is a section, not a value, in {place}; write its keys below [{key}]")


def _unknown_key(key: str, place: str, *, is_section: bool = False) -> str:
    """Say that a key or table is unknown, with the most similar known one."""
    hint = name_hint(key, sorted(known_sections()) if is_section else known_keys())
    shown = key.encode("unicode_escape").decode("ascii")
    return f"{shown} is unknown, in {place}; {hint}"


def _unknown_variable(name: str) -> str:
    names = [
        *map(environment_variable_of_key, known_keys()),
        *map(environment_variable_of_key, known_sections()),
        CONFIG_FILE_VARIABLE,
    ]
    return f"{name} is unknown, in the environment; {name_hint(name, names)}"


def systemd_credentials_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the directory of this unit's systemd credentials, if any."""
    text = environ.get("CREDENTIALS_DIRECTORY")
    return Path(text) if text else None


def find_configuration_file(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return `--config`, else $RECONCILER_CONFIG (both must exist), else the first existing default path.

    Raises ConfigurationError for root, where that is another user's file in the working directory.
    """
    if explicit is not None:
        return explicit
    if named := environ.get(CONFIG_FILE_VARIABLE):
        return Path(named)
    defaults = (Path("config.toml"), Path("/etc/bugspark-reconciler/config.toml"))
    found = next((path for path in defaults if os.path.lexists(path)), None)
    if found == defaults[0] and os.geteuid() == 0:
        _require_owner_root(found)
    return found


def _require_owner_root(path: Path) -> None:
    """Refuse a file that another user may have put there. Raises ConfigurationError."""
    owners = {path.lstat().st_uid}
    if path.exists():
        owners.add(path.stat().st_uid)
    if owners - {0}:
        raise ConfigurationError(
            f"./{path} was not named and belongs to user {max(owners)}, while this command runs as root; "
            f"name it with --config ./{path} if it is yours, or start the command elsewhere"
        )
