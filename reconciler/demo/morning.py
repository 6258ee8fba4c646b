"""The first half of the story: people act on one side, then on the other. Plain data.

The rules behind every `follows` are in docs/design.md, Deciding.
"""

from reconciler.demo.cast import CHECKOUT, HUBERT, MOBILE, MOBILE_BOT, MONA, SHOP, SUPPORT, TESTER
from reconciler.demo.deeds import (
    Chapter,
    Deed,
    closes,
    every,
    issue_is,
    labels_are,
    report_has,
    says,
    sets,
    writes,
)
from reconciler.demo.lines import (
    BUILD,
    HOSTILE_REPORT,
    IRELAND,
    ORDER,
    PHOTO,
    PLAIN_ORDER,
    PLAIN_REPLY,
    QUOTE,
    REPLY,
    SEEN,
)
from reconciler.demo.stage import Ref, Stage, ref


def people_on_github() -> Chapter:
    """Close, relabel, comment; strangers' issues are nobody's business."""
    return Chapter(
        title="People act on GitHub",
        words="mona and hubert work on the issues. Shop and Checkout share a repository, so each sees the"
        " other's changes, and leaves them alone. First, the plan for Shop.",
        plan_of=SHOP.name,
        deeds=(
            closes(ref(SHOP, 2), MONA, "completed", "resolved"),
            closes(ref(SHOP, 3), MONA, "not_planned", "closed"),
            closes(ref(CHECKOUT, 2), MONA, "duplicate", "closed"),
            _another_spelling(ref(MOBILE, 3)),
            _a_category(ref(MOBILE, 4)),
            says(ref(SHOP, 4), MONA, SEEN, "the comment is in BugSpark"),
            says(ref(CHECKOUT, 3), HUBERT, QUOTE, "in BugSpark: a quote is not an echo"),
            says(ref(MOBILE, 2), MOBILE_BOT, BUILD, "in BugSpark: a person at our own account"),
        ),
    )


def people_in_bugspark() -> Chapter:
    """Resolve, close, triage, regrade, comment."""
    return Chapter(
        title="People act in BugSpark",
        words="Ada, Ben and Chiara work on the reports. GitHub knows open and closed only, so a step"
        " within one of the two writes nothing.",
        deeds=(
            _resolved(ref(SHOP, 5)),
            _closed(ref(SHOP, 6)),
            _triaging(ref(SHOP, 7)),
            _severity_while_labelling(ref(CHECKOUT, 4)),
            _crash(ref(MOBILE, 5)),
            writes(ref(SHOP, 4), TESTER, REPLY, "the comment is on GitHub", reads=PLAIN_REPLY),
            writes(ref(CHECKOUT, 3), SUPPORT, IRELAND, "the comment is on GitHub"),
            writes(ref(CHECKOUT, 4), SUPPORT, PHOTO, "the comment is on GitHub"),
            writes(HOSTILE_REPORT, SUPPORT, ORDER, "there, but calls and closes nothing", reads=PLAIN_ORDER),
        ),
    )


def _another_spelling(at: Ref) -> Deed:
    labels = ("bug", "HIGH", "good first issue")
    return Deed(
        at=at,
        what="mona: HIGH for medium-priority, and good first issue",
        follows="severity high; the other labels stay",
        act=lambda s: s.repository(at).relabel(s.number(at), list(labels), by=MONA),
        holds=every(report_has(at, severity="high"), labels_are(at, *labels)),
    )


def _a_category(at: Ref) -> Deed:
    return Deed(
        at=at,
        what="mona adds the label performance",
        follows="category performance",
        act=lambda s: s.repository(at).label(s.number(at), "performance", by=MONA),
        holds=report_has(at, category="performance"),
    )


def _resolved(at: Ref) -> Deed:
    completed = issue_is(at, "closed", "completed")
    what, follows = "Ada resolves the report", "the issue is closed as completed"
    return sets(at, "status", "resolved", what=what, follows=follows, holds=completed)


def _closed(at: Ref) -> Deed:
    not_planned = issue_is(at, "closed", "not_planned")
    what, follows = "Ada closes the report", "the issue is closed as not planned"
    return sets(at, "status", "closed", what=what, follows=follows, holds=not_planned)


def _triaging(at: Ref) -> Deed:
    survives = every(report_has(at, status="triaging"), issue_is(at, "open", None))
    what, follows = "Ben is triaging it", "the issue is open, the report still triaging"
    return sets(at, "status", "triaging", what=what, follows=follows, holds=survives)


def _crash(at: Ref) -> Deed:
    labelled = labels_are(at, "bug", "medium-priority", "crash")
    what, follows = "Chiara: category bug → crash", "the label crash is added"
    return sets(at, "category", "crash", what=what, follows=follows, holds=labelled)


def _severity_while_labelling(at: Ref) -> Deed:
    def act(stage: Stage) -> None:
        stage.bugspark.edit(stage.report_id(at), "severity", "critical")
        stage.repository(at).label(stage.number(at), "needs design", by=MONA)

    labels = labels_are(at, "bug", "critical", "ui", "needs design")
    return Deed(
        at=at,
        what="Ben: severity low → critical; mona adds needs design",
        follows="our label is swapped, mona's stays",
        act=act,
        holds=every(report_has(at, severity="critical"), labels),
    )
