"""Probe and drain against the simulator: idle passes cost nothing, and nothing is ever missed."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import pytest

from reconciler.demo.github.faults import DuringRequest, Rewrite
from reconciler.demo.github.messages import Problem
from reconciler.demo.github.rows import Issue as Row
from reconciler.errors import AnswerTooHeavyError, GitHubError
from reconciler.model.issue import ListState
from reconciler.ports import ListPage
from tests.github.client_harness import ClientHarness, open_client
from tests.github.mirror import Crash, Mirror, issues_on_github, quiet_pass_is_free
from tests.support.github import GitHub

T = TypeVar("T")
READINGS = [
    pytest.param({"since_inclusive": inclusive, "paging": paging}, id=f"{paging}-{word}")
    for paging in ("pages", "cursors")
    for inclusive, word in ((True, "since-inclusive"), (False, "since-exclusive"))
]


async def read(pages: AsyncIterator[ListPage[T]]) -> tuple[list[T], list[ListState]]:
    rows: list[T] = []
    states: list[ListState] = []
    async for page in pages:
        assert not page.poisoned
        rows += page.rows
        states += [page.state] if page.state else []
    return rows, states


async def settled_mirror(harness: ClientHarness, github: GitHub) -> Mirror:
    """Build a mirror that has all rows, long after the last change."""
    mirror = Mirror()
    await mirror.follow(harness.another())
    github.clock.advance(300)
    await mirror.follow(harness.another())
    return mirror


def plain(row: Row) -> Row:
    return row


async def test_an_unchanged_list_costs_one_free_304_and_yields_nothing(
    harness: ClientHarness, github: GitHub
) -> None:
    github.web.open_issue("One", by="alice")
    _, states = await read(harness.repository.issue_changes(None))
    before = harness.repository.cost()
    assert await read(harness.repository.issue_changes(states[-1])) == ([], [])
    after = harness.repository.cost()
    assert (after.requests - before.requests, after.not_modified, after.cost) == (1, 1, before.cost)


async def test_a_new_list_is_anchored_at_github_s_time_less_the_overlap(
    harness: ClientHarness, github: GitHub
) -> None:
    github.clock.advance(86_400)  # GitHub's clock is a day ahead of ours
    github.web.open_issue("Just now", by="alice")
    rows, states = await read(harness.repository.issue_changes(None))
    assert [row.title for row in rows] == ["Just now"]
    assert states[-1].anchor == github.clock.now() - timedelta(seconds=120)


async def test_a_new_list_does_not_show_what_was_before(harness: ClientHarness, github: GitHub) -> None:
    github.web.open_issue("Long ago", by="alice")
    github.clock.advance(500)
    assert (await read(harness.repository.issue_changes(None)))[0] == []


@pytest.mark.parametrize("drained", [False, True])
async def test_a_position_ahead_of_a_corrected_clock_is_read_again_from_a_day_before(
    harness: ClientHarness, github: GitHub, *, drained: bool
) -> None:
    """GitHub's clock was ahead when it was stored: the list would show nothing until it gets there."""
    github.web.open_issue("Before", by="alice")
    ahead = github.clock.now() + timedelta(hours=5)
    state = ListState(anchor=ahead, cursor=ahead if drained else None)
    github.clock.advance(60)
    rows, states = await read(harness.repository.issue_changes(state))
    assert [row.title for row in rows] == ["Before"]
    assert states[-1].anchor < github.clock.now()
    assert states[-1].cursor is None
    github.web.open_issue("After", by="alice")
    rows, _ = await read(harness.another().issue_changes(states[-1]))
    assert "After" in [row.title for row in rows]


async def test_without_a_date_no_list_is_begun(harness: ClientHarness, github: GitHub) -> None:
    github.simulator.faults.add(Rewrite(headers={"Date": None}), times=None)
    with pytest.raises(GitHubError, match="carry no Date"):
        await read(harness.repository.issue_changes(None))


async def test_pull_requests_in_the_issue_list_are_left_out(harness: ClientHarness, github: GitHub) -> None:
    github.web.open_issue("An issue", by="alice")
    github.web.seed(1, lambda row: replace(row, pull_request=True), by="alice")
    rows, _ = await read(harness.repository.issue_changes(None))
    assert [row.title for row in rows] == ["An issue"]


