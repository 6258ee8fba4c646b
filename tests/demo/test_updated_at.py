"""docs/reference/github.md, Lists: what moves an issue's `updated_at`."""

from collections.abc import Callable

import pytest

from reconciler.demo.github.world import Repository
from tests.support.github import GitHub

MOVES: dict[str, Callable[[Repository], object]] = {
    "closing": lambda web: web.close(1, by="alice"),
    "title": lambda web: web.retitle(1, "Other", by="alice"),
    "text": lambda web: web.rewrite(1, "Other", by="alice"),
    "label": lambda web: web.label(1, "bug", by="alice"),
    "label off": lambda web: web.unlabel(1, "old", by="alice"),
    "comment": lambda web: web.comment(1, "New", by="bob"),
    "lock": lambda web: web.lock(1, by="alice"),
}
STAYS: dict[str, Callable[[Repository], object]] = {
    "reaction": lambda web: web.react(1),
    "same title": lambda web: web.retitle(1, "Title", by="alice"),
    "same label": lambda web: web.label(1, "OLD", by="alice"),
    "reopening an open one": lambda web: web.reopen(1, by="alice"),
    "label deleted": lambda web: web.delete_label("old", by="alice"),
}


def moved(github: GitHub, act: Callable[[Repository], object]) -> bool:
    github.web.open_issue("Title", "Text", by="alice", labels=["old"])
    before = github.web.issue(1).updated
    github.clock.advance(7.5)
    act(github.web)
    assert github.web.issue(1).updated in (before, before + 7)
    return github.web.issue(1).updated != before


@pytest.mark.parametrize("name", MOVES)
def test_moves(github_unserved: GitHub, name: str) -> None:
    assert moved(github_unserved, MOVES[name])


@pytest.mark.parametrize("name", STAYS)
def test_stays(github_unserved: GitHub, name: str) -> None:
    assert not moved(github_unserved, STAYS[name])


@pytest.mark.parametrize("bumps", [True, False])
def test_an_edited_comment_is_a_switch(github_unserved: GitHub, bumps: bool) -> None:
    github_unserved.world.assume(comment_edit_bumps_issue=bumps)

    def edit(web: Repository) -> None:
        web.edit_comment(comment.id, "Edited", by="bob")

    web = github_unserved.web
    web.open_issue("Title", by="alice")
    comment = web.comment(1, "First", by="bob")
    before = web.issue(1).updated
    github_unserved.clock.advance(5)
    edit(web)
    assert (web.issue(1).updated != before) is bumps
    assert web.thread(1)[0].updated == comment.updated + 5


@pytest.mark.parametrize("bumps", [True, False])
def test_a_renamed_label_is_a_switch(github_unserved: GitHub, bumps: bool) -> None:
    github_unserved.world.assume(label_rename_bumps_issues=bumps)
    assert moved(github_unserved, lambda web: web.rename_label("old", "new", by="alice")) is bumps
    assert github_unserved.web.label_names(1) == ["new"]
