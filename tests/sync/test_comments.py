"""Comments on both sides: edits, deletions of originals and copies, and whose words are whose."""

import pytest

from tests.support.github import ALICE_TOKEN, GitHub
from tests.support.sync import Sync, open_sync

BOT = "bugspark-bot"
SETTLE = 61.0
"""Seconds after which a second reading is due."""


def nudge(sync: Sync, number: int) -> None:
    """Bring an issue into the list: deleting a comment does not (docs/reference/github.md, Lists)."""
    web = sync.github.web
    if "nudged" in web.label_names(number):
        web.unlabel(number, "nudged", by="alice")
    else:
        web.label(number, "nudged", by="alice")


async def quiet(sync: Sync, passes: int = 3) -> None:
    """Nothing is left to do on either side, pass after pass."""
    here, there = sync.dump()["comments"], sync.github.web.picture()
    for _ in range(passes):
        assert (await sync.plan()).actions == ()
        await sync.run()
        assert not sync.writes
    assert sync.dump()["comments"] == here
    assert sync.github.web.picture() == there


async def test_an_edit_on_github_is_carried_over_again_and_again(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "first", by="bob").id
    await sync.run()
    for text in ("second", "third"):
        sync.github.web.edit_comment(comment, text, by="bob")
        result = await sync.run()
        assert sync.texts_in_bugspark(report) == [f"**bob** (via GitHub):\n\n{text}"]
        assert result.applied.comments_edited == 1
    await quiet(sync)


@pytest.mark.parametrize("bumps", [True, False])
async def test_an_edit_is_seen_whether_or_not_it_moves_its_issue(sync: Sync, bumps: bool) -> None:
    sync.github.world.assume(comment_edit_bumps_issue=bumps)
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "first", by="bob").id
    await sync.run()
    sync.github.web.edit_comment(comment, "second", by="bob")
    await sync.run()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]


async def test_a_comment_edited_in_the_very_second_it_was_first_seen_is_seen_edited(sync: Sync) -> None:
    report, number = await sync.linked()
    await sync.run(seconds=3)
    comment = sync.github.web.comment(number, "first", by="bob").id
    await sync.run(seconds=0)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nfirst"]
    sync.github.web.edit_comment(comment, "second", by="bob")
    await sync.run(seconds=0)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]
    await quiet(sync)


async def test_an_edit_of_our_copy_on_github_is_neither_taken_over_nor_overwritten(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "original")
    await sync.settle()
    copy = sync.github.web.thread(number)[0].id
    sync.github.web.edit_comment(copy, "somebody else's words", by="alice")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["original"]
    assert sync.texts_on_github(number) == ["somebody else's words"]
    await quiet(sync)


async def test_a_copy_that_an_administrator_edited_is_kept_and_stops_no_list(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "first", by="bob").id
    await sync.settle()
    sync.bugspark.set_comment(sync.bugspark.comments(report)[0]["id"], "by an administrator")
    for text in ("second", "third"):
        sync.github.web.edit_comment(comment, text, by="bob")
        await sync.run()
        assert sync.texts_in_bugspark(report) == ["by an administrator"]
        idle = await sync.run()
        assert (idle.github.requests, idle.github.not_modified) == (2, 2)
        shown = await sync.app.explain_report(str(report))
        assert shown.comments[0].state == "in BugSpark, edited there"
        assert any(text in str(row["remote"]) for row in sync.bugspark.rows_of("sync_changes"))
    await quiet(sync)


async def test_a_deleted_original_on_github_takes_its_copy_along(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "oops", by="bob").id
    sync.github.web.comment(number, "stays", by="bob")
    await sync.run()
    sync.github.web.delete_comment(comment, by="bob")
    nudge(sync, number)
    assert (await sync.run()).applied.comments_removed == 0, "one reading proves nothing"
    result = await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nstays"]
    assert sync.texts_on_github(number) == ["stays"]
    assert result.applied.comments_removed == 1
    await quiet(sync)


