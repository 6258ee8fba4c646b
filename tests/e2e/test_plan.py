"""`reconcile plan`: writes nothing anywhere; the pass right after does exactly what it showed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model.fields import Status
from tests.support.command import Installation

KEYS = ["kind", "report", "issue", "field", "base", "local", "remote", "to", "rule"]


def busy(installation: Installation) -> Any:
    """Something to do on both sides, and a report filed with `sync.export = all`."""
    installation.configure(sync={"export": "all"})
    report, number = installation.linked()
    installation.github.web.label(number, "critical", by="alice")
    installation.github.web.unlabel(number, "medium-priority", by="alice")
    installation.github.web.comment(number, "I see it too", by="bob")
    installation.bugspark.set_report(
        report, status=Status.RESOLVED.value, updated_at=installation.github.clock.now()
    )
    installation.bugspark.add_comment(report, "Here as well", author=installation.ada)
    # Later than any clock here shows: however long a command takes, it does not wait for `settle_seconds`.
    filed_at = datetime.now(UTC) + timedelta(days=1)
    installation.bugspark.add_report(installation.project, "New one", at=filed_at)
    return report, number


def test_plan_reads_like_a_diff_and_writes_nothing(each_installation: Installation) -> None:
    busy(each_installation)
    each_installation.github.clock.advance(5)
    before = each_installation.everything()
    done = each_installation.reconcile("plan", "--project", "Shop")
    assert (done.code, done.err) == (0, "")
    assert each_installation.everything() == before
    assert each_installation.writes == []
    assert "~ BugSpark  severity: medium → critical  (only GitHub changed)" in done.out
    assert "~ GitHub    status: new → resolved  (only BugSpark changed)" in done.out
    assert "3 to GitHub, 2 to BugSpark, 0 conflicts, 0 deletions" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    again = each_installation.reconcile("plan", "--project", "Shop", "--json", "--exit-code")
    same = each_installation.reconcile("plan", "--project", "Shop", "--json", "--exit-code")
    assert (again.code, again.out) == (3, same.out)
    assert list(again.row) == ["project", "hash", "actions", "withheld"]
    assert again.row["withheld"] is None
    assert all(list(action) == KEYS for action in again.row["actions"])
    assert each_installation.everything() == before


def test_the_pass_right_after_does_exactly_what_was_shown(each_installation: Installation) -> None:
    report, number = busy(each_installation)
    kinds = [
        action["kind"]
        for action in each_installation.reconcile("plan", "--project", "Shop", "--json").row["actions"]
    ]
    done = each_installation.sync_shop().row
    assert sorted(kinds) == sorted(
        ["set_field", "import_comment", "set_state", "post_comment", "create_issue"]
    )
    assert {key: value for key, value in done["applied"].items() if value} == {
        "reports_updated": 1,
        "comments_imported": 1,
        "issues_created": 1,
        "issues_updated": 1,
        "comments_posted": 1,
    }
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert (row["severity"], row["status"]) == ("critical", "resolved")
    assert each_installation.github.web.issue(number).state == "closed"
    empty = each_installation.reconcile("plan", "--project", "Shop", "--json", "--exit-code")
    assert (empty.code, empty.row["actions"]) == (0, [])


def test_plan_before_any_pass_shows_links_to_come_and_keeps_nothing(installation: Installation) -> None:
    issue = installation.github.web.open_issue("Their own", by="alice", labels=["high"])
    installation.github.web.comment(issue.number, "older", by="bob")
    installation.bugspark.add_report(
        installation.project, github_repo="acme/web", github_issue_number=issue.number, github_issue_url="x"
    )
    before = installation.everything()
    done = installation.reconcile("plan", "--project", "Shop", "--json")
    assert (done.code, installation.everything() == before) == (0, True)
    assert {action["kind"] for action in done.row["actions"]} >= {"import_comment"}


def test_plan_of_a_project_that_cannot_be_read_says_why(installation: Installation) -> None:
    installation.github.world.revoke(installation.github.token)
    done = installation.reconcile("plan", "--project", "Shop", "--json")
    assert (done.code, done.row["actions"], done.row["error"]["kind"]) == (1, [], "credential")
    assert len(done.err.splitlines()) == 1
