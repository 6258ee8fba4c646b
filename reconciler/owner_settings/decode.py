"""Settings from JSON text, strictly, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from reconciler.errors import WrongSettingError
from reconciler.owner_settings.checks import check_object, wrong
from reconciler.owner_settings.keys import KEYS
from reconciler.owner_settings.values import ProjectSettings

MAX_SETTINGS_BYTES = 32 * 1024


def decode_settings(text: str | bytes) -> ProjectSettings:
    """Read settings. Raises WrongSettingError that names the key which is unknown, wrong or not available."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    if len(raw) > MAX_SETTINGS_BYTES:
        raise wrong("", f"is longer than {MAX_SETTINGS_BYTES} bytes", "shorten it")
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_reject_duplicate_members, parse_constant=_reject_constant
        )
    except WrongSettingError:
        raise
    except (ValueError, RecursionError):
        raise wrong("", "is not JSON", 'write an object such as {"conflict": "newest"}') from None
    members = check_object("", value, list(KEYS))
    values: dict[str, Any] = {}
    for name, member in members.items():
        values[name] = KEYS[name].check(name, member)
    return ProjectSettings(**values)


def _reject_duplicate_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise wrong(twice[:200], "stands twice in one object", "remove one of them")
    return members


def _reject_constant(word: str) -> object:
    raise ValueError(word)


def settings_as_json(settings: ProjectSettings) -> dict[str, Any]:
    """Return the keys that have a value, as plain JSON values."""
    values = {each.name: getattr(settings, each.name) for each in fields(settings)}
    return {name: _as_json_value(value) for name, value in values.items() if value is not None}


def encode_settings(settings: ProjectSettings) -> str:
    """Return settings as JSON text, the same text for the same settings."""
    return json.dumps(settings_as_json(settings), ensure_ascii=False, separators=(",", ":"))


def _as_json_value(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _as_json_value(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_as_json_value(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _as_json_value(each) for name, each in asdict(value).items() if each}  # type: ignore[call-overload]
    return str(value) if isinstance(value, str) else value
