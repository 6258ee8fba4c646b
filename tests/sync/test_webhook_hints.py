"""Issues that deliveries named: read directly, never believed, never more than they are worth."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import DuringRequest, Stale, error
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.issue import Issue
from reconciler.model.passes import NullProgress, Outcome
from reconciler.model.webhook import WebhookHealth
from reconciler.ports import PendingHints, WebhookDelivery, Webhooks
from reconciler.store.schema.engine import open_database
from reconciler.store.stores import StoreSettings, build_stores
from reconciler.sync.observe import GitHubObservation
from reconciler.sync.webhook_hints import MAX_NAMED_ISSUES
from tests.support.stores import digest
from tests.support.sync import Sync
from tests.sync.test_after_restore import Backup, backup
from tests.sync.test_idle import idle_pass_changes_nothing

__all__ = ["backup"]


class Post:
    """The receiver, as far as the pass knows it."""

    def __init__(self, webhooks: Webhooks, sync: Sync) -> None:
        self.webhooks = webhooks
        self._sync = sync

    async def names(self, *numbers: int, project: ProjectId | None = None, event: str = "issues") -> None:
        """A delivery for each of these issues."""
        for number in numbers:
            made = WebhookDelivery(
                project_id=project or self._sync.project,
                id=str(uuid4()),
                event=event,
                action="edited",
                number=IssueNumber(number),
                at=self._sync.clock.now(),
            )
            assert await self.webhooks.record_delivery(made)

    async def unread(self) -> PendingHints:
        return await self.webhooks.pending_hints(self._sync.project)


@pytest.fixture
async def post(world_url: str, sync: Sync) -> AsyncIterator[Post]:
    database = open_database(world_url)
    try:
        yield Post(build_stores(database, StoreSettings(digest=digest), sync.clock).webhooks, sync)
    finally:
        await database.aclose()


async def health(sync: Sync) -> WebhookHealth:
    ((found, *_), _) = await sync.app.status(None)
    return found.webhook


def single_issue_reads(sync: Sync) -> list[str]:
    """Paths of single issues that the last pass read."""
    return [seen.path for seen in sync.asked if seen.path.rpartition("/")[2].isdigit()]


async def statements_of(sync: Sync) -> list[str]:
    """What a pass asks of the database."""
    asked: list[str] = []

    def record(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", record)
    try:
        await sync.run(seconds=0)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", record)
    return asked


async def test_a_known_hook_without_news_costs_an_idle_pass_nothing(sync: Sync, post: Post) -> None:
    _, number = await sync.linked()
    without = await statements_of(sync)
    await post.names(number)
    await sync.settle()
    assert await statements_of(sync) == without
    await idle_pass_changes_nothing(sync)


async def test_a_named_issue_is_synced_at_once_though_the_lists_lag(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await post.names(number)
    sync.github.simulator.faults.add(Stale(seconds=60), times=None)
    result = await sync.run()
    assert sync.status(report) == "resolved"
    assert len(sync.asked) == result.github.requests == 4  # one asks who closed it
    assert await post.unread() == PendingHints()
    sync.github.simulator.faults.clear()
    again = await sync.settle()
    assert (again.github.requests, sync.status(report)) == (2, "resolved")


async def test_its_comments_are_read_with_it_when_the_comment_list_lags(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "me too", by="bob")
    await post.names(number)
    sync.github.simulator.faults.add(Stale(seconds=60), path=r"/issues(/comments)?\?", times=None)
    await sync.run()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nme too"]


async def test_a_named_issue_costs_three_requests_when_nothing_lags(sync: Sync, post: Post) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.label(number, "critical", by="alice")
    sync.github.web.comment(number, "this is worse", by="alice")
    await post.names(number, number)
    assert (await sync.run()).github.requests == 3
    assert (sync.severity(report), len(sync.texts_in_bugspark(report))) == ("critical", 1)


def before_the_lists(sync: Sync, look: Callable[[], object]) -> list[object]:
    """What is seen each time the list of issues is asked for."""
    seen: list[object] = []
    sync.github.simulator.faults.add(DuringRequest(before=lambda: seen.append(look())), path=r"/issues\?")
    return seen


async def test_a_named_issue_is_stored_before_the_lists_are_asked(sync: Sync, post: Post) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.close(number, by="alice")
    sync.github.web.label(number, "critical", by="alice")
    await post.names(number)
    seen = before_the_lists(sync, lambda: (sync.status(report), sync.severity(report)))
    result = await sync.run()
    assert seen == [("resolved", "critical")]
    assert (result.github.requests, result.applied.reports_updated) == (4, 1)  # one asks who closed it
    await sync.settle()
    await idle_pass_changes_nothing(sync)


async def test_a_named_comment_is_stored_before_the_lists_are_asked(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "me too", by="bob")
    await post.names(number, event="issue_comment")
    seen = before_the_lists(sync, lambda: sync.texts_in_bugspark(report))
    result = await sync.run()
    assert seen == [["**bob** (via GitHub):\n\nme too"]]
    assert (result.github.requests, result.applied.comments_imported) == (4, 1)
    await sync.settle()
    assert len(sync.texts_in_bugspark(report)) == 1
    await idle_pass_changes_nothing(sync)


async def test_a_comment_in_a_long_thread_is_left_to_the_list(
    sync: Sync, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.sync.webhook_hints.COMMENTS_PER_PAGE", 1)
    report, number = await sync.linked()
    sync.github.web.comment(number, "me too", by="bob")
    await sync.run()
    sync.github.web.comment(number, "and me", by="bob")
    await post.names(number, event="issue_comment")
    result = await sync.run()
    assert (result.github.requests, len(sync.texts_in_bugspark(report))) == (3, 2)


async def test_what_a_named_issue_showed_stays_though_the_lists_fail(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await post.names(number)
    sync.github.simulator.faults.add(error(500), path=r"/issues\?", times=None)
    assert (await sync.run()).outcome is Outcome.FAILED
    assert (sync.status(report), (await post.unread()).numbers) == ("resolved", (number,))
    sync.github.simulator.faults.clear()
    assert (await sync.run()).applied.reports_updated == 0
    assert (sync.status(report), await post.unread()) == ("resolved", PendingHints())


async def test_deletions_on_named_issues_are_judged_with_all_others_of_the_pass(
    sync: Sync, post: Post
) -> None:
    linked = [await sync.linked() for _ in range(6)]
    comments = [sync.github.web.comment(number, "me too", by="bob") for _, number in linked]
    await sync.settle()
    for comment, (_, number) in zip(comments, linked, strict=True):
        sync.github.web.delete_comment(comment.id, by="bob")
        sync.github.web.label(number, "wontfix", by="bob")  # otherwise no list would show it
    await post.names(*(number for _, number in linked[:3]), event="issue_comment")
    await sync.run()
    await sync.run(seconds=61)
    shown, _ = await sync.app.status(None)
    assert shown[0].withheld is not None
    assert [len(sync.texts_in_bugspark(report)) for report, _ in linked] == [1] * 6


async def test_a_delivery_about_a_deleted_comment_makes_the_first_reading_and_not_the_second(
    sync: Sync, post: Post
) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "me too", by="bob")
    await sync.settle()
    sync.github.web.delete_comment(comment.id, by="bob")
    await post.names(number, event="issue_comment")
    seen = before_the_lists(sync, lambda: len(sync.texts_in_bugspark(report)))
    await sync.run()
    assert (seen, len(sync.texts_in_bugspark(report))) == ([1], 1)
    await post.names(number, event="issue_comment")
    await sync.run()
    assert len(sync.texts_in_bugspark(report)) == 1
    await sync.run(seconds=61)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])


async def test_in_a_restored_copy_a_named_thread_is_recognised_before_anything_of_it_is_stored(
    sync: Sync, backup: Backup
) -> None:
    report, number = await sync.linked()
    async with backup(sync) as restored:
        sync.add_comment(report, "only in the lost time")
        await sync.settle()
        sync.github.web.close(number, by="alice")
        thread = sync.texts_on_github(number)
        sync.github.clock.advance(3600)
        async with restored() as world:
            await Post(world.app._container.stores.webhooks, world).names(number, event="issue_comment")
            done = await world.run()
            assert (done.outcome, world.writes) == (Outcome.OK, [])
            (known,) = world.bugspark.rows_of("sync_projects")
            assert known["restored_at"] is not None
            await world.settle()
            assert (world.status(report), world.texts_on_github(number)) == ("resolved", thread)
            assert world.texts_in_bugspark(report) == []  # ours, and lost here: not taken for somebody's


async def test_a_replayed_delivery_changes_nothing_and_costs_no_limit(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())
    await sync.settle()
    sync.change(report, status="triaging")
    await sync.run()
    picture = sync.github.web.picture()
    await post.names(number)
    result = await sync.run(seconds=0)
    assert [seen.status for seen in sync.asked] == [304, 304, 304]
    assert (result.outcome, result.github.cost) == (Outcome.OK, 0)
    assert (sync.status(report), sync.github.web.picture()) == ("triaging", picture)


async def test_unlinked_and_foreign_issues_are_not_even_read(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    stranger = sync.github.web.open_issue("Not ours", by="bob").number
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token)
    await sync.settle()
    await sync.run(other)
    await post.names(stranger, 999_999)
    await post.names(number, project=other)
    sync.github.simulator.faults.add(Stale(seconds=60), times=None)
    sync.github.web.close(number, by="alice")
    await sync.run(seconds=1)
    assert (single_issue_reads(sync), sync.status(report)) == ([], "new")  # a delivery makes one project look
    await sync.run(other, seconds=1)
    assert (single_issue_reads(sync), await post.unread()) == ([], PendingHints())


async def test_more_than_a_few_are_left_to_the_lists(sync: Sync, post: Post) -> None:
    reports = [sync.bugspark.add_report(sync.project, f"Report {n}") for n in range(MAX_NAMED_ISSUES + 2)]
    await sync.app.export(tuple(map(str, reports)), NullProgress())
    await sync.settle()
    numbers = [sync.number(report) for report in reports]
    for number in numbers:
        sync.github.web.close(number, by="alice")
    await post.names(*numbers)
    await sync.run()
    assert len(single_issue_reads(sync)) == MAX_NAMED_ISSUES
    assert {sync.status(report) for report in reports} == {"resolved"}
    assert await post.unread() == PendingHints()


async def test_a_named_issue_that_is_gone_ends_in_the_usual_two_looks(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.delete_issue(number, by="alice")
    await post.names(number)
    await sync.run()
    ((found, *_), _) = await sync.app.status(None)
    assert found.links == {"active": 1}
    await sync.run(seconds=61)
    ((found, *_), _) = await sync.app.status(None)
    assert found.links == {"gone": 1}
    assert sync.status(report) == "new"


async def test_what_could_not_be_read_is_read_by_the_next_pass(sync: Sync, post: Post) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await post.names(number)
    sync.github.simulator.faults.add(error(500), path=rf"/issues/{number}$", times=None)
    assert (
        await sync.run()
    ).outcome is Outcome.PARTIAL  # the link is in quarantine, the rest of the project is synced
    assert sync.status(report) == "new"
    sync.github.simulator.faults.clear()
    await sync.run()
    assert (sync.status(report), await post.unread()) == ("resolved", PendingHints())


async def test_a_list_that_shows_more_than_the_direct_read_is_believed(sync: Sync, post: Post) -> None:
    """The list's ETag is stored with its rows: dropping a newer row for one read earlier would hide it."""
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await post.names(number)
    worse = DuringRequest(before=lambda: sync.github.web.label(number, "critical", by="alice"))
    sync.github.simulator.faults.add(worse, path=r"/issues\?")
    await sync.run()
    await sync.settle()
    assert (sync.status(report), sync.severity(report)) == ("resolved", "critical")


