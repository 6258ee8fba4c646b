"""The product stays readable: the limits of `bench/structure.py` hold."""

import pytest

from bench import structure


def test_every_figure_is_within_its_limit() -> None:
    measured = structure.measure()
    exceeded = measured.exceeded()
    assert not exceeded, {name: measured.listed.get(name, ())[:20] for name in exceeded}


@pytest.mark.parametrize("name", ["told", "_held", "accepted", "paced"])
def test_a_participle_is_recognised(name: str) -> None:
    assert structure.is_participle(name)


@pytest.mark.parametrize("name", ["record_confirmation", "feed", "has_moved", "need", "guarded_plan"])
def test_other_names_are_no_participles(name: str) -> None:
    assert not structure.is_participle(name)
