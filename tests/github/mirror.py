"""A mirror of a repository's lists that stores rows and position together, as a pass does."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from reconciler.model.issue import Issue, ListState, RemoteComment
from reconciler.ports import ListPage
from tests.github.client_harness import ClientHarness
from tests.support.github import GitHub

T = TypeVar("T")


class Crash(Exception):
    """The process ends between two transactions."""


class Reader(Protocol):
    def issue_changes(self, state: ListState | None) -> AsyncIterator[ListPage[Issue]]: ...

    def comment_changes(self, state: ListState | None) -> AsyncIterator[ListPage[RemoteComment]]: ...


@dataclass(slots=True)
class Mirror:
    """The rows and list positions that one client has stored."""

    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, RemoteComment] = field(default_factory=dict)
    issue_list: ListState | None = None
    comment_list: ListState | None = None
    delivered: int = 0
    """Rows received, known ones included."""
    news: int = 0
    """Rows received that differ from the stored ones."""
    crash_after: int | None = None
    """Pages until the process ends; None: never."""

    async def follow(self, reader: Reader) -> None:
        """Read both lists once, as a pass does."""
        held: list[Issue] = []
        async for page in reader.issue_changes(self.issue_list):
            held += page.rows
            self._count(page, [self.issues.get(row.number) for row in page.rows])
            if page.state is not None:
                self.issues.update((row.number, row) for row in held)
                self.issue_list, held = page.state, []
        waiting: list[RemoteComment] = []
        async for notes in reader.comment_changes(self.comment_list):
            waiting += notes.rows
            self._count(notes, [self.comments.get(row.id) for row in notes.rows])
            if notes.state is not None:
                self.comments.update((row.id, row) for row in waiting)
                self.comment_list, waiting = notes.state, []

    def _count(self, page: ListPage[T], known: Sequence[T | None]) -> None:
        assert not page.poisoned
        self.delivered += len(page.rows)
        self.news += sum(row != before for row, before in zip(page.rows, known, strict=True))
        if self.crash_after is not None:
            self.crash_after -= 1
            if self.crash_after < 0:
                self.crash_after = None
                raise Crash

    def shown(self) -> dict[int, tuple[str, str, tuple[str, ...], int]]:
        """Return the issues as the mirror has them."""
        return {n: (row.state.value, row.title, row.labels, row.comments) for n, row in self.issues.items()}


def issues_on_github(github: GitHub) -> dict[int, tuple[str, str, tuple[str, ...], int]]:
    """Return the issues as they are on GitHub, without pull requests."""
    web = github.web
    return {
        row.number: (row.state, row.title, tuple(web.label_names(row.number)), row.comments)
        for row in web.issues
        if not row.pull_request
    }


async def quiet_pass_is_free(harness: ClientHarness, mirror: Mirror, github: GitHub) -> None:
    """Assert that one more pass sends two requests, both answered 304, and receives no row."""
    reader, asked, delivered = harness.another(), len(github.simulator.requests), mirror.delivered
    await mirror.follow(reader)
    statuses = [seen.status for seen in github.simulator.requests[asked:]]
    assert statuses == [304, 304]
    assert (reader.cost().requests, reader.cost().not_modified, reader.cost().cost) == (2, 2, 0)
    assert mirror.delivered == delivered
