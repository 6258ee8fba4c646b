"""`sync.comments_from`: whose comments are brought over, and what happens while GitHub does not say whose."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from reconciler.decide.comment_exclusion import AUTHOR_UNKNOWN, NOT_A_COLLABORATOR
from reconciler.model.passes import NullProgress
from reconciler.model.report_detail import SkippedComments
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync

HEARD = "**alice** (via GitHub):\n\nfrom inside"


@pytest.fixture
async def only_inside(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(world_url, github, sync={"comments_from": "collaborators"}) as sync:
        yield sync


def show_association(sync: Sync, comment: int, *association: Any) -> None:
    """How GitHub shows the comment's `author_association`, everywhere; nothing given: not at all."""

    def edit(row: dict[str, Any]) -> None:
        row.pop("author_association", None)
        if association:
            row["author_association"] = association[0]

    sync.github.simulator.views.edits[comment] = edit


async def skipped(sync: Sync, report: Any) -> tuple[SkippedComments, ...]:
    return (await sync.app.explain_report(str(report))).skipped


async def verify(sync: Sync) -> None:
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())


async def test_an_author_that_lists_do_not_tell_of_is_asked_for(only_inside: Sync) -> None:
    sync = only_inside
    sync.github.world.assume(listed_comments_have_association=False)
    report, number = await sync.linked()
    sync.github.web.comment(number, "from outside", by="bob")
    sync.github.web.comment(number, "from inside", by="alice")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == [HEARD]
    assert await skipped(sync, report) == (SkippedComments(reason=NOT_A_COLLABORATOR, count=1),)


@pytest.mark.parametrize("association", [(), (None,), ("SPONSOR",)])
async def test_a_comment_of_an_unknown_author_is_counted_and_brought_over_once_it_is_known(
    only_inside: Sync, association: tuple[Any, ...]
) -> None:
    sync = only_inside
    report, number = await sync.linked()
    inside = sync.github.web.comment(number, "from inside", by="alice").id
    outside = sync.github.web.comment(number, "from outside", by="bob").id
    for comment in (inside, outside):
        show_association(sync, comment, *association)
    await sync.settle()
    assert sync.texts_in_bugspark(report) == []
    assert await skipped(sync, report) == (SkippedComments(reason=AUTHOR_UNKNOWN, count=2),)
    sync.github.simulator.views.edits.clear()
    await verify(sync)
    assert sync.texts_in_bugspark(report) == [HEARD]
    assert await skipped(sync, report) == (SkippedComments(reason=NOT_A_COLLABORATOR, count=1),)
    await verify(sync)
    assert sync.texts_in_bugspark(report) == [HEARD]
    assert sync.texts_on_github(number) == ["from inside", "from outside"]


@pytest.mark.parametrize("association", ["Member", "owner", "Collaborator"])
async def test_the_case_of_an_association_does_not_count(only_inside: Sync, association: str) -> None:
    sync = only_inside
    report, number = await sync.linked()
    show_association(sync, sync.github.web.comment(number, "from inside", by="alice").id, association)
    await sync.settle()
    assert sync.texts_in_bugspark(report) == [HEARD]


@pytest.mark.parametrize("association", [(), (None,), ("SPONSOR",)])
async def test_an_unknown_author_changes_nothing_where_all_comments_are_imported(
    sync: Sync, association: tuple[Any, ...]
) -> None:
    report, number = await sync.linked()
    show_association(sync, sync.github.web.comment(number, "from inside", by="alice").id, *association)
    await sync.run()
    assert sync.texts_in_bugspark(report) == [HEARD]
    assert not [seen for seen in sync.asked if "/issues/comments/" in seen.path]
    assert await skipped(sync, report) == ()
