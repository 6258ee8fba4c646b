"""`why`, `resolve`, `retry` and `verify` as a person at a terminal uses them.

Source: docs/reference/contract.md, The command.
"""

import sqlalchemy as sa

from reconciler.store.schema import tables
from tests.support.command import Installation


def disagree(installation: Installation) -> tuple[str, int]:
    """Ada says critical, alice says low on GitHub: alice wins. The report's name and its issue."""
    installation.configure(sync={"conflict": "github"})
    report, number = installation.linked()
    installation.bugspark.set_report(report, severity="critical", updated_at=installation.github.clock.now())
    installation.github.web.unlabel(number, "medium-priority", by="alice")
    installation.github.web.label(number, "low", by="alice")
    done = installation.sync_shop()
    assert (done.code, done.row["conflicts"]) == (0, 1), done
    return f"Shop:{installation.tracking(report)}", number


def test_why_shows_both_sides_and_the_history_uncut_in_a_pipe(
    each_installation: Installation,
) -> None:
    report, number = each_installation.linked(title="It \x1b[31mbreaks\u202e")
    each_installation.github.web.close(number, by="alice")
    each_installation.github.web.comment(number, "It was the cache", by="bob")
    each_installation.bugspark.add_comment(report, "Thanks", author=each_installation.ada)
    assert each_installation.sync_shop().code == 0
    done = each_installation.reconcile("why", str(report), PYTHONIOENCODING="utf-8")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(each_installation.tracking(report))
    assert lines[1] == f"Shop, acme/web#{number}: Synced"
    assert "…" not in done.out
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    (status,) = [line for line in lines if line.startswith("  status")]
    assert status.split() == ["status", "resolved", "resolved", "closed", "(completed)"]
    (theirs,) = [line for line in lines if "It was the cache" in line and line.endswith("in BugSpark")]
    assert theirs.split()[:2] == ["GitHub", "bob"]
    (ours,) = [line for line in lines if line.startswith("  BugSpark Ada")]
    assert ours.endswith("on GitHub")
    history = lines[lines.index("History, newest first") + 1 :]
    assert [line.split(" ", 5)[5].split(" (")[0].strip() for line in reversed(history)] == [
        f"create issue: acme/web#{number}",
        "status: new → resolved",
        "import comment: It was the cache",
        "post comment: Thanks",
    ]


def test_why_as_json_is_complete(installation: Installation) -> None:
    name, number = disagree(installation)
    row = installation.reconcile("why", name, "--json").row
    assert list(row) == [
        "report",
        "project",
        "state",
        "reason",
        "link",
        "stage",
        "resolution",
        "follows",
        "followers",
        "assignee",
        "fields",
        "comments",
        "skipped",
        "intents",
        "acts",
        "story",
    ]
    assert (row["state"], row["link"]["issue"]) == ("Conflict", f"acme/web#{number}")
    newest = row["story"][0]
    assert (newest["kind"], newest["field"], newest["lost"]) == ("conflict", "severity", "critical")
    assert (newest["local"], newest["remote"], newest["to"]) == ("critical", "low", "low")
    assert newest["rule"] == "both changed, GitHub wins by configuration"
    made = row["story"][-1]
    assert (made["kind"], made["rule"]) == ("create_issue", "export was asked for")
    assert made["request_id"]


def test_why_shows_a_write_with_the_former_value_and_the_request_id(installation: Installation) -> None:
    report, _ = installation.linked()
    installation.bugspark.set_report(report, status="resolved", updated_at=installation.github.clock.now())
    assert installation.sync_shop().code == 0
    change = installation.reconcile("why", str(report), "--json").row["story"][0]
    assert (change["kind"], change["side"], change["field"]) == ("set_state", "github", "status")
    assert (change["base"], change["local"], change["remote"], change["to"]) == (
        "new",
        "resolved",
        "new",
        "resolved",
    )
    assert change["rule"] == "only BugSpark changed"
    assert change["request_id"]


def test_resolve_brings_the_lost_value_back_on_both_sides(each_installation: Installation) -> None:
    name, number = disagree(each_installation)
    done = each_installation.reconcile("resolve", name, "severity", "--take", "bugspark")
    assert (done.code, done.err) == (0, "")
    assert "severity is 'critical' again, as BugSpark had it" in done.out
    assert each_installation.writes == []
    assert each_installation.sync_shop().row["conflicts"] == 0
    assert "critical" in each_installation.github.web.label_names(number)
    assert "low" not in each_installation.github.web.label_names(number)
    shown = each_installation.reconcile("why", name, "--json").row
    assert [field["bugspark"] for field in shown["fields"]][1] == "critical"
    assert [line["kind"] for line in shown["story"][:2]] == ["swap_labels", "resolve"]
    again = each_installation.reconcile("resolve", name, "severity", "--take", "bugspark")
    assert (again.code, "already" in again.out) == (0, True)