async def test_closed_issues_are_listed_too(harness: ClientHarness, github: GitHub) -> None:
    number = github.web.open_issue("Done", by="alice").number
    github.web.close(number, by="alice", reason="not_planned")
    (row,), _ = await read(harness.repository.issue_changes(None))
    assert (row.state, row.state_reason) == ("closed", "not_planned")


async def test_the_anchor_stays_while_few_rows_change(harness: ClientHarness, github: GitHub) -> None:
    _, states = await read(harness.repository.issue_changes(None))
    github.clock.advance(600)
    github.web.seed(50, plain, by="alice")
    rows, after = await read(harness.repository.issue_changes(states[-1]))
    assert len(rows) == 50
    assert after[-1].anchor == states[-1].anchor
    assert after[-1].etag is not None


async def test_more_than_half_a_page_moves_the_anchor_and_the_pass_after_next_is_quiet(
    harness: ClientHarness, github: GitHub
) -> None:
    mirror = await settled_mirror(harness, github)
    github.web.seed(60, plain, by="alice")
    asked = len(github.simulator.requests)
    await mirror.follow(harness.another())
    assert len(github.simulator.requests) - asked == 2
    assert mirror.issue_list is not None
    assert mirror.issue_list.anchor == github.clock.now() - timedelta(seconds=120)
    await mirror.follow(harness.another())
    await quiet_pass_is_free(harness, mirror, github)
    assert mirror.shown() == issues_on_github(github)


async def test_an_etag_of_another_token_is_not_sent(harness: ClientHarness, github: GitHub) -> None:
    _, states = await read(harness.repository.issue_changes(None))
    assert states[-1].etag is not None
    github.world.add_token("bugspark-bot", "ghp_another")
    other = open_client(github.api, "ghp_another", rate_limiter=harness.rate_limiter, clock=harness.clock)
    await read(other.repository.issue_changes(states[-1]))
    await other.aclose()
    assert "if-none-match" not in github.simulator.requests[-1].headers
    assert github.simulator.requests[-1].status == 200


@pytest.mark.parametrize("etag", ["", "caf\u00e9", "x" * 5_000])
async def test_an_etag_that_could_not_be_sent_back_is_not_kept(
    harness: ClientHarness, github: GitHub, etag: str
) -> None:
    github.simulator.faults.add(Rewrite(headers={"ETag": etag}), path="issues")
    _, states = await read(harness.repository.issue_changes(None))
    assert (states[-1].etag, states[-1].etag_credential) == (None, None)


async def test_comments_have_a_list_of_their_own(harness: ClientHarness, github: GitHub) -> None:
    number = github.web.open_issue("One", by="alice").number
    comment = github.web.comment(number, "Hello", by="bob")
    (row,), _ = await read(harness.repository.comment_changes(None))
    assert (row.id, row.issue_number, row.body, row.collaborator) == (comment.id, number, "Hello", False)
    assert row.author is not None
    assert row.author.login == "bob"


@pytest.mark.parametrize("readings", READINGS)
async def test_hundreds_of_changes_in_one_second_are_all_read_once(
    harness: ClientHarness, github: GitHub, readings: dict[str, Any]
) -> None:
    github.world.assume(**readings)
    numbers = github.web.seed(1_200, plain, by="alice")
    github.clock.advance(3_600)
    mirror = await settled_mirror(harness, github)
    for position, number in enumerate(numbers[:1_100]):
        github.web.close(number, by="alice")
        if position >= 300:
            github.clock.advance(0.02)
    github.clock.advance(2)
    await mirror.follow(harness.another())
    assert set(mirror.issues) == set(numbers[:1_100])
    assert {row.state for row in mirror.issues.values()} == {"closed"}
    assert mirror.news == 1_100
    await quiet_pass_is_free(harness, mirror, github)


