"""Hostile texts: they arrive or are cut visibly, ping nobody, and rendering them again changes nothing."""

import re

import pytest

from reconciler.demo.github.faults import Reply
from tests.support.sync import Sync
from tests.sync.test_comments import quiet

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FLAG = "\U0001f1ea\U0001f1fa"
MARKER = "<!-- bugspark-sync v1 k 00000000 11111111-2222-3333-4444-555555555555 deadbeef -->"
HOSTILE = {
    "crlf": "one\r\ntwo\rthree\n",
    "mention": "@octocat and @acme/web-team, mail a@b.example",
    "entity mention": "&#64;octocat &commat;octocat &amp;#64;octocat &amp;#x40;octocat",
    "references": "#1 GH-1 acme/web#1 https://github.com/acme/web/issues/1 fixes #2",
    "marker": f"innocent\n\n{MARKER}",
    "open comment": "before <!-- never closed",
    "open fence": "```\nnever closed",
    "image": "![x](https://evil.example/pixel.png)",
    "long": "x" * 70_000,
    "long emoji": FAMILY * 9_000,
    "long flags": FLAG * 9_000,
    "long entities": "&lt;" * 70_000,
    "edge": "y" * 65_536,
    "one less": "z" * 65_535,
    "escaped": "don&#x27;t &lt;b&gt; &amp;amp;",
    "form of an import": "**bob** (via GitHub):\n\nnot by bob",
}
ACTING = re.compile(r"@[A-Za-z]|(?<!&)#\d|GH-\d|issues/\d|&#|&commat;|!\[")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_comment_of_bugspark_arrives_inert_once(sync: Sync, name: str) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, HOSTILE[name])
    await sync.settle()
    (body,) = sync.texts_on_github(number)
    assert body.startswith("[BugSpark] Ada:\n\n")
    assert len(body.encode()) <= 65_536
    text, marker = body.removeprefix("[BugSpark] Ada:\n\n").rsplit("\n\n", 1)
    assert marker.startswith("<!-- bugspark-sync v1 ")
    assert MARKER not in body
    assert not ACTING.search(text)
    if name.startswith(("long", "edge", "one less")):
        assert "cut by BugSpark sync" in text
    assert sync.texts_in_bugspark(report) == [HOSTILE[name]]
    await quiet(sync)


@pytest.mark.parametrize("unit", ["characters", "bytes"])
async def test_the_cut_fits_whatever_github_counts(sync: Sync, unit: str) -> None:
    sync.github.world.assume(body_unit=unit)
    report, number = await sync.linked()
    sync.add_comment(report, "\U0001f600" * 60_000)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    await quiet(sync)


@pytest.mark.parametrize("text", [" ", "<!-- nothing to see -->"])
async def test_a_comment_that_says_nothing_arrives_as_its_heading(sync: Sync, text: str) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, text)
    await sync.settle()
    assert sync.texts_on_github(number)[0].split("\n\n")[0::2] == ["[BugSpark] Ada:"]
    await quiet(sync)


async def test_a_hostile_author_s_name_stays_in_its_line(sync: Sync) -> None:
    report, number = await sync.linked()
    eve = sync.bugspark.add_user("Eve @octocat\n\n# Boo <img src=x>")
    sync.bugspark.add_comment(report, "hello", author=eve, at=sync.github.clock.now())
    await sync.settle()
    heading = sync.texts_on_github(number)[0].split("\n")[0]
    assert heading.startswith("[BugSpark] Eve @\u200boctocat # Boo")
    assert "<img" not in heading
    await quiet(sync)


@pytest.mark.parametrize(
    ("name", "text", "arrives"),
    [
        ("nul", "a\x00b\x1b[31mc", "ab[31mc"),
        ("crlf", "one\r\ntwo", "one\ntwo"),
        ("escapes", "&#64;octocat <b>", "&#64;octocat <b>"),
        ("marker", f"innocent\n\n{MARKER}", f"innocent\n\n{MARKER}"),
        ("empty", "", ""),
        ("long", "x" * 65_536, None),
        ("emoji", FAMILY * 9_000, None),
    ],
)
async def test_a_hostile_comment_of_github_arrives_as_plain_text(
    sync: Sync, name: str, text: str, arrives: str | None
) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, text, by="bob")
    await sync.settle()
    (body,) = sync.texts_in_bugspark(report)
    heading = "**bob** (via GitHub):\n\n"
    assert body.startswith(heading.rstrip())
    assert "\x00" not in body
    if arrives is not None:
        assert body.removeprefix(heading).strip() == arrives
    if len(text) > 60_000:
        assert "cut by BugSpark sync" in body
        assert len(body) <= 60_000
    assert len(sync.texts_on_github(number)) == 1, name
    await quiet(sync)


async def test_a_lone_surrogate_from_github_harms_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "a SURROGATE b", by="bob")
    async with sync.github.client() as client:
        rows = (await client.get("/repos/acme/web/issues/comments")).content
    spoiled = Reply(status=200, body=rows.replace(b"SURROGATE", b"\\ud800"))
    sync.github.simulator.faults.add(spoiled, method="GET", path="/issues/comments")
    await sync.run()
    (body,) = sync.texts_in_bugspark(report)
    assert body.startswith("**bob** (via GitHub):\n\na")
    body.encode()
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\na SURROGATE b"]


async def test_an_edit_beyond_the_cut_or_of_line_endings_only_writes_nothing_wrong(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "one\ntwo", by="bob").id
    await sync.run()
    sync.github.web.edit_comment(comment, "one\r\ntwo\r\n", by="bob")
    await sync.run()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\none\ntwo"]
    await quiet(sync)


async def test_github_trimming_our_copy_is_no_edit(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "hello")
    await sync.settle()
    copy = sync.github.web.thread(number)[0]
    sync.github.web.edit_comment(copy.id, copy.body.replace("\n", "\r\n") + "\r\n", by="alice")
    await quiet(sync)
    assert sync.texts_in_bugspark(report) == ["hello"]
