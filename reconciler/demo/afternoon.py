"""The second half of the story: second thoughts, deletions, conflicts. Plain data.

The rules behind every `follows` are in docs/design.md, Deciding.
"""

from reconciler.demo.cast import CHECKOUT, HUBERT, MOBILE, MOBILE_BOT, MONA, SHOP, SUPPORT, TESTER
from reconciler.demo.compare import Apart
from reconciler.demo.deeds import (
    Chapter,
    Deed,
    delete_here,
    delete_there,
    edit_there,
    every,
    exported,
    imported,
    in_bugspark,
    issue_is,
    labels_are,
    on_github,
    report_has,
    sets,
)
from reconciler.demo.lines import BACKLOG, BETTER, BUILD, PHOTO, QUOTE, REPLY, SEEN, TOUCHED
from reconciler.demo.stage import Ref, Stage, ref

A_QUARTER = 15 * 60
"""Seconds before the passes; people on GitHub act five minutes before them (story.MINUTES)."""


def second_thoughts() -> Chapter:
    """Reopened on both sides; an original and a copy edited on GitHub."""
    shop4 = ref(SHOP, 4)
    return Chapter(
        title="Second thoughts: reopened, edited",
        words="An edited original takes its copy along. An edited copy is shown, and otherwise left alone.",
        deeds=(
            _reopened_there(ref(SHOP, 2)),
            _reopened_here(ref(SHOP, 5)),
            _edited_original(shop4),
            _edited_copy(shop4),
        ),
        aparts=(
            Apart(ref=shop4, side="BugSpark", text=REPLY, reason="mona edited our copy of it on GitHub"),
            Apart(ref=shop4, side="GitHub", text=TOUCHED, reason="that edited copy"),
        ),
    )


def deletions() -> Chapter:
    """Two originals and two copies, one of each on either side."""
    shop1, mobile2 = ref(SHOP, 1), ref(MOBILE, 2)
    return Chapter(
        title="Deleted: originals and copies",
        words="A deleted original takes its copy along. A deleted copy never touches its original.",
        deeds=(_original_there(ref(CHECKOUT, 3)), _original_here(ref(CHECKOUT, 4)), _copy_there(shop1),
               _copy_here(mobile2)),
        aparts=(
            Apart(ref=shop1, side="BugSpark", text=BACKLOG[shop1], reason="its copy was deleted on GitHub"),
            Apart(ref=mobile2, side="GitHub", text=BUILD, reason="its copy was deleted in BugSpark"),
        ),
    )  # fmt: skip


def conflicts() -> Chapter:
    """Both sides change the same field between two passes."""
    return Chapter(
        title="Both sides at once",
        words="The newer change wins, unless sync.conflict says otherwise; the other one is recorded.",
        deeds=(
            _github_is_newer(ref(MOBILE, 6)),
            _bugspark_is_newer(ref(SHOP, 8)),
            _they_agree(ref(CHECKOUT, 5)),
        ),
    )


def _reopened_there(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="mona reopens the issue",
        follows="the report is new",
        act=lambda s: s.repository(at).reopen(s.number(at), by=MONA),
        holds=report_has(at, status="new"),
    )


def _reopened_here(at: Ref) -> Deed:
    both = every(issue_is(at, "open", "reopened"), report_has(at, status="in_progress"))
    what, follows = "Ada is on it again: in_progress", "the issue is reopened"
    return sets(at, "status", "in_progress", what=what, follows=follows, holds=both)


def _edited_original(at: Ref) -> Deed:
    before, after = imported(MONA, SEEN), imported(MONA, BETTER)
    return Deed(
        at=at,
        what="mona edits her comment",
        follows="BugSpark's copy says the same",
        act=lambda s: edit_there(s, at, SEEN, BETTER, by=MONA),
        holds=every(in_bugspark(at, after), in_bugspark(at, before, times=0)),
    )


def _edited_copy(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="mona edits our copy of Ben's comment",
        follows="neither taken over nor overwritten",
        act=lambda s: edit_there(s, at, "[BugSpark]", TOUCHED, by=MONA),
        holds=every(on_github(at, TOUCHED), in_bugspark(at, REPLY)),
    )


def _original_there(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="hubert deletes his comment on GitHub",
        follows="BugSpark's copy is gone too",
        act=lambda s: delete_there(s, at, QUOTE, by=HUBERT),
        holds=in_bugspark(at, imported(HUBERT, QUOTE), times=0),
    )


def _original_here(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="Chiara deletes her comment in BugSpark",
        follows="GitHub's copy is gone too",
        act=lambda s: delete_here(s, at, PHOTO),
        holds=on_github(at, exported(SUPPORT, PHOTO), times=0),
    )


def _copy_there(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="mona deletes our copy of Ben's comment",
        follows="Ben's comment stays, no second copy",
        act=lambda s: delete_there(s, at, f"[BugSpark] {TESTER}", by=MONA),
        holds=every(in_bugspark(at, BACKLOG[at]), on_github(at, exported(TESTER, BACKLOG[at]), times=0)),
    )


def _copy_here(at: Ref) -> Deed:
    copy = imported(MOBILE_BOT, BUILD)
    return Deed(
        at=at,
        what="Ada deletes BugSpark's copy of Build 212",
        follows="GitHub's stays, no second copy",
        act=lambda s: delete_here(s, at, copy),
        holds=every(on_github(at, BUILD), in_bugspark(at, copy, times=0)),
    )


def _github_is_newer(at: Ref) -> Deed:
    def act(stage: Stage) -> None:
        stage.bugspark.edit(stage.report_id(at), "severity", "low", seconds_ago=A_QUARTER)
        stage.repository(at).relabel(stage.number(at), ["bug", "critical"], by=MONA)

    return Deed(
        at=at,
        what="Ada: severity low; ten minutes later mona: critical",
        follows="GitHub's is newer: critical on both sides",
        act=act,
        holds=every(report_has(at, severity="critical"), labels_are(at, "bug", "critical")),
    )


def _bugspark_is_newer(at: Ref) -> Deed:
    def act(stage: Stage) -> None:
        stage.repository(at).relabel(stage.number(at), ["bug", "ui", "low-priority"], by=MONA)
        stage.bugspark.edit(stage.report_id(at), "severity", "critical")

    return Deed(
        at=at,
        what="mona: low-priority; five minutes later Ada: critical",
        follows="BugSpark's is newer: critical on both sides",
        act=act,
        holds=every(report_has(at, severity="critical"), labels_are(at, "bug", "ui", "critical")),
    )


def _they_agree(at: Ref) -> Deed:
    def act(stage: Stage) -> None:
        stage.repository(at).close(stage.number(at), by=MONA)
        stage.bugspark.edit(stage.report_id(at), "status", "resolved")

    return Deed(
        at=at,
        what="mona closes the issue, Ben resolves the report",
        follows="they agree, nothing is written",
        act=act,
        holds=every(report_has(at, status="resolved"), issue_is(at, "closed", "completed")),
    )