@pytest.mark.parametrize("readings", READINGS)
async def test_nothing_is_missed_when_people_change_issues_during_the_read(
    harness: ClientHarness, github: GitHub, readings: dict[str, Any]
) -> None:
    github.world.assume(**readings)
    numbers = github.web.seed(1_200, plain, by="alice")
    github.clock.advance(3_600)
    mirror = await settled_mirror(harness, github)
    for number in numbers[:1_100]:
        github.web.close(number, by="alice")  # all in the same second
    steps = count()

    def later() -> None:
        for _ in range(20):
            number = numbers[(next(steps) * 7) % 1_200]
            github.web.retitle(number, f"Moved {next(steps)}", by="bob")
        github.clock.advance(0.24)  # 84 changes a second

    rule = github.simulator.faults.add(DuringRequest(before=later), method="GET", times=None)
    for _ in range(4):
        await mirror.follow(harness.another())
    assert rule.hits > 60
    github.simulator.faults.clear()
    github.clock.advance(2)
    await mirror.follow(harness.another())
    changed = {row.number for row in github.web.issues if row.updated > row.created}
    assert {n: mirror.shown()[n] for n in changed} == {n: issues_on_github(github)[n] for n in changed}
    await quiet_pass_is_free(harness, mirror, github)


@pytest.mark.parametrize("readings", READINGS)
async def test_comments_made_and_edited_during_the_read_are_all_read(
    harness: ClientHarness, github: GitHub, readings: dict[str, Any]
) -> None:
    github.world.assume(**readings)
    number = github.web.open_issue("Busy", by="alice").number
    mirror = await settled_mirror(harness, github)
    comments = github.web.seed_comments(number, [f"Comment {n}" for n in range(450)], by="bob")
    steps = count()

    def later() -> None:
        step = next(steps)
        github.web.edit_comment(comments[(step * 13) % 450].id, f"Edited {step}", by="bob")
        github.web.comment(number, f"More {step}", by="alice")
        github.clock.advance(0.3)

    github.simulator.faults.add(DuringRequest(before=later), path="issues/comments", times=None)
    for _ in range(3):
        await mirror.follow(harness.another())
    github.simulator.faults.clear()
    github.clock.advance(3)
    await mirror.follow(harness.another())
    assert {row.id: row.body for row in mirror.comments.values()} == {
        row.id: row.body for row in github.web.comments
    }
    await quiet_pass_is_free(harness, mirror, github)


async def test_an_interrupted_drain_continues_from_its_cursor(harness: ClientHarness, github: GitHub) -> None:
    mirror = await settled_mirror(harness, github)
    for _ in range(1_000):
        github.web.open_issue("New", by="alice")
        github.clock.advance(1)
    mirror.crash_after = 4
    with pytest.raises(Crash):
        await mirror.follow(harness.another())
    assert mirror.issue_list is not None
    cursor = mirror.issue_list.cursor
    assert cursor is not None
    assert cursor > mirror.issue_list.anchor + timedelta(seconds=300)
    assert mirror.issue_list.etag is None
    asked = len(github.simulator.requests)
    await mirror.follow(harness.another())
    resumed = github.simulator.requests[asked]
    assert resumed.query["since"] == f"{cursor:%Y-%m-%dT%H:%M:%SZ}"
    assert resumed.query["direction"] == "asc"
    assert "if-none-match" not in resumed.headers
    assert mirror.shown() == issues_on_github(github)
    await quiet_pass_is_free(harness, mirror, github)


async def test_the_etag_is_returned_only_after_the_rows(harness: ClientHarness, github: GitHub) -> None:
    """Rule 4: an ETag saved before its rows are applied would hide them permanently."""
    mirror = await settled_mirror(harness, github)
    github.web.seed(250, plain, by="alice")
    github.clock.advance(5)
    for crash_after in range(6):
        mirror.crash_after = crash_after
        with suppress(Crash):
            await mirror.follow(harness.another())
    mirror.crash_after = None
    await mirror.follow(harness.another())
    assert mirror.shown() == issues_on_github(github)