async def test_a_deletion_hidden_behind_a_new_comment_is_found(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "oops", by="bob").id
    await sync.run()
    sync.github.web.delete_comment(comment, by="bob")
    sync.github.web.comment(number, "better", by="bob")
    await sync.run()
    assert len(sync.texts_in_bugspark(report)) == 2
    await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nbetter"]
    await quiet(sync)


async def test_a_deleted_original_in_bugspark_takes_its_copy_along(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "oops")
    sync.add_comment(report, "stays")
    await sync.settle()
    sync.bugspark.delete_comment(comment)
    result = await sync.run()
    assert [body.split("\n")[2] for body in sync.texts_on_github(number)] == ["stays"]
    assert result.applied.remote_comments_removed == 1
    await quiet(sync)


async def test_either_direction_of_deletion_can_be_switched_off(world_url: str, github: GitHub) -> None:
    switches = {"delete_in_bugspark": False, "delete_on_github": False}
    async with open_sync(world_url, github, sync=switches) as sync:
        report, number = await sync.linked()
        theirs = sync.github.web.comment(number, "theirs", by="bob").id
        ours = sync.add_comment(report, "ours")
        await sync.settle()
        sync.bugspark.delete_comment(ours)
        sync.github.web.delete_comment(theirs, by="bob")
        nudge(sync, number)
        await sync.settle()
        await sync.run(seconds=SETTLE)
        assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\ntheirs"]
        assert [body.split("\n")[2] for body in sync.texts_on_github(number)] == ["ours"]
        await quiet(sync)


async def test_a_copy_deleted_on_github_is_not_made_again_and_its_original_stays(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "original")
    await sync.settle()
    sync.github.web.delete_comment(sync.github.web.thread(number)[0].id, by="alice")
    nudge(sync, number)
    await sync.settle()
    await sync.run(seconds=SETTLE)
    (shown,) = (await sync.app.explain_report(str(report))).comments
    assert shown.state == "deleted there"
    assert sync.texts_in_bugspark(report) == ["original"]
    assert sync.texts_on_github(number) == []
    await quiet(sync)


async def test_a_copy_deleted_in_bugspark_is_not_made_again_nor_revived_by_an_edit(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "original", by="bob").id
    await sync.run()
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    await sync.run()
    sync.github.web.edit_comment(comment, "original, improved", by="bob")
    await sync.run()
    nudge(sync, number)
    await sync.run()
    assert sync.texts_in_bugspark(report) == []
    assert sync.texts_on_github(number) == ["original, improved"]
    await quiet(sync)


async def test_a_copy_deleted_here_and_its_original_edited_there_at_once_stays_deleted(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "original", by="bob").id
    await sync.run()
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    sync.github.web.edit_comment(comment, "original, improved", by="bob")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == []
    assert sync.texts_on_github(number) == ["original, improved"]


async def test_a_comment_written_and_deleted_between_two_passes_leaves_no_trace(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.bugspark.delete_comment(sync.add_comment(report, "never mind"))
    sync.github.web.delete_comment(sync.github.web.comment(number, "nor this", by="bob").id, by="bob")
    await sync.settle()
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])


@pytest.mark.parametrize("author", ["bob", BOT])
async def test_a_person_who_quotes_bugspark_is_synced_like_anyone(sync: Sync, author: str) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "Which version?")
    await sync.settle()
    quoted = "> [BugSpark] Ada:\n> Which version?\n\n1.2, I think"
    sync.github.web.comment(number, quoted, by=author)
    sync.github.clock.advance(1)
    sync.github.web.comment(number, "[BugSpark] is a fine product", by=author)
    await sync.settle()
    heading = f"**{author}** (via GitHub):\n\n"
    expected = ["Which version?", heading + quoted, heading + "[BugSpark] is a fine product"]
    assert sync.texts_in_bugspark(report) == expected
    assert len(sync.texts_on_github(number)) == 3
    await quiet(sync)