def test_resolve_without_a_conflict_says_so(installation: Installation) -> None:
    report, _ = installation.linked()
    before, picture = installation.dump(), installation.picture()
    done = installation.reconcile("resolve", str(report), "status", "--take", "github")
    assert (done.code, done.out) == (1, "")
    assert "no conflict about status is recorded" in done.err
    after = installation.dump()  # the command took the project's lock, which the project's row names
    assert {name for name in after if after[name] != before[name]} <= {"sync_projects"}
    assert installation.picture() == picture


def test_resolve_and_similar_commands_refuse_unknown_arguments(installation: Installation) -> None:
    report, _ = installation.linked()
    before = installation.everything()
    for arguments in (
        ("resolve", str(report), "colour", "--take", "github"),
        ("resolve", str(report), "status", "--take", "jira"),
        ("resolve", str(report), "status"),
        ("resolve", "Shop:BUG-9999", "status", "--take", "github"),
        ("why", "Shop:BUG-9999"),
        ("why", "nonsense"),
        ("why",),
        ("retry", "Nowhere:BUG-0001"),
        ("verify",),
        ("verify", "--project", "Nowhere"),
    ):
        done = installation.reconcile(*arguments)
        assert (done.code, done.out) == (2, ""), arguments
        assert done.err, arguments
        assert "Traceback" not in done.err
    assert installation.everything() == before


def test_why_shows_a_report_without_a_link(installation: Installation) -> None:
    report = installation.bugspark.add_report(installation.project)
    done = installation.reconcile("why", str(report))
    assert (done.code, done.err) == (0, "")
    assert "Shop, no issue: Not linked" in done.out
    refused = installation.reconcile("resolve", str(report), "status", "--take", "github")
    assert refused.code == 1
    assert "is not linked" in refused.err


def test_retry_ends_a_quarantine(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    each_installation.github.web.lock(number, by="alice")
    each_installation.bugspark.add_comment(report, "Too late", author=each_installation.ada)
    assert each_installation.sync_shop().code == 1
    shown = each_installation.reconcile("why", str(report), "--json").row
    assert (shown["state"], shown["intents"][0]["state"]) == ("Needs attention", "quarantined")
    assert shown["story"][0]["kind"] == "quarantine"
    assert shown["comments"][0]["state"].startswith("not sent: ")
    done = each_installation.reconcile("retry", str(report))
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("1 write released; the next pass tries\n")
    rows = each_installation.bugspark.rows(sa.select(tables.intents))
    assert [(row["state"], row["reason"]) for row in rows] == [("planned", None)]
    each_installation.github.web.unlock(number, by="alice")
    assert each_installation.sync_shop().code == 0
    assert len(each_installation.github.web.thread(number)) == 1
    again = each_installation.reconcile("retry", str(report))
    assert (again.code, "nothing of it is in quarantine" in again.out) == (0, True)


def test_verify_compares_every_link_and_sums_up(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    each_installation.linked()
    each_installation.github.web.comment(number, "stays", by="bob")
    gone = each_installation.github.web.comment(number, "goes", by="bob")
    assert each_installation.sync_shop().code == 0
    for other in range(60):  # no list shows the issue any more
        each_installation.github.clock.advance(300)
        each_installation.github.web.open_issue(f"Other {other}", by="bob")
    assert each_installation.sync_shop().code == 0
    each_installation.github.web.delete_comment(gone.id, by="bob")
    done = each_installation.reconcile("verify", "--project", "Shop")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Shop: 2 of 2 links compared, 1 differed; ")
    assert len(each_installation.bugspark.comments(report)) == 2, "one reading deletes nothing"
    each_installation.github.clock.advance(61)
    assert each_installation.sync_shop().row["applied"]["comments_removed"] == 1
    assert len(each_installation.bugspark.comments(report)) == 1
    row = each_installation.reconcile("verify", "--project", "Shop", "--json").row
    assert list(row)[:3] == ["project", "outcome", "error"]
    assert "verified" not in row


def test_a_pass_that_took_up_a_link_says_so(installation: Installation) -> None:
    report = installation.bugspark.add_report(installation.project)
    made = installation.github.web.open_issue("Linked by hand", by="alice")
    installation.bugspark.set_report(report, github_repo="acme/web", github_issue_number=made.number)
    done = installation.reconcile("--project", "Shop")
    assert done.code == 0
    assert done.out.startswith("Shop: 1 link taken up")


def test_status_says_how_much_was_verified(installation: Installation) -> None:
    installation.linked()
    done = installation.reconcile("status")
    assert (done.code, done.err) == (0, "")
    assert "1 of 1 link checked within 6 h, none not equal, oldest" in done.out
    row = installation.reconcile("status", "--json").rows[0]
    assert (row["verified"]["links"], row["verified"]["of"]) == (1, 1)
