"""Values behave as the standard library's frozen dataclasses do."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from reconciler.model import values


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """One of ours."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = dataclasses.field(default_factory=tuple)
    secret: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The same, by the standard decorator."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = dataclasses.field(default_factory=tuple)
    secret: str = dataclasses.field(default="", repr=False)


BOTH: list[Any] = [Quick, Standard]


@pytest.mark.parametrize("kind", BOTH)
def test_a_value_is_equal_to_one_with_the_same_fields_and_to_nothing_else(kind: Any) -> None:
    one, same, other = kind(name="a"), kind(name="a", size=3), kind(name="a", size=4)
    assert (one == same, one == other, hash(one) == hash(same)) == (True, False, True)
    assert {one, same, other} == {one, other}
    assert one != next(each for each in BOTH if each is not kind)(name="a")
    assert one != ("a", 3, (), "")


@pytest.mark.parametrize("kind", BOTH)
def test_a_value_never_changes(kind: Any) -> None:
    one = kind(name="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    with pytest.raises((AttributeError, TypeError)):
        one.unknown = 1
    assert one == kind(name="a")


@pytest.mark.parametrize("kind", BOTH)
def test_a_value_is_shown_replaced_copied_and_taken_apart(kind: Any) -> None:
    one = kind(name="a", secret="s3cret")
    assert repr(one) == f"{kind.__name__}(name='a', size=3, parts=())"
    assert dataclasses.replace(one, size=9) == kind(name="a", size=9, secret="s3cret")
    assert dataclasses.asdict(one) == {"name": "a", "size": 3, "parts": (), "secret": "s3cret"}
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError):
        kind("a")


def test_only_frozen_classes_with_slots_are_made() -> None:
    with pytest.raises(TypeError, match=r"dataclasses\.dataclass"):
        values.dataclass(frozen=False, slots=True)