async def test_what_the_lists_found_without_a_delivery_makes_a_known_hook_silent(
    sync: Sync, post: Post
) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.run()
    sync.github.clock.advance(600)
    assert await health(sync) == WebhookHealth()  # no hook: nothing was to be expected
    await post.names(number)
    await sync.settle()
    sync.github.clock.advance(600)
    sync.change(report, status="new")  # our own write is nobody's news
    await sync.settle()
    sync.github.clock.advance(600)
    assert (await health(sync)).missed == 0
    sync.github.web.comment(number, "still broken", by="bob")
    await sync.run()
    sync.github.clock.advance(60)
    assert (await health(sync)).missed == 0  # it may lag
    sync.github.clock.advance(600)
    silent = await health(sync)
    assert (silent.missed, silent.silent) == (1, 1)
    await post.names(number)
    shown = await health(sync)
    assert (shown.silent, shown.silent_since) == (0, None)


async def test_a_delivery_that_comes_after_its_change_was_polled_is_no_silence(
    sync: Sync, post: Post
) -> None:
    _, number = await sync.linked()
    await post.names(number)
    await sync.settle()
    sync.github.web.close(number, by="alice")
    await sync.run()
    sync.github.clock.advance(timedelta(minutes=1).seconds)
    await post.names(number)
    await sync.run()
    sync.github.clock.advance(600)
    assert (await health(sync)).missed == 0


AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
READ = Issue(
    id=1,
    number=IssueNumber(7),
    title="read directly",
    body="",
    state=IssueState.OPEN,
    state_reason=None,
    labels=(),
    comments=0,
    locked=False,
    author=None,
    url="",
    created_at=AT,
    updated_at=AT,
)


@pytest.mark.parametrize(
    ("seconds", "title", "believed"),
    [
        (-1, "of the list", "read directly"),
        (0, "of the list", "of the list"),
        (1, "of the list", "of the list"),
    ],
)
def test_of_a_direct_read_and_a_list_the_newer_counts_and_the_list_in_doubt(
    seconds: int, title: str, believed: str
) -> None:
    look = GitHubObservation(issues={READ.number: READ}, read_directly={READ.number})
    look.add_listed_issues([replace(READ, title=title, updated_at=AT + timedelta(seconds=seconds))])
    assert look.issues[READ.number].title == believed
    assert look.read_directly == ({READ.number} if believed == READ.title else set())
    same = GitHubObservation(issues={READ.number: READ}, read_directly={READ.number})
    same.add_listed_issues([READ])
    assert same.read_directly == {READ.number}
