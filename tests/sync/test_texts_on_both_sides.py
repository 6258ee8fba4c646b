"""Texts that look escaped, code, and a release that renders differently: nothing changes on its way."""

import pytest

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.policy import SanitizationPolicy
from reconciler.sync import intents
from reconciler.text import clean, unescape_html
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_comments import quiet

CODE = (
    "Try:\n\n```sh\nnpm i @types/node # fixes #1\n```\n\n"
    "    @Override\n    optional<unsigned int>\n\n`git@host:x`"
)


async def test_code_of_a_comment_arrives_on_github_byte_for_byte(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, CODE.replace("<", "&lt;").replace(">", "&gt;"))
    await sync.settle()
    (body,) = sync.texts_on_github(number)
    assert body.startswith(f"[BugSpark] Ada:\n\n{CODE}\n\n<!-- ")
    await quiet(sync)


async def test_code_of_github_arrives_in_bugspark_as_it_is(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, CODE, by="bob")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == [f"**bob** (via GitHub):\n\n{CODE}"]
    await quiet(sync)


async def test_logs_and_metadata_of_a_report_arrive_as_the_page_wrote_them(sync: Sync) -> None:
    report = sync.bugspark.add_report(
        sync.project,
        console_logs=[{"level": "error", "message": "Expected &lt;div&gt;"}],
        metadata={"seen": "**see acme/other#**12** b &lt;b&gt;"},
    )
    await sync.app.export((str(report),), NullProgress())
    body = sync.github.web.issue(sync.number(report)).body or ""
    assert "```\n[error] Expected &lt;div&gt;\n```" in body
    assert "**see acme/other#**\u200b12** b &\u200blt;b&\u200bgt;" in body


async def test_a_bot_named_by_the_operator_is_inert_in_code(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"bots": ["acme-deploy[bot]"]}) as sync:
        report, number = await sync.linked()
        sync.add_comment(report, "`@acme-deploy now` and `@acme-web`")
        await sync.settle()
        assert "`@\u200bacme-deploy now` and `@acme-web`" in sync.texts_on_github(number)[0]


def title_here(sync: Sync, report: ReportId) -> str:
    row = sync.bugspark.report(report)
    assert row is not None
    return str(row["title"])


async def test_a_title_with_entity_text_stays_as_github_shows_it(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"title": "both"}) as sync:
        report, number = await sync.linked(title="Crash")
        web = sync.github.web
        web.retitle(number, "Show &lt;b&gt;", by="alice")
        await sync.settle()
        assert title_here(sync, report) == "Show &lt;b&gt;"
        view = await sync.app.explain_report(str(report))
        assert view.title == "Show &lt;b&gt;"
        sync.change(report, status="resolved")
        await sync.settle()
        assert web.issue(number).title == "Show &lt;b&gt;"
        web.retitle(number, "Show <b>", by="alice")
        await sync.settle()
        assert title_here(sync, report) == "Show <b>"
        await quiet(sync)


async def test_a_title_of_github_that_is_brought_back_reads_the_same(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"title": "both", "conflict": "bugspark"}) as sync:
        report, number = await sync.linked(title="Crash")
        sync.github.web.retitle(number, "Show &lt;b&gt;", by="alice")
        sync.change(report, title="Ours")
        await sync.settle()
        assert sync.github.web.issue(number).title == "[BUG-0001] Ours"
        await sync.app.resolve(str(report), Field.TITLE, Side.GITHUB)
        await sync.settle()
        assert sync.github.web.issue(number).title.replace("\u200b", "") == "[BUG-0001] Show &lt;b&gt;"
        assert unescape_html(title_here(sync, report)) == "Show &lt;b&gt;"
        await quiet(sync)


def rendered_before(name: str | None, body: str, marker: str, policy: SanitizationPolicy) -> str:
    """A comment as an earlier release rendered it: every sign of code had the character."""
    text = clean(unescape_html(body)).replace("@", "@\u200b").replace("#", "#\u200b").replace("<", "<\u200b")
    return f"[BugSpark] {name}:\n\n{text}\n\n{marker}"


async def test_a_release_that_renders_differently_sends_nothing_again(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "comment_to_github", rendered_before)
    report, number = await sync.linked(title="Ping @a, see #1")
    sync.add_comment(report, CODE)
    await sync.settle()
    sent = sync.texts_on_github(number)
    assert "npm i @\u200btypes/node" in sent[0]
    monkeypatch.undo()
    sync.github.clock.advance(90)
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())
    assert sync.writes == []
    sync.add_comment(report, CODE)
    await sync.settle()
    assert sync.texts_on_github(number)[:-1] == sent
    assert "npm i @types/node" in sync.texts_on_github(number)[-1]
    await quiet(sync)


async def test_copies_of_an_earlier_release_are_recognised_by_a_new_link(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "comment_to_github", rendered_before)
    report, number = await sync.linked()
    sync.add_comment(report, CODE)
    await sync.settle()
    for row in sync.github.web.thread(number):
        sync.github.web.edit_comment(row.id, row.body.rpartition("\n\n<!--")[0], by="bugspark-bot")
    monkeypatch.undo()
    other = sync.bugspark.add_report(sync.project)
    sync.bugspark.add_comment(other, CODE, author=sync.ada, at=sync.github.clock.now())
    await sync.app.unlink(str(report))
    sync.github.clock.advance(5)
    await sync.app.link(str(other), f"acme/web#{number}", backfill=True)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    await quiet(sync)
