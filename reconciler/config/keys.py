"""The known keys, taken from the settings' fields, and the nearest of them to a misspelt one."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reconciler.config.settings import Settings

VARIABLE_PREFIX = "RECONCILER_"
FILE_VARIABLE = "RECONCILER_CONFIG"


def _leaf_fields(model: type[BaseModel], above: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaf_fields(field.annotation, f"{above}{name}.")
        else:
            yield above + name, field


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


def value_type(key: str) -> Any:
    """Return the type of the key's value: bool, int, float, str, Secret, a Literal, tuple[…] or dict[…]."""
    return known_keys()[key].annotation


def nearest_name(key: str, among: Iterable[str]) -> str:
    """Return the most similar name; one with the same last word wins over one that is only similar."""
    names = list(among)
    word = key.rpartition(".")[2]
    same = [name for name in names if name.rpartition(".")[2] == word]
    return get_close_matches(key, same or names, n=1, cutoff=0.0)[0]


def variable_name(key: str) -> str:
    """Return the environment variable of a key."""
    return VARIABLE_PREFIX + key.upper().replace(".", "__")
