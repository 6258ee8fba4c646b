"""Links: taken up, made, cut, exported; nothing doubled, nothing claimed twice.

Source: docs/design.md, docs/reference/contract.md.
"""

from datetime import UTC, datetime, timedelta

from reconciler.demo.github.faults import Delay, Limit
from reconciler.model.fields import Category, Severity
from reconciler.model.ids import ReportId
from tests.support.command import Installation


def texts_on_github(installation: Installation, number: int) -> list[str]:
    return [row.body.split("\n\n<!--")[0] for row in installation.github.web.thread(number)]


def texts_in_bugspark(installation: Installation, report: ReportId) -> list[str]:
    return [str(row["body"]) for row in installation.bugspark.comments(report)]


def test_export_prints_addresses_and_makes_one_issue_however_often(each_installation: Installation) -> None:
    first = each_installation.bugspark.add_report(
        each_installation.project,
        "Crash &lt;here&gt;",
        severity=Severity.HIGH,
        category=Category.CRASH,
        description="It broke @alice",
    )
    second = each_installation.bugspark.add_report(each_installation.project, "Slow")
    each_installation.bugspark.add_comment(first, "An older word", author=each_installation.ada)
    shown = each_installation.reconcile("export", "--dry-run", "--json", "Shop:BUG-0001").row
    assert list(shown) == [
        *("report", "repository", "title", "body", "labels", "assignees", "milestone", "type", "redacted")
    ]
    assert each_installation.github.web.picture() == {}
    done = each_installation.reconcile("export", "Shop:BUG-0001", str(second))
    web = each_installation.github.simulator.views.api
    assert done.outcome == (0, f"{web}/acme/web/issues/1\n{web}/acme/web/issues/2\n", "")
    again = each_installation.reconcile("export", str(first), "Shop:BUG-0002", "Shop:BUG-0001")
    assert (again.code, each_installation.asked) == (0, [])
    assert each_installation.sync_shop().row["applied"]["comments_posted"] == 0
    assert len(list(each_installation.github.web.issues)) == 2
    issue = each_installation.github.web.issue(1)
    assert issue.title == "[BUG-0001] Crash <\u200bhere>"
    assert set(each_installation.github.web.label_names(1)) == {"bug", "high-priority", "crash"}
    assert issue.body is not None
    for part in ("## Bug Report: BUG-0001", "**Severity:** high", "*Exported from BugSpark (BUG-0001)*"):
        assert part in issue.body
    assert "@alice" not in issue.body
    assert each_installation.columns(first) == ("acme/web", 1, f"{web}/acme/web/issues/1")
    assert texts_on_github(each_installation, 1) == ["[BugSpark] Ada:\n\nAn older word"]


def test_export_says_on_stderr_what_github_did_not_take_of_the_issue(installation: Installation) -> None:
    installation.configure(sync={"severity_as": "priority"})
    installation.github.web.add_field()
    installation.github.world.assume(field_values_are_dropped=True)
    installation.bugspark.add_report(installation.project, severity=Severity.HIGH)
    done = installation.reconcile("export", "Shop:BUG-0001")
    assert (done.code, done.out) == (0, f"{installation.github.api}/acme/web/issues/1\n")
    (line,) = done.err.splitlines()
    assert line.startswith("GitHub did not take priority High for the new issue")
    assert line.endswith("(report Shop:BUG-0001)")
    again = installation.reconcile("export", "Shop:BUG-0001", "--json")
    assert (again.code, again.err, again.row["error"]) == (0, "", None), "it was made before"


def test_export_refuses_before_anything_is_done(installation: Installation) -> None:
    installation.bugspark.add_report(installation.project)
    before = installation.everything()
    for arguments in (
        ("Shop:BUG-0001", "Shop:BUG-0099"),
        ("Shop:BUG-0001", "nonsense"),
        ("Shop:BUG-0001", "X:BUG-1"),
    ):
        done = installation.reconcile("export", *arguments)
        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert installation.everything() == before


