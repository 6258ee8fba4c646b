"""The search for the token finds it: a test of the tests (invariant 13)."""

from pathlib import Path

import pytest

from reconciler.errors import ProjectError
from tests.support import canary
from tests.support.bugspark import BugSpark, connected
from tests.support.github import make_github
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


def test_the_token_is_found_in_any_text() -> None:
    for text in (f"Bearer {canary.BOT_TOKEN}", canary.BOT_TOKEN.encode(), {"token": canary.BOT_TOKEN}):
        with pytest.raises(canary.Escaped) as caught:
            canary.search("here", text)
        assert canary.CANARY not in str(caught.value)


def test_the_token_is_found_in_a_row_but_not_in_bugsparks_own(sqlite_template: Path) -> None:
    with connected(f"sqlite:///{sqlite_template}") as engine:
        people = BugSpark(engine)
        project = people.add_project()
        people.add_integration(project, token=canary.BOT_TOKEN)
        canary.search_rows(engine)
        people.add_report(project, f"it says {canary.BOT_TOKEN}")
        with pytest.raises(canary.Escaped, match="a row of reports"):
            canary.search_rows(engine)


async def test_the_token_is_found_in_an_address_on_github() -> None:
    github = make_github()
    async with github.simulator.serve(), github.client() as client:
        await client.get("/user")
        canary.search_requests(github.simulator)
        await client.get(f"/user?token={github.token}")
    with pytest.raises(canary.Escaped, match="GET /user"):
        canary.search_requests(github.simulator)


def test_the_token_is_found_in_an_error_nobody_shows(the_token_may_show: None) -> None:
    with canary.watched_errors() as found:
        ProjectError(f"refused: {canary.BOT_TOKEN}")
    assert len(found) == 1
    assert canary.CANARY not in found[0]
