"""`dataclass(frozen=True, slots=True, kw_only=True)`, made in a quarter of the time.

The standard decorator writes and compiles six methods for each class; for all of this program's nouns that
was a sixth of a short command's time (docs/decisions/0051-values.md). Here only `__init__` is generated, the
other methods are shared. For type checkers it is the standard decorator itself.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type], type]:
        """The standard decorator for frozen classes with slots; other ones are its own to make."""
        if not (frozen and slots):
            raise TypeError("values are frozen and have slots; take dataclasses.dataclass for anything else")

        def make(cls: type) -> type:
            cls.__setattr__ = _set_once
            made = dataclasses.dataclass(eq=False, repr=False, slots=True, kw_only=kw_only)(cls)
            for name, method in SHARED.items():
                if name not in cls.__dict__:
                    setattr(made, name, method)
            return made

        return make


_set = object.__setattr__


def _set_once(self: Any, name: str, value: object) -> None:
    """`__init__` sets each field once; whoever comes later is refused."""
    if hasattr(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    _set(self, name, value)  # refuses, by the slots, what is no field


def _delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _equal(self: Any, other: Any) -> Any:
    if self is other:
        return True
    if self.__class__ is not other.__class__:
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in self.__dataclass_fields__)


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, name) for name in self.__dataclass_fields__))


def _shown(self: Any) -> str:
    fields = (field for field in self.__dataclass_fields__.values() if field.repr)
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


SHARED: dict[str, Callable[..., Any]] = {
    "__delattr__": _delete,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _shown,
}