def test_filled_columns_are_taken_up_at_the_next_pass(each_installation: Installation) -> None:
    issue = each_installation.github.web.open_issue("Theirs", by="alice", labels=["high"])
    each_installation.github.web.comment(issue.number, "hello", by="bob")
    each_installation.github.web.close(issue.number, by="alice")
    report = each_installation.bugspark.add_report(
        each_installation.project, severity=Severity.LOW, at=each_installation.github.clock.advance(-9)
    )
    each_installation.bugspark.add_comment(report, "older", author=each_installation.ada)
    each_installation.bugspark.set_report(report, github_repo="acme/web", github_issue_number=issue.number)
    done = each_installation.sync_shop()
    assert (done.code, done.row["applied"]["comments_imported"]) == (0, 1)
    assert each_installation.sync_shop().row["applied"]["comments_posted"] == 0
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["status"] == "resolved"
    assert texts_on_github(each_installation, issue.number) == ["hello"]
    assert "**bob** (via GitHub):\n\nhello" in texts_in_bugspark(each_installation, report)


def test_link_with_and_without_backfill(each_installation: Installation) -> None:
    reports = [each_installation.bugspark.add_report(each_installation.project) for _ in range(2)]
    numbers = [each_installation.github.web.open_issue("Theirs", by="alice").number for _ in range(2)]
    for report in reports:
        each_installation.bugspark.add_comment(report, "older", author=each_installation.ada)
    plain = each_installation.reconcile("link", "Shop:BUG-0001", f"acme/web#{numbers[0]}")
    full = each_installation.reconcile("link", str(reports[1]), f"acme/web#{numbers[1]}", "--backfill")
    assert (plain.code, full.code, plain.err + full.err) == (0, 0, "")
    assert each_installation.columns(reports[0])[:2] == ("acme/web", numbers[0])
    assert each_installation.sync_shop().code == 0
    assert each_installation.sync_shop().row["applied"]["comments_posted"] == 0
    assert texts_on_github(each_installation, numbers[0]) == []
    assert texts_on_github(each_installation, numbers[1]) == ["[BugSpark] Ada:\n\nolder"]


def test_unlink_clears_the_columns_and_linking_again_doubles_nothing(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    each_installation.github.web.comment(number, "from there", by="bob")
    each_installation.bugspark.add_comment(report, "from here", author=each_installation.ada)
    assert each_installation.sync_shop().code == 0
    here, there = texts_in_bugspark(each_installation, report), texts_on_github(each_installation, number)
    assert (len(here), len(there)) == (2, 2)
    done = each_installation.reconcile("unlink", "Shop:BUG-0001")
    assert (done.code, done.err, each_installation.columns(report)) == (0, "", (None, None, None))
    assert each_installation.sync_shop().row["applied"]["reports_updated"] == 0
    assert each_installation.reconcile("link", "Shop:BUG-0001", f"acme/web#{number}", "--backfill").code == 0
    for _ in range(2):
        assert each_installation.sync_shop().code == 0
    assert (texts_in_bugspark(each_installation, report), texts_on_github(each_installation, number)) == (
        here,
        there,
    )


def test_links_that_cannot_be_made_are_refused_in_one_sentence(installation: Installation) -> None:
    report, number = installation.linked()
    other = installation.bugspark.add_report(installation.project)
    installation.github.world.add_repository("acme/app")
    free = installation.github.web.open_issue("Free", by="alice").number
    pull = installation.github.web.open_issue("A pull request", by="alice", pull_request=True).number
    before = installation.everything()
    for arguments, code, expected in (
        ((str(other), f"acme/web#{number}"), 1, f"{installation.tracking(report)} of project"),
        ((str(report), f"acme/web#{free}"), 1, f"acme/web#{number}"),
        ((str(other), "acme/web#999"), 1, "acme/web#999"),
        ((str(other), f"acme/web#{pull}"), 1, "pull request"),
        ((str(other), "acme/app#1"), 1, "acme/app"),
        ((str(other), "acme/web"), 2, "OWNER/REPO#12"),
        ((str(other), "acme/web#99999999999"), 2, "acme/web#99999999999"),
        (("Shop:BUG-9999", f"acme/web#{free}"), 2, "BUG-9999"),
    ):
        done = installation.reconcile("link", *arguments)
        assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1), done
        assert expected in done.err
    done = installation.reconcile("unlink", str(other))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    quiet = installation.everything()
    for table in ("reports", "comments", "sync_links", "sync_comments", "sync_intents"):
        assert quiet[0].get(table) == before[0].get(table)
    assert quiet[1] == before[1]


