"""The later chapters: edits and reopened issues, deletions, conflicts. Plain data.

The rules behind every `expected` are in docs/design.md, Deciding.
"""

from reconciler.demo.compare import ExpectedDifference
from reconciler.demo.environment import DemoEnvironment, Ref, ref
from reconciler.demo.sample_data import CHECKOUT, HUBERT, MOBILE, MOBILE_BOT, MONA, SHOP, SUPPORT, TESTER
from reconciler.demo.texts import BACKLOG, BETTER, BUILD, PHOTO, QUOTE, REPLY, SEEN, TOUCHED
from reconciler.demo.user_actions import (
    Chapter,
    UserAction,
    all_of,
    change_report,
    delete_in_bugspark,
    delete_on_github,
    edit_on_github,
    in_bugspark,
    issue_is,
    labels_are,
    on_github,
    report_has,
    text_in_bugspark,
    text_on_github,
)

A_QUARTER = 15 * 60
"""Seconds before the passes; users on GitHub act five minutes before them (walkthrough.MINUTES)."""


def second_thoughts() -> Chapter:
    """Reports and issues are reopened; an original and a copy are edited on GitHub."""
    shop4 = ref(SHOP, 4)
    return Chapter(
        title="Second thoughts: reopened, edited",
        words="An edited original takes its copy along. An edited copy is shown, and otherwise left alone.",
        actions=(
            _reopened_there(ref(SHOP, 2)),
            _reopened_here(ref(SHOP, 5)),
            _edited_original(shop4),
            _edited_copy(shop4),
        ),
        differences=(
            ExpectedDifference(
                ref=shop4, side="BugSpark", text=REPLY, reason="mona edited our copy of it on GitHub"
            ),
            ExpectedDifference(ref=shop4, side="GitHub", text=TOUCHED, reason="that edited copy"),
        ),
    )


def deletions() -> Chapter:
    """An original and a copy are deleted on either side."""
    shop1, mobile2 = ref(SHOP, 1), ref(MOBILE, 2)
    return Chapter(
        title="Deleted: originals and copies",
        words="A deleted original takes its copy along. A deleted copy never touches its original. What one"
        " reading of GitHub does not show is gone only if a second one says the same.",
        passes=2,
        actions=(
            _original_there(ref(CHECKOUT, 3)),
            _original_here(ref(CHECKOUT, 4)),
            _copy_there(shop1),
            _copy_here(mobile2),
        ),
        differences=(
            ExpectedDifference(
                ref=shop1, side="BugSpark", text=BACKLOG[shop1], reason="its copy was deleted on GitHub"
            ),
            ExpectedDifference(
                ref=mobile2, side="GitHub", text=BUILD, reason="its copy was deleted in BugSpark"
            ),
        ),
    )


def conflicts() -> Chapter:
    """Both sides change the same field between two passes."""
    return Chapter(
        title="Both sides at once",
        words="The newer change wins, unless sync.conflict says otherwise; the other one is recorded.",
        actions=(
            _github_is_newer(ref(MOBILE, 6)),
            _bugspark_is_newer(ref(SHOP, 8)),
            _they_agree(ref(CHECKOUT, 5)),
        ),
    )


def _reopened_there(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="mona reopens the issue",
        expected="the report is new",
        act=lambda s: s.repository(at).reopen(s.number(at), by=MONA),
        check=report_has(at, status="new"),
    )


def _reopened_here(at: Ref) -> UserAction:
    both = all_of(issue_is(at, "open", "reopened"), report_has(at, status="in_progress"))
    what, expected = "Ada is on it again: in_progress", "the issue is reopened"
    return change_report(at, "status", "in_progress", what=what, expected=expected, check=both)


def _edited_original(at: Ref) -> UserAction:
    before, after = text_in_bugspark(MONA, SEEN), text_in_bugspark(MONA, BETTER)
    return UserAction(
        at=at,
        what="mona edits her comment",
        expected="BugSpark's copy says the same",
        act=lambda s: edit_on_github(s, at, SEEN, BETTER, by=MONA),
        check=all_of(in_bugspark(at, after), in_bugspark(at, before, times=0)),
    )


def _edited_copy(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="mona edits our copy of Ben's comment",
        expected="neither taken over nor overwritten",
        act=lambda s: edit_on_github(s, at, "[BugSpark]", TOUCHED, by=MONA),
        check=all_of(on_github(at, TOUCHED), in_bugspark(at, REPLY)),
    )


def _original_there(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="hubert deletes his comment on GitHub",
        expected="BugSpark's copy is gone too",
        act=lambda s: delete_on_github(s, at, QUOTE, by=HUBERT),
        check=in_bugspark(at, text_in_bugspark(HUBERT, QUOTE), times=0),
    )


def _original_here(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="Chiara deletes her comment in BugSpark",
        expected="GitHub's copy is gone too",
        act=lambda s: delete_in_bugspark(s, at, PHOTO),
        check=on_github(at, text_on_github(SUPPORT, PHOTO), times=0),
    )


def _copy_there(at: Ref) -> UserAction:
    return UserAction(
        at=at,
        what="mona deletes our copy of Ben's comment",
        expected="Ben's comment stays, no second copy",
        act=lambda s: delete_on_github(s, at, f"[BugSpark] {TESTER}", by=MONA),
        check=all_of(
            in_bugspark(at, BACKLOG[at]), on_github(at, text_on_github(TESTER, BACKLOG[at]), times=0)
        ),
    )


def _copy_here(at: Ref) -> UserAction:
    copy = text_in_bugspark(MOBILE_BOT, BUILD)
    return UserAction(
        at=at,
        what="Ada deletes BugSpark's copy of Build 212",
        expected="GitHub's stays, no second copy",
        act=lambda s: delete_in_bugspark(s, at, copy),
        check=all_of(on_github(at, BUILD), in_bugspark(at, copy, times=0)),
    )


def _github_is_newer(at: Ref) -> UserAction:
    def act(environment: DemoEnvironment) -> None:
        environment.bugspark.edit(environment.report_id(at), "severity", "low", seconds_ago=A_QUARTER)
        environment.repository(at).relabel(environment.number(at), ["bug", "critical"], by=MONA)

    return UserAction(
        at=at,
        what="Ada: severity low; ten minutes later mona: critical",
        expected="GitHub's is newer: critical on both sides",
        act=act,
        check=all_of(report_has(at, severity="critical"), labels_are(at, "bug", "critical")),
    )


def _bugspark_is_newer(at: Ref) -> UserAction:
    def act(environment: DemoEnvironment) -> None:
        environment.repository(at).relabel(environment.number(at), ["bug", "ui", "low-priority"], by=MONA)
        environment.bugspark.edit(environment.report_id(at), "severity", "critical")

    return UserAction(
        at=at,
        what="mona: low-priority; five minutes later Ada: critical",
        expected="BugSpark's is newer: critical on both sides",
        act=act,
        check=all_of(report_has(at, severity="critical"), labels_are(at, "bug", "ui", "critical")),
    )


def _they_agree(at: Ref) -> UserAction:
    def act(environment: DemoEnvironment) -> None:
        environment.repository(at).close(environment.number(at), by=MONA)
        environment.bugspark.edit(environment.report_id(at), "status", "resolved")

    return UserAction(
        at=at,
        what="mona closes the issue, Ben resolves the report",
        expected="they agree, nothing is written",
        act=act,
        check=all_of(report_has(at, status="resolved"), issue_is(at, "closed", "completed")),
    )
