"""Titles in lists read as on the report's own page: what came from GitHub is not unescaped."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.github import GitHub, github
from tests.support.sync import Sync, open_sync
from tests.web.browsing import page
from tests.web.page_fixtures import client, queue, served

__all__ = ["client", "github", "queue", "served"]

OF_GITHUB, OF_BUGSPARK = "Show &lt;b&gt; as text", "Don&#x27;t show &lt;i&gt;"


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github, sync={"title": "both"}) as world:
        yield world


async def test_a_listed_title_reads_as_on_its_own_side(sync: Sync, client: httpx.AsyncClient) -> None:
    from_github, number = await sync.linked()
    sync.github.web.retitle(number, OF_GITHUB, by="alice")
    await sync.linked(title=OF_BUGSPARK)
    await sync.settle()
    stored = sync.bugspark.report(from_github)
    assert stored is not None and stored["title"] == OF_GITHUB
    listed = (await page(client, f"/projects/{sync.project}")).shown_text
    shown = (await page(client, f"/reports/{from_github}")).shown_text
    assert OF_GITHUB in listed and OF_GITHUB in shown
    assert "Don't show <i>" in listed
    assert sync.github.web.issue(number).title == OF_GITHUB
