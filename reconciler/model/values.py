"""`dataclass(frozen=True, slots=True, kw_only=True)`, made in a tenth of the time.

The standard decorator writes and compiles six methods for each class; for all of this program's nouns that
was a sixth of a short command's time (docs/decisions/0051-values.md). Here nothing is compiled before it is
used: the first value of a class brings its `__init__`, the first comparison its `__eq__`; the other methods
are shared. For type checkers it is the standard decorator itself.
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
            bare = dataclasses.dataclass(init=False, eq=False, repr=False, slots=True, kw_only=kw_only)
            made = bare(cls)
            for name, method in SHARED.items():
                if name not in cls.__dict__:
                    setattr(made, name, method)
            return made

        return make


def _first_init(self: Any, /, *args: Any, **named: Any) -> None:
    cls = type(self)
    cls.__init__ = _init(cls)
    self.__init__(*args, **named)


def _first_equal(self: Any, other: Any) -> Any:
    cls = type(self)
    cls.__eq__ = _equal(cls)
    return self == other


def _init(cls: Any) -> Callable[..., None]:
    """What the standard decorator writes, setting fields past `__setattr__`."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": object()}
    by_place, by_name, body = ["self"], ["*"], []
    for field in dataclasses.fields(cls):
        name, parameter, value = field.name, field.name, field.name
        if field.default is not dataclasses.MISSING:
            known[f"_{name}"], parameter = field.default, f"{name}=_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_{name}"], parameter = field.default_factory, f"{name}=_absent"
            value = f"_{name}() if {name} is _absent else {name}"
        (by_name if field.kw_only else by_place).append(parameter)
        body.append(f"_set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    return _written(
        cls, "__init__", by_place + (by_name if len(by_name) > 1 else []), body or ["pass"], known
    )


def _equal(cls: Any) -> Callable[..., Any]:
    compared = (field.name for field in dataclasses.fields(cls) if field.compare)
    pairs = [f"self.{name} == other.{name}" for name in compared]
    body = [
        "if self is other: return True",
        "if self.__class__ is not other.__class__: return NotImplemented",
        f"return {' and '.join(pairs) or True}",
    ]
    return _written(cls, "__eq__", ["self", "other"], body, {})


def _written(
    cls: Any, name: str, parameters: list[str], body: list[str], known: dict[str, Any]
) -> Callable[..., Any]:
    """A method of this class, from names that are fields' names and so can say nothing else."""
    text = f"def {name}({', '.join(parameters)}):\n " + "\n ".join(body)
    exec(text, known)  # noqa: S102 - as `dataclasses` and `namedtuple` do
    method: Callable[..., Any] = known[name]
    method.__qualname__ = f"{cls.__qualname__}.{name}"  # said by the TypeError for a missing field
    return method


_set = object.__setattr__


def _set_once(self: Any, name: str, value: object) -> None:
    """Whoever copies a value sets each field once; whoever comes later is refused."""
    if hasattr(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    _set(self, name, value)  # refuses, by the slots, what is no field


def _delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _hash(self: Any) -> int:
    compared = (name for name, field in self.__dataclass_fields__.items() if field.compare)
    return hash(tuple(getattr(self, name) for name in compared))


def _shown(self: Any) -> str:
    fields = (field for field in self.__dataclass_fields__.values() if field.repr)
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


SHARED: dict[str, Callable[..., Any]] = {
    "__init__": _first_init,
    "__setattr__": _set_once,
    "__delattr__": _delete,
    "__eq__": _first_equal,
    "__hash__": _hash,
    "__repr__": _shown,
}
