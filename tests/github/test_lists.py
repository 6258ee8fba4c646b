"""Probe and drain against the simulator: quiet passes cost nothing, and nothing is ever missed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.model.issue import Issue, ListState
from reconciler.ports import Page
from tests.github.doors import Door
from tests.support.github import GitHub

T = TypeVar("T")


@dataclass(slots=True)
class Applied:
    """What a pass applies: the rows in order, and the last state that came with rows."""

    state: ListState | None
    issues: list[Issue] = field(default_factory=list)


async def read(pages: AsyncIterator[Page[T]]) -> tuple[list[T], list[ListState]]:
    rows: list[T] = []
    states: list[ListState] = []
    async for page in pages:
        assert not page.poisoned
        rows += page.rows
        states += [page.state] if page.state else []
    return rows, states


async def test_a_quiet_list_answers_with_one_free_304_and_yields_nothing(door: Door, github: GitHub) -> None:
    github.web.open_issue("One", by="alice")
    _, states = await read(door.repository.issue_changes(None))
    before = door.repository.cost()
    assert await read(door.repository.issue_changes(states[-1])) == ([], [])
    after = door.repository.cost()
    assert (after.requests - before.requests, after.not_modified, after.cost) == (1, 1, before.cost)