async def test_the_probe_after_a_drain_is_not_trusted_while_its_second_lasts(
    harness: ClientHarness, github: GitHub
) -> None:
    mirror = await settled_mirror(harness, github)
    github.web.seed(300, plain, by="alice")
    await mirror.follow(harness.another())
    assert not has_etag(mirror)
    # One of the three hundred changes in that second, sorted onto a page that is not requested.
    github.web.retitle(5, "Within the second", by="bob")
    await mirror.follow(harness.another())
    assert not has_etag(mirror)
    github.clock.advance(2)
    await mirror.follow(harness.another())
    assert has_etag(mirror)
    assert mirror.shown() == issues_on_github(github)
    await quiet_pass_is_free(harness, mirror, github)


def has_etag(mirror: Mirror) -> bool:
    return mirror.issue_list is not None and mirror.issue_list.etag is not None


async def test_every_issue_is_read_oldest_change_first_and_from_any_position(
    harness: ClientHarness, github: GitHub
) -> None:
    for _ in range(250):
        github.web.open_issue("One", by="alice")
        github.clock.advance(0.5)
    github.web.close(3, by="alice")
    rows, states = await read(harness.repository.all_issues())
    everyone = [1, 2, *range(4, 251), 3]
    assert [row.number for row in rows] == everyone
    assert len(states) == 3
    for state in states:
        rest, _ = await read(harness.repository.all_issues(state.anchor))
        assert [row.number for row in rest] == everyone[-len(rest) :]


async def test_every_comment_since_a_moment_is_read(harness: ClientHarness, github: GitHub) -> None:
    number = github.web.open_issue("One", by="alice").number
    github.web.seed_comments(number, ["old"] * 5, by="bob")
    since = github.clock.advance(10)
    github.clock.advance(10)
    github.web.seed_comments(number, [f"new {n}" for n in range(320)], by="bob")
    github.clock.advance(10)
    rows, _ = await read(harness.repository.all_comments(since))
    assert sorted(row.body for row in rows) == sorted(f"new {n}" for n in range(320))


async def test_rows_of_one_full_second_are_each_read_once(harness: ClientHarness, github: GitHub) -> None:
    github.web.seed(950, plain, by="alice")
    github.clock.advance(5)
    rows, _ = await read(harness.repository.all_issues())
    assert sorted(row.number for row in rows) == list(range(1, 951))


async def test_a_window_deeper_than_pages_go_is_an_error_and_is_not_passed(
    harness: ClientHarness, github: GitHub
) -> None:
    mirror = await settled_mirror(harness, github)
    burst = github.clock.now()
    github.world.assume(deep_page_rows=200)
    github.web.seed(500, plain, by="alice")
    github.clock.advance(5)
    with pytest.raises(GitHubError, match="pagination is limited"):
        await mirror.follow(harness.another())
    assert mirror.issue_list is not None
    assert mirror.issue_list.cursor is not None
    assert mirror.issue_list.cursor < burst
    github.world.assume(deep_page_rows=200, paging="cursors")
    await mirror.follow(harness.another())
    assert mirror.shown() == issues_on_github(github)


async def test_a_renamed_repository_is_read_by_its_numeric_id(harness: ClientHarness, github: GitHub) -> None:
    github.web.open_issue("One", by="alice")
    mirror = await settled_mirror(harness, github)
    github.web.rename("site")
    github.web.open_issue("Two", by="alice")
    await mirror.follow(harness.another())
    assert [row.title for row in mirror.issues.values()] == ["One", "Two"]


def never_shown(_: dict[str, Any]) -> None:
    raise Problem(502, "Server Error")


async def test_many_rows_that_are_never_shown_are_a_list_that_cannot_be_read(
    harness: ClientHarness, github: GitHub
) -> None:
    for each in range(12):
        row = github.web.open_issue(f"Heavy {each}", by="alice")
        github.simulator.views.edits[row.id] = never_shown
    with pytest.raises(AnswerTooHeavyError, match=r"502 .*GET /repos/acme/web/issues\?.*per_page=1"):
        async for _ in harness.repository.all_issues():
            pass


async def test_the_newest_number_is_estimated_where_the_newest_is_never_shown(
    harness: ClientHarness, github: GitHub
) -> None:
    github.web.open_issue("Light", by="alice")
    heavy = github.web.open_issue("Heavy", by="alice")
    github.simulator.views.edits[heavy.id] = never_shown
    assert await harness.repository.newest_number() == 1
