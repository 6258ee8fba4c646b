"""Labels in GitHub's colours: always readable, and a changed colour causes no sync."""

from itertools import product
from typing import Any

import httpx
import msgspec
import pytest

from reconciler.github import translate
from reconciler.github.wire import IssueRow
from reconciler.model.passes import NullProgress
from reconciler.web.pages.label_colours import DARK, LIGHT, ink_for_background, relative_luminance
from tests.support.github import github
from tests.support.sync import Sync
from tests.web.browsing import HTML
from tests.web.page_fixtures import HOSTILE, client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]

STEPS = ("00", "2b", "55", "76", "77", "80", "b3", "ff")
INKS = {LIGHT: 1.0, DARK: 0.0}


def contrast(one: float, other: float) -> float:
    lighter, darker = max(one, other), min(one, other)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_name_is_readable_on_every_colour() -> None:
    for parts in product(STEPS, repeat=3):
        colour = "".join(parts)
        assert contrast(relative_luminance(colour), INKS[ink_for_background(colour)]) >= 4.5, colour
    assert (ink_for_background("000000"), ink_for_background("ffffff"), ink_for_background("fbca04")) == (
        LIGHT,
        DARK,
        DARK,
    )


async def page_of(client: httpx.AsyncClient, report: object) -> str:
    answer = await client.get(f"/reports/{report}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


async def test_labels_are_shown_in_their_colours_and_a_new_colour_changes_nothing(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(severity="high")
    web = sync.github.web
    web.paint_label("high-priority", "B60205", by="alice")
    web.paint_label(HOSTILE, "fbca04", by="alice")
    web.label(number, HOSTILE, by="alice")
    await sync.settle()
    seen = await page_of(client, report)
    assert seen.count('fill="#b60205"') == 2  # among the labels, and beside BugSpark's severity
    assert 'fill="#fbca04"' in seen and "<script>alert" not in seen and "\u202e" not in seen
    assert 'style="' not in seen
    changes = sync.bugspark.rows_of("sync_changes")
    runs = sync.bugspark.rows_of("sync_runs")
    web.paint_label("high-priority", "0e8a16", by="alice")
    for _ in range(2):
        result = await sync.run()
        assert (result.is_uneventful, result.github.writes, result.conflicts) == (True, 0, 0)
    assert sync.bugspark.rows_of("sync_runs") == runs
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())
    assert 'fill="#0e8a16"' in await page_of(client, report)
    assert sync.bugspark.rows_of("sync_changes") == changes


@pytest.mark.parametrize(
    ("colour", "kept"),
    [
        ("D73A4A", "d73a4a"),
        ("d73a4", None),
        ("d73a4a0", None),
        ('"/><script>', None),
        ("red", None),
        ("#d73a4a", None),
        ("", None),
        (None, None),
        (7, None),
        ({"a": [1]}, None),
        ("d73a4a\n", None),
    ],
)
def test_a_colour_is_six_digits_or_none_and_no_reason_to_refuse_an_issue(
    colour: Any, kept: str | None
) -> None:
    issue = read([{"name": "bug", "color": colour}, "bare", {"name": "plain"}])
    assert issue.labels == ("bug", "bare", "plain")
    assert issue.colours == ((("bug", kept),) if kept else ())


def test_so_many_colours_are_kept_and_no_more() -> None:
    many = [{"name": str(each), "color": "ededed"} for each in range(150)]
    assert len(read(many).colours) == translate.MAX_COLOURS


def read(labels: list[Any]) -> Any:
    row = {
        "id": 1,
        "number": 1,
        "title": "t",
        "state": "open",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "labels": labels,
        "comments": 0,
    }
    return translate.to_issue(msgspec.json.decode(msgspec.json.encode(row), type=IssueRow))