def test_changed_columns_are_an_unlink_and_a_link(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    new = each_installation.github.web.open_issue("The other", by="alice").number
    each_installation.github.web.comment(new, "over here", by="bob")
    each_installation.bugspark.set_report(
        report, github_issue_number=new, github_issue_url="https://example.test/2"
    )
    for _ in range(2):
        assert each_installation.sync_shop().code == 0
    assert "**bob** (via GitHub):\n\nover here" in texts_in_bugspark(each_installation, report)
    each_installation.github.web.close(number, by="alice")
    each_installation.sync_shop()
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["status"] == "new"
    each_installation.github.web.close(new, by="alice")
    each_installation.sync_shop()
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["status"] == "resolved"


def test_a_second_claim_on_a_linked_issue_is_shown_and_not_made(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    second = each_installation.bugspark.add_report(each_installation.project, "Another")
    each_installation.bugspark.add_comment(second, "mine", author=each_installation.ada)
    each_installation.bugspark.set_report(second, github_repo="acme/web", github_issue_number=number)
    each_installation.sync_shop()
    each_installation.github.web.close(number, by="alice")
    each_installation.sync_shop()
    rows = [each_installation.bugspark.report(each) for each in (report, second)]
    assert [row and row["status"] for row in rows] == ["resolved", "new"]
    assert texts_on_github(each_installation, number) == []
    assert "contested" in each_installation.reconcile("status").out


def test_titles_follow_where_that_is_asked_for(each_installation: Installation) -> None:
    each_installation.configure(sync={"title": "both"})
    report, number = each_installation.linked(title="Old")
    each_installation.github.web.retitle(number, "[BUG-0001] New there", by="alice")
    each_installation.sync_shop()
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["title"] == "New there"
    each_installation.bugspark.set_report(
        report, title="New here", updated_at=each_installation.github.clock.now()
    )
    each_installation.sync_shop()
    assert each_installation.github.web.issue(number).title == "[BUG-0001] New here"
    assert each_installation.reconcile("plan", "-p", "Shop", "--exit-code").code == 0


def test_every_new_report_becomes_an_issue_where_that_is_asked_for(each_installation: Installation) -> None:
    each_installation.configure(sync={"export": "all"}, guard={"max_new_issues": 2})
    old = each_installation.bugspark.add_report(each_installation.project, "From before")
    each_installation.sync_shop()
    # Later than any clock here shows: however long a command takes, none waits for `settle_seconds`.
    filed_at = datetime.now(UTC) + timedelta(days=1)
    for count in range(3):
        each_installation.bugspark.add_report(each_installation.project, f"New {count}", at=filed_at)
    assert each_installation.sync_shop().row["applied"]["issues_created"] == 2
    assert each_installation.sync_shop().row["applied"]["issues_created"] == 1
    assert each_installation.sync_shop().row["applied"]["issues_created"] == 0
    assert each_installation.columns(old) == (None, None, None)
    assert len(list(each_installation.github.web.issues)) == 3


def test_exporting_what_has_an_issue_makes_no_other(installation: Installation) -> None:
    """Fill its columns as a user does; no pass has taken them up yet."""
    theirs = installation.github.web.open_issue("Theirs", by="alice").number
    filled = installation.bugspark.add_report(
        installation.project,
        github_repo="acme/web",
        github_issue_number=theirs,
        github_issue_url="https://example.test/acme/web/issues/1",
    )
    done = installation.reconcile("export", str(filled))
    assert done.outcome == (0, "https://example.test/acme/web/issues/1\n", "")
    assert len(list(installation.github.web.issues)) == 1


def test_an_export_that_must_wait_says_until_when(installation: Installation) -> None:
    report = installation.bugspark.add_report(installation.project)
    installation.github.simulator.faults.add(Limit(wait=3600), method="POST", path="/issues")
    done = installation.reconcile("export", str(report))
    assert (done.code, done.out) == (1, "")
    assert "it waits for a pass after " in done.err
    assert list(installation.github.web.issues) == []


def test_a_killed_pass_does_not_stand_in_the_way(each_installation: Installation) -> None:
    _, number = each_installation.linked()
    each_installation.github.web.close(number, by="alice")
    each_installation.github.simulator.faults.add(Delay(seconds=20), path="/issues")
    with each_installation.commands.start("--project", "Shop") as process:
        while each_installation.github.simulator.in_flight == 0:
            assert process.poll() is None, "it ended before it asked"
        process.kill()
        process.wait()
    done = each_installation.sync_shop()
    assert (done.code, done.row["applied"]["reports_updated"]) == (0, 1)
