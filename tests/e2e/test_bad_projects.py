"""Bad input, project by project: one clear sentence, the right exit status, nothing half done."""

import json
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from reconciler.demo.github.faults import Reply
from tests.support.command import Done, Installation


def one_sentence(done: Done) -> str:
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("reconcile: ")
    return done.err


@pytest.mark.parametrize("arguments", [(), ("plan",), ("status",), ("discover",)])
def test_an_unknown_project_names_the_nearest(installation: Installation, arguments: tuple[str, ...]) -> None:
    done = installation.reconcile(*arguments, "--project", "Shopp")
    assert (done.code, done.out) == (2, "")
    assert "Did you mean Shop?" in one_sentence(done)


def test_an_ambiguous_name_lists_the_ids_and_a_pass_needs_a_project(installation: Installation) -> None:
    other = installation.bugspark.add_project("Shop")
    done = installation.reconcile("--project", "Shop")
    assert done.code == 2
    assert {str(installation.project), str(other)} <= {
        word.strip(",.;") for word in one_sentence(done).split()
    }
    assert installation.reconcile().code == 2
    combined = installation.reconcile("--all", "--project", "Shop")
    assert (combined.code, installation.asked) == (2, [])


ACME = {"owner": "acme", "repo": "web", "token": "t"}
BAD: dict[str, tuple[object, str]] = {
    "a string": ("nonsense", "not a JSON object"),
    "a list": (["acme", "web"], "not a JSON object"),
    "no owner": ({"repo": "web", "token": "t"}, "no owner"),
    "dots": ({**ACME, "owner": ".."}, "no GitHub name"),
    "a path": ({**ACME, "repo": "web/../x"}, "no GitHub name"),
    "another host": ({**ACME, "owner": "https://evil.test"}, "no GitHub name"),
    "no token": ({"owner": "acme", "repo": "web"}, "no token"),
    "a number": ({**ACME, "token": 7}, "no token"),
    "a header in the token": ({**ACME, "token": "a\r\nX-Evil: 1"}, "characters that no token has"),
    "nested deeply": ({**ACME, "x": json.loads("[" * 900 + "]" * 900)}, "nested more than 64 levels deep"),
    "too large": ({**ACME, "x": "x" * 70_000}, "larger than 64 KiB"),
    "undecryptable": (
        {**ACME, "token": Fernet(b"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=").encrypt(b"t").decode()},
        "encryption_key",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_integration_stops_its_project_and_no_other(installation: Installation, bad: str) -> None:
    config, expected = BAD[bad]
    broken = installation.bugspark.add_project("Broken")
    installation.bugspark.add_integration(broken, config=config)
    report = installation.bugspark.add_report(broken)
    done = installation.reconcile("--all", "--json")
    assert done.code == 1
    assert [row["outcome"] for row in done.rows] == ["failed", "ok"]
    assert expected in one_sentence(done)
    assert "Broken" in done.err
    for arguments in (("export", str(report)), ("plan", "-p", "Broken"), ("link", str(report), "acme/web#1")):
        refused = installation.reconcile(*arguments)
        assert (refused.code, installation.asked) == (1, [])
        assert expected in one_sentence(refused)
    shown = installation.reconcile("check")
    assert (shown.code, shown.err) == (1, "")
    assert "Broken" in shown.out
    assert "ok    Shop: issues" in shown.out
    assert installation.reconcile("status").code == 0


def test_two_active_integrations_are_a_clear_error(installation: Installation) -> None:
    installation.bugspark.add_integration(installation.project, repo="app", token=installation.github.token)
    before = installation.dump()
    done = installation.sync_shop()
    assert (done.code, done.row["outcome"], installation.asked) == (1, "failed", [])
    assert "two active github integrations" in one_sentence(done)
    assert before["reports"] == installation.dump()["reports"]


def test_a_wrong_key_stops_only_the_project_it_concerns(installation: Installation) -> None:
    right, wrong = Fernet.generate_key(), Fernet.generate_key()
    other = installation.bugspark.add_project("Encrypted")
    token = Fernet(right).encrypt(installation.github.token.encode()).decode()
    installation.bugspark.add_integration(other, token=token)
    done = installation.reconcile("--all", "--json", RECONCILER_BUGSPARK__ENCRYPTION_KEY=wrong.decode())
    assert (done.code, [row["outcome"] for row in done.rows]) == (1, ["failed", "ok"])
    assert "bugspark.encryption_key is not the key BugSpark encrypted it with" in one_sentence(done)
    keys = f"{wrong.decode()},{right.decode()}"
    rotated = installation.reconcile("--all", "--json", RECONCILER_BUGSPARK__ENCRYPTION_KEY=keys)
    assert (rotated.code, rotated.err) == (0, "")


def _revoke(installation: Installation) -> None:
    installation.github.world.revoke(installation.github.token)


def _delete(installation: Installation) -> None:
    installation.github.world.delete_repository("acme/web")


def _hide(installation: Installation) -> None:
    installation.github.web.make_private()
    installation.github.web.levels.clear()


@pytest.mark.parametrize(
    ("spoil", "expected"), [(_revoke, "401"), (_delete, "acme/web"), (_hide, "acme/web")]
)
def test_an_unreadable_repository_changes_nothing_here(
    installation: Installation, spoil: Callable[[Installation], None], expected: str
) -> None:
    report, number = installation.linked()
    installation.github.web.comment(number, "hello", by="bob")
    installation.sync_shop()
    spoil(installation)
    installation.bugspark.set_report(report, severity="critical", updated_at=installation.github.clock.now())
    before = installation.dump()
    done = installation.sync_shop()
    assert (done.code, done.row["outcome"]) == (1, "failed")
    assert expected in one_sentence(done)
    after = installation.dump()
    for table in ("reports", "comments", "sync_links", "sync_comments"):
        assert after.get(table) == before.get(table)
    assert installation.reconcile("check").code == 1


def test_a_repository_that_never_was_fails_with_its_name(installation: Installation) -> None:
    other = installation.bugspark.add_project("App")
    installation.bugspark.add_integration(other, repo="absent", token=installation.github.token)
    done = installation.reconcile("--project", "App")
    assert (done.code, done.out) == (1, "")
    assert "acme/absent" in one_sentence(done)


def test_one_row_that_does_not_decode_is_quarantined_alone(each_installation: Installation) -> None:
    first, one = each_installation.linked()
    second, two = each_installation.linked()
    each_installation.github.web.close(two, by="alice")
    each_installation.github.web.close(one, by="alice")
    _spoil_next_reads(each_installation, one)
    done = each_installation.sync_shop()
    assert (done.code, done.row["outcome"], done.row["quarantined"]) == (1, "partial", 1)
    assert "state" in one_sentence(done)
    rows = [each_installation.bugspark.report(each) for each in (first, second)]
    assert [row and row["status"] for row in rows] == ["new", "resolved"]
    for _ in range(2):
        done = each_installation.sync_shop()
    assert done.code == 0
    row = each_installation.bugspark.report(first)
    assert row is not None
    assert row["status"] == "resolved"


def _spoil_next_reads(installation: Installation, number: int) -> None:
    """The list as it is, but one row's state is a number; that issue by itself likewise, once each."""
    import httpx

    headers = {"Authorization": f"Bearer {installation.github.token}"}
    rows = httpx.get(
        f"{installation.github.api}/repos/acme/web/issues", params={"state": "all"}, headers=headers
    ).json()
    for row in rows:
        if row["number"] == number:
            row["state"] = 7
    installation.github.simulator.faults.add(
        Reply(
            status=200,
            body=httpx.Response(200, json=rows).content,
            headers={"Content-Type": "application/json", "ETag": '"spoilt"'},
        ),
        method="GET",
        path=r"/acme/web/issues\?",
    )
    (row,) = (row for row in rows if row["number"] == number)
    installation.github.simulator.faults.add(
        Reply(
            status=200,
            body=httpx.Response(200, json=row).content,
            headers={"Content-Type": "application/json"},
        ),
        method="GET",
        path=rf"/acme/web/issues/{number}$",
    )


def test_an_invalid_list_is_reported_and_changes_nothing(installation: Installation) -> None:
    _, number = installation.linked()
    installation.github.web.close(number, by="alice")
    installation.github.simulator.faults.add(
        Reply(status=200, body=b"<html>", headers={"Content-Type": "text/html"}), path="/issues", times=None
    )
    before = installation.dump()["reports"]
    done = installation.sync_shop()
    assert (done.code, done.row["outcome"], done.row["error"]["kind"]) == (1, "failed", "github")
    one_sentence(done)
    assert installation.dump()["reports"] == before
    installation.github.simulator.faults.clear()
    assert installation.sync_shop().row["applied"]["reports_updated"] == 1


def test_inactive_projects_and_other_providers_are_not_ours(installation: Installation) -> None:
    gone = installation.bugspark.add_project("Gone", is_active=False)
    installation.bugspark.add_integration(gone)
    linear = installation.bugspark.add_project("Linear")
    installation.bugspark.add_integration(linear, config={"apiKey": "x"}, provider="linear")
    off = installation.bugspark.add_project("Off")
    installation.bugspark.add_integration(off, is_active=False)
    done = installation.reconcile("--all", "--json")
    assert [row["project"]["name"] for row in done.rows] == ["Shop"]
    assert installation.reconcile("--project", "Gone").code == 2
    refused = installation.reconcile("--project", "Off")
    assert refused.code == 1
    assert "no active github integration" in one_sentence(refused)
