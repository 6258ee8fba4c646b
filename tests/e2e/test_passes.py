"""`reconcile --project …` as an outside checker runs it (docs/reference/contract.md, The command)."""

import subprocess
import time

from reconciler.demo.github.faults import Delay, Limit
from tests.support.command import PROGRAM, Installation, command_runner

APPLIED = [
    "reports_updated",
    "comments_imported",
    "comments_edited",
    "comments_removed",
    "issues_created",
    "issues_updated",
    "comments_posted",
    "remote_comments_removed",
]


def test_a_pass_brings_both_sides_together_and_says_so_in_one_line(each_installation: Installation) -> None:
    report, number = each_installation.linked()
    each_installation.github.web.close(number, by="alice")
    each_installation.github.web.comment(number, "It was the cache", by="bob")
    each_installation.bugspark.add_comment(report, "Thanks", author=each_installation.ada)
    done = each_installation.reconcile("--project", "Shop")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Shop: 1 report updated, 1 comment imported, 1 comment posted; ")
    row = each_installation.bugspark.report(report)
    assert row is not None
    assert row["status"] == "resolved"
    assert len(each_installation.github.web.thread(number)) == 2
    assert len(each_installation.bugspark.comments(report)) == 2
    assert each_installation.reconcile("--project", "Shop").outcome == (0, "", "")
    assert each_installation.reconcile("--project", "Shop").outcome == (0, "", "")
    assert [seen.status for seen in each_installation.asked] == [304, 304]


def test_a_pass_as_json_has_the_promised_keys_and_types(installation: Installation) -> None:
    installation.linked()
    installation.bugspark.add_report(installation.project)
    done = installation.reconcile("--project", str(installation.project), "--json")
    assert (done.code, done.err) == (0, "")
    row = done.row
    assert list(row) == [
        "project",
        "outcome",
        "error",
        "duration_ms",
        "github",
        "applied",
        "conflicts",
        "quarantined",
        "pending",
    ]
    assert row["project"] == {"id": str(installation.project), "name": "Shop", "repository": "acme/web"}
    assert (row["outcome"], row["error"]) == ("ok", None)
    assert list(row["github"]) == ["requests", "not_modified", "writes", "cost"]
    assert list(row["applied"]) == APPLIED
    numbers = [row["duration_ms"], row["conflicts"], row["quarantined"], row["pending"]]
    assert all(type(each) is int for each in (*numbers, *row["github"].values(), *row["applied"].values()))


def test_several_projects_by_name_and_id_each_once_in_the_order_named(installation: Installation) -> None:
    installation.github.world.add_repository("acme/app").allow("bugspark-bot", "write")
    other = installation.bugspark.add_project("App")
    installation.bugspark.add_integration(other, repo="app", token=installation.github.token)
    installation.bugspark.add_project("Not connected")
    named = installation.reconcile(
        "--project", "Shop", "-p", str(other), "-p", str(installation.project), "--json"
    )
    assert [row["project"]["name"] for row in named.rows] == ["Shop", "App"]
    every = installation.reconcile("--all", "--json")
    assert (every.code, [row["project"]["name"] for row in every.rows]) == (0, ["App", "Shop"])


def test_one_failing_project_does_not_stop_the_others(installation: Installation) -> None:
    other = installation.bugspark.add_project("App")
    installation.bugspark.add_integration(other, repo="absent", token=installation.github.token)
    report, number = installation.linked()
    installation.github.web.close(number, by="alice")
    done = installation.reconcile("--all", "--json")
    assert done.code == 1
    assert [row["outcome"] for row in done.rows] == ["failed", "ok"]
    row = installation.bugspark.report(report)
    assert row is not None
    assert row["status"] == "resolved"
    assert "acme/absent" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_project_at_work_elsewhere_is_refused_or_waited_for(each_installation: Installation) -> None:
    """A slow GitHub keeps the first pass at its work."""
    _, number = each_installation.linked()
    each_installation.github.web.comment(number, "slow", by="bob")
    each_installation.github.simulator.faults.add(Delay(seconds=8.0), path="/issues")
    with each_installation.commands.start("--project", "Shop") as first:
        _until_asked(each_installation)
        second = each_installation.sync_shop()
        assert second.code == 1
        assert (second.row["outcome"], second.row["error"]["kind"]) == ("refused", "busy")
        assert "at work" in second.err
        third = each_installation.sync_shop("--wait")
        assert (third.code, third.row["outcome"]) == (0, "ok")
        assert first.wait(120) == 0


