"""A test of the tests, for comments that GitHub does not show, or shows again: a planted bug for each rule of
two readings must be seen, and nothing without it (docs/design.md, Comments).
"""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.decide import comments
from reconciler.decide.comment_draft import CommentDraft
from reconciler.demo.github.faults import Stale
from reconciler.github import translate
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, CommentPairState, Presence
from reconciler.model.passes import NullProgress
from reconciler.model.plan import Rule
from reconciler.sync import full_read, write
from reconciler.sync.comments import second_readings
from tests.proofs.planted import PlantBug, Situation, Violations, require_bug_detected
from tests.support.invariants import find_violations
from tests.support.scenario import Scenario
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]

THREAD = r"/issues/\d+/comments"


async def verify(scenario: Scenario) -> None:
    """Compare every link in full."""
    app = await scenario.start()
    await app.verify(await app.find_project(str(scenario.project)), wait=False, progress=NullProgress())


async def with_comments(scenario: Scenario) -> None:
    """A report with a comment from each side, both copied, some time ago."""
    report = await scenario.export(title="first")
    scenario.github.clock.advance(600)
    scenario.comment_on_github(report)
    scenario.comment_in_bugspark(report)
    await scenario.settle(hours=0)
    scenario.github.clock.advance(60)


# --- one reading revives nothing --------------------------------------------------------------------------


def one_reading_revives(patch: pytest.MonkeyPatch) -> None:
    original = comments._update_pair

    def trusting(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
        if pair.believed_presence is Presence.ABSENT and pair.state is CommentPairState.ENDED:
            live = replace(pair, state=CommentPairState.LIVE, reason=None, first_reading=None)
            comments._plan_import(draft, comment, live, Rule.COMMENT_SHOWN)
        else:
            original(draft, pair, comment)

    patch.setattr(comments, "_update_pair", trusting)


async def a_moderator_deletes_before_a_stale_reading(scenario: Scenario) -> Violations:
    await with_comments(scenario)
    scenario.delete_comment_of(scenario.notes[0])
    await verify(scenario)
    await scenario.run(seconds=61)
    scenario.github.simulator.faults.add(Stale(seconds=150), method="GET", path=THREAD, times=None)
    await verify(scenario)
    scenario.github.simulator.faults.clear()
    revived = scenario.copies_in_bugspark(scenario.notes[0])
    wrong = ["what a moderator deleted is back"] if revived else []
    return wrong + find_violations(scenario, await scenario.settle())


# --- two readings revive ----------------------------------------------------------------------------------


def deletions_are_final(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comments, "is_shown_again", lambda *_: False)


async def a_flagged_author_returns(scenario: Scenario) -> Violations:
    await with_comments(scenario)
    scenario.flag()
    wrong = find_violations(scenario, await scenario.settle())
    scenario.unflag()
    return wrong + find_violations(scenario, await scenario.settle())


# --- hidden comments --------------------------------------------------------------------------------------


def hidden_comments_are_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(translate, "is_hidden", lambda _: False)


async def comments_are_hidden_and_shown(scenario: Scenario) -> Violations:
    await with_comments(scenario)
    wrong: Violations = []
    for act in (scenario.hide, scenario.show):
        for note in scenario.notes:
            act(note)
        wrong += find_violations(scenario, await scenario.settle())
    return wrong


# --- our own copies ---------------------------------------------------------------------------------------


async def our_copies_are_hidden_and_lost(scenario: Scenario) -> Violations:
    """GitHub hides our copy, shows it again, and only then its original is deleted."""
    await with_comments(scenario)
    note = scenario.notes[1]
    for act in (scenario.hide, scenario.show, scenario.delete_comment_of):
        act(note)
        await scenario.settle()
    return find_violations(scenario, await scenario.settle(hours=0))


def a_copy_that_github_does_not_show_counts_as_deleted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(write, "NOT_FOUND_TO_DELETE", None)


async def a_copy_is_deleted_while_it_is_not_shown(scenario: Scenario) -> Violations:
    await with_comments(scenario)
    scenario.github.world.flag_user("bugspark-bot")
    scenario.delete_comment_of(scenario.notes[1])
    await scenario.settle(hours=0)
    scenario.github.world.flag_user("bugspark-bot", flagged=False)
    return find_violations(scenario, await scenario.settle())


# --- what says nothing ------------------------------------------------------------------------------------


def an_outdated_thread_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(full_read, "is_older_than_known", lambda *_: False)
    patch.setattr(second_readings, "is_older_than_known", lambda *_: False)


async def every_reading_is_old_for_a_while(scenario: Scenario) -> Violations:
    """Of two passes, the second readings included; the issue itself is shown as it was, too."""
    await with_comments(scenario)
    scenario.github.simulator.faults.add(
        Stale(seconds=400, single=True), method="GET", path=r"/issues/(comments/)?\d+", times=None
    )
    await verify(scenario)
    await scenario.run(seconds=61)
    await scenario.run(seconds=61)
    lost = [
        note for note in scenario.notes if note.side == "github" and not scenario.copies_in_bugspark(note)
    ]
    return [f"{note}: its copy was deleted" for note in lost] + find_violations(
        scenario, await scenario.settle()
    )


def comments_of_a_lost_issue_count(patch: pytest.MonkeyPatch) -> None:
    original = second_readings._read_comments

    async def trusting(*given: object) -> second_readings._CommentReadings:
        found = await original(*given)  # type: ignore[arg-type]  # whatever the original takes
        found.gone |= found.unanswered
        found.unanswered.clear()
        return found

    patch.setattr(second_readings, "_read_comments", trusting)


async def an_issue_is_lost_between_two_readings(scenario: Scenario) -> Violations:
    await with_comments(scenario)
    note = scenario.notes[0]
    scenario.delete_comment_of(note)
    await verify(scenario)
    scenario.github.web.delete_issue(note.number or 0, by="alice")
    await scenario.run(seconds=61)
    return [] if scenario.copies_in_bugspark(note) else ["a comment of a lost issue was deleted"]


PLANTED: dict[str, tuple[PlantBug, Situation]] = {
    "a stale reading after a deletion": (one_reading_revives, a_moderator_deletes_before_a_stale_reading),
    "a flagged author": (deletions_are_final, a_flagged_author_returns),
    "hidden comments": (hidden_comments_are_shown, comments_are_hidden_and_shown),
    "hidden copies": (deletions_are_final, our_copies_are_hidden_and_lost),
    "a copy not shown": (
        a_copy_that_github_does_not_show_counts_as_deleted,
        a_copy_is_deleted_while_it_is_not_shown,
    ),
    "outdated readings": (an_outdated_thread_counts, every_reading_is_old_for_a_while),
    "a lost issue": (comments_of_a_lost_issue_count, an_issue_is_lost_between_two_readings),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_bug_in_a_rule_of_two_readings_is_seen_and_nothing_without_it(
    rule: str, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await require_bug_detected(*PLANTED[rule], sqlite_template, tmp_path, monkeypatch)
