"""The name of a user who deleted their account goes from our comments on GitHub.

Source: docs/reference/bugspark.md.
"""

import pytest

from tests.support.sync import Sync, is_idle

LONG = 7 * 3600.0  # longer than verify_seconds with its jitter

ERASURES = {
    "renamed": "UPDATE users SET name = 'Deleted User'",
    "without an author": "UPDATE comments SET author_id = NULL WHERE source IS NULL",
}
SHOWN = {"renamed": "[BugSpark] Deleted User:", "without an author": "[BugSpark] Unknown:"}


@pytest.mark.parametrize("how", ERASURES)
async def test_the_name_goes_from_our_comments_and_nothing_else_changes(sync: Sync, how: str) -> None:
    report, number = await sync.linked()
    for place in range(3):
        sync.add_comment(report, f"no. {place}")
    sync.github.web.comment(number, "by bob", by="bob")
    await sync.settle()
    await sync.run(seconds=LONG)
    before = sync.texts_on_github(number)
    assert sum("[BugSpark] Ada:" in body for body in before) == 3
    sync.bugspark.execute(ERASURES[how])
    await sync.run(seconds=LONG)
    await sync.settle()
    after = sync.texts_on_github(number)
    assert after == [body.replace("[BugSpark] Ada:", SHOWN[how]) for body in before]
    assert len(sync.texts_in_bugspark(report)) == 4
    await sync.run(seconds=LONG)
    assert sync.writes == []
    assert is_idle(await sync.settle())


async def test_an_ordinary_change_of_a_name_edits_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "hello")
    await sync.settle()
    sync.bugspark.execute("UPDATE users SET name = 'Ada Lovelace'")
    await sync.run(seconds=LONG)
    assert sync.writes == []
    assert "[BugSpark] Ada:" in sync.texts_on_github(number)[0]


async def test_a_copy_that_somebody_edited_on_github_stays_as_it_is(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "hello")
    await sync.settle()
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, copy.body.replace("hello", "edited"), by="alice")
    await sync.settle()
    sync.bugspark.execute("UPDATE users SET name = 'Deleted User'")
    await sync.run(seconds=LONG)
    assert sync.writes == []
    assert "edited" in sync.texts_on_github(number)[0]