def _until_asked(installation: Installation) -> None:
    before = len(installation.github.simulator.requests)
    deadline = time.monotonic() + 60
    while (
        installation.github.simulator.in_flight == 0 and len(installation.github.simulator.requests) == before
    ):
        assert time.monotonic() < deadline, "the first pass never asked"
        time.sleep(0.05)


def test_a_second_command_during_a_limit_says_when_it_ends(installation: Installation) -> None:
    installation.linked()
    installation.github.simulator.faults.add(Limit(wait=120), path="/issues")
    limited = installation.sync_shop()
    assert (limited.code, limited.row["outcome"], limited.row["error"]["kind"]) == (1, "limited", "limited")
    assert limited.err.startswith("reconcile: Waiting (GitHub limit until ")
    again = installation.sync_shop()
    assert (again.code, again.row["outcome"], installation.asked) == (1, "limited", [])


def test_withheld_deletions_go_on_with_their_hash_and_only_with_it(installation: Installation) -> None:
    installation.configure(guard={"max_deletions": 2})
    report, number = installation.linked()
    comments = [installation.github.web.comment(number, f"word {count}", by="bob") for count in range(3)]
    assert installation.sync_shop().code == 0
    for each in comments:
        installation.github.web.delete_comment(each.id, by="bob")
    assert installation.sync_shop().code == 0
    installation.github.clock.advance(61)
    held = installation.sync_shop()
    assert (held.code, held.row["outcome"], held.row["error"]["kind"]) == (1, "partial", "withheld")
    assert len(installation.bugspark.comments(report)) == 3
    assert "--accept" in held.err
    digest = held.err.strip().split("--accept ")[1].split()[0]
    shown = installation.reconcile("status")
    assert "3 deletions withheld" in shown.out
    assert digest in shown.out
    wrong = installation.reconcile("--project", "Shop", "--accept", "0" * 16)
    assert wrong.code == 1
    assert digest in wrong.err
    assert len(installation.bugspark.comments(report)) == 3
    done = installation.reconcile("--project", "Shop", "--accept", digest)
    assert (done.code, done.err) == (0, "")
    assert "3 comments removed" in done.out
    assert installation.bugspark.comments(report) == []


def test_data_and_logs_go_separate_ways_also_at_debug(installation: Installation) -> None:
    installation.linked()
    done = installation.sync_shop(RECONCILER_LOG__LEVEL="debug")
    assert (done.code, done.row["outcome"]) == (0, "ok")


def test_names_that_streams_cannot_show_are_written_out(installation: Installation) -> None:
    _, number = installation.linked()
    installation.bugspark.execute("UPDATE projects SET name = :name", name="Schön \x1b[31m✓")
    installation.github.web.comment(number, "hm", by="bob")
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = installation.reconcile("--all", **ascii_only)
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert done.out.isascii()
    shown = installation.reconcile("status", **ascii_only)
    assert (shown.code, shown.out.isascii(), "\x1b" in shown.out) == (0, True, False)
    for line in installation.reconcile("status", TERM="dumb", NO_COLOR="1").out.splitlines():
        assert len(line) <= 80


def test_a_closed_pipe_ends_it_without_an_error(installation: Installation) -> None:
    script = f"'{PROGRAM}' config | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=installation.commands.home,
        env=installation.commands.environ,
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_version_and_help(installation: Installation) -> None:
    assert installation.reconcile("--version").out.startswith("reconcile ")
    assert installation.reconcile("-h").out == installation.reconcile("--help").out


def test_migrate_makes_a_new_file_and_changes_nothing_the_second_time(installation: Installation) -> None:
    home = installation.commands.home / "new"
    home.mkdir()
    there = command_runner(home)
    there.configure(database={"url": "sqlite:///bugspark.db"}, github={"api_url": installation.github.api})
    before = there.reconcile("status")
    assert (before.code, "reconcile migrate" in before.err) == (78, True)
    first, second = there.reconcile("migrate"), there.reconcile("migrate")
    assert (first.code, second.code, first.err + second.err) == (0, 0, "")
    assert "up to date already" in second.out
    assert there.reconcile("--all").outcome == (
        0,
        "",
        "No active project has a GitHub integration: nothing to do.\n",
    )