async def test_the_marker_copied_by_a_stranger_is_not_ours(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "original")
    await sync.settle()
    body = sync.texts_on_github(number)[0]
    sync.github.web.comment(number, body, by="bob")
    await sync.settle()
    here = sync.texts_in_bugspark(report)
    assert here[0] == "original"
    assert here[1].startswith("**bob** (via GitHub):\n\n[BugSpark] Ada:\n\noriginal")
    assert sync.texts_on_github(number) == [body, body]
    await quiet(sync)


async def test_the_marker_copied_by_our_own_account_into_another_issue_is_not_ours(sync: Sync) -> None:
    report, number = await sync.linked()
    other, second = await sync.linked()
    sync.add_comment(report, "original")
    await sync.settle()
    sync.github.web.comment(second, sync.texts_on_github(number)[0], by=BOT)
    await sync.settle()
    assert len(sync.texts_in_bugspark(other)) == 1
    assert sync.texts_in_bugspark(other)[0].startswith(f"**{BOT}** (via GitHub):")
    assert sync.texts_in_bugspark(report) == ["original"]
    assert len(sync.texts_on_github(second)) == 1
    await quiet(sync)


async def test_only_comments_of_collaborators_are_imported_when_so_configured(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"comments_from": "collaborators"}) as sync:
        report, number = await sync.linked()
        stranger = sync.github.web.comment(number, "from outside", by="bob").id
        sync.github.web.comment(number, "from inside", by="alice")
        await sync.settle()
        sync.github.web.edit_comment(stranger, "from outside, edited", by="bob")
        await sync.settle()
        assert sync.texts_in_bugspark(report) == ["**alice** (via GitHub):\n\nfrom inside"]
        await quiet(sync)


@pytest.mark.parametrize("shown", ["ghost", "null"])
async def test_the_words_of_an_account_that_is_gone_arrive_as_a_ghost_s(sync: Sync, shown: str) -> None:
    sync.github.world.assume(deleted_account=shown)
    report, number = await sync.linked()
    sync.github.web.comment(number, "last words", by="bob")
    sync.github.world.delete_user("bob")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["**ghost** (via GitHub):\n\nlast words"]
    await quiet(sync)


async def test_an_account_deleted_later_changes_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "last words", by="bob")
    await sync.settle()
    sync.github.world.delete_user("bob")
    nudge(sync, number)
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nlast words"]


async def test_pull_requests_and_unlinked_issues_are_left_alone(sync: Sync) -> None:
    report, _ = await sync.linked()
    web = sync.github.web
    pull = web.open_issue("A change", by="bob", pull_request=True).number
    other = web.open_issue("Unrelated", by="bob").number
    for place in (pull, other):
        web.comment(place, "not for BugSpark", by="bob")
    before = sync.dump()["comments"], sync.dump()["sync_comments"]
    await sync.settle()
    assert (sync.dump()["comments"], sync.dump()["sync_comments"]) == before
    assert sync.texts_in_bugspark(report) == []


async def test_a_changed_token_keeps_knowing_what_the_former_account_wrote(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "original")
    await sync.settle()
    config = f'{{"owner": "acme", "repo": "web", "token": "{ALICE_TOKEN}"}}'
    sync.bugspark.execute("UPDATE integrations SET config = :config", config=config) if (
        sync.bugspark.engine.dialect.name == "sqlite"
    ) else sync.bugspark.execute("UPDATE integrations SET config = CAST(:config AS jsonb)", config=config)
    nudge(sync, number)
    await sync.settle()
    sync.add_comment(report, "again")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["original", "again"]
    authors = [sync.github.world.users[row.author].login for row in sync.github.web.thread(number)]
    assert authors == [BOT, "alice"]


async def test_comments_of_one_pass_go_out_in_the_order_they_were_written(sync: Sync) -> None:
    report, number = await sync.linked()
    texts = [f"line {n}" for n in range(12)]
    for word in texts:
        sync.github.clock.advance(0.01)
        sync.add_comment(report, word)
    await sync.run()
    assert [body.split("\n")[2] for body in sync.texts_on_github(number)] == texts
