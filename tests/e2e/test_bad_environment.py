"""Configuration, database and schema that can't be used: exit 78 or 1, one sentence, nothing half done."""

from pathlib import Path

import pytest

from tests.e2e.test_bad_projects import one_sentence
from tests.support.command import CommandRunner, Installation, command_runner, open_installation
from tests.support.postgres import Server


@pytest.mark.parametrize("arguments", [("--all",), ("status",), ("export", "Shop:BUG-0001")])
def test_a_database_without_our_schema_names_migrate(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    there = command_runner(tmp_path)
    there.configure(database={"url": "sqlite:///bugspark.db"})
    done = there.reconcile(*arguments)
    assert (done.code, done.out) == (78, "")
    assert "reconcile migrate" in one_sentence(done)


def test_a_newer_schema_is_not_touched(each_installation: Installation) -> None:
    each_installation.bugspark.execute("UPDATE reconciler_alembic_version SET version_num = '9999'")
    before = each_installation.everything()
    for arguments in (("--all",), ("plan", "--all"), ("status",), ("migrate",)):
        done = each_installation.reconcile(*arguments)
        assert (done.code, done.out) == (78, ""), arguments
        assert "newer version" in one_sentence(done)
    assert each_installation.everything() == before


@pytest.mark.parametrize(
    ("section", "code", "levels", "expected"),
    [
        ({"poll": {"interval_secnods": 5}}, 78, ["fail"], "interval_seconds"),
        ({}, 78, ["ok", "ok", "fail"], "reconcile migrate"),
        ({"database": {"url": "postgresql://x@127.0.0.1:1/x"}}, 1, ["ok", "fail"], "127.0.0.1"),
    ],
    ids=["configuration", "schema", "database"],
)
def test_check_says_how_far_it_got(
    tmp_path: Path, section: dict[str, dict[str, object]], code: int, levels: list[str], expected: str
) -> None:
    there = command_runner(tmp_path)
    (tmp_path / "bugspark.db").touch()
    usual: dict[str, dict[str, object]] = {"database": {"url": "sqlite:///bugspark.db"}}
    there.configure(**(usual | section))
    done = there.reconcile("check", "--json")
    assert (done.code, [row["level"] for row in done.rows]) == (code, levels)
    names = ["configuration", "database", "schema"]
    assert [row["name"] for row in done.rows] == names[: len(levels)]
    assert expected in done.rows[-1]["message"]
    assert done.rows[-1]["mend"].endswith("nothing else was looked at")
    assert expected in one_sentence(done)


@pytest.mark.parametrize("arguments", [("--all",), ("status",), ("migrate",)])
def test_an_unavailable_database_is_reported_without_the_password(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    there = command_runner(tmp_path)
    there.configure(database={"url": "postgresql+psycopg://sync:canary-password@127.0.0.1:1/bugspark"})
    done = there.reconcile(*arguments)
    assert (done.code, done.out) == (1, "")
    assert "bugspark on 127.0.0.1" in one_sentence(done)
    assert "canary" not in done.err


def test_an_unknown_database_of_a_running_server(tmp_path: Path, postgres_server: Server) -> None:
    with postgres_server.database() as url:
        there = command_runner(tmp_path)
        there.configure(database={"url": url.replace(url.rpartition("/")[2].partition("?")[0], "absent_one")})
        done = there.reconcile("status")
    assert done.code == 1
    one_sentence(done)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "bugspark.db").write_text("hello " * 500, encoding="utf-8")
    there = command_runner(tmp_path)
    there.configure(database={"url": "sqlite:///bugspark.db"})
    for arguments in (("--all",), ("migrate",)):
        done = there.reconcile(*arguments)
        assert (done.code, done.out) == (1, "")
        assert "not an SQLite database" in one_sentence(done)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    there = command_runner(tmp_path)
    there.configure(database={"url": "sqlite:///absent/bugspark.db"})
    for arguments, code, expected in (
        (("--all",), 78, "does not exist"),
        (("migrate",), 1, "can't be opened"),
    ):
        done = there.reconcile(*arguments)
        assert (done.code, done.out) == (code, "")
        assert expected in one_sentence(done)


def test_a_read_only_database_stops_before_github_is_written_to(installation: Installation) -> None:
    """Opened read-only, for root may write any file."""
    installation.bugspark.add_report(installation.project)
    installation.bugspark.execute("DELETE FROM sync_locks")
    url = f"sqlite:///file:{installation.commands.home}/bugspark.db?mode=ro&uri=true"
    before = installation.dump()
    for arguments in (("--all",), ("export", "Shop:BUG-0001"), ("link", "Shop:BUG-0001", "acme/web#1")):
        done = installation.reconcile(*arguments, RECONCILER_DATABASE__URL=url)
        assert (done.code, done.out, installation.writes) == (1, "", []), done
        assert "read-only" in one_sentence(done)
    assert installation.dump() == before


def test_a_server_that_is_read_only_stops_before_github_is_written_to(tmp_path: Path, live_url: str) -> None:
    with open_installation(live_url, tmp_path) as installation:
        installation.bugspark.add_report(installation.project)
        database = installation.bugspark.engine.url.database
        installation.bugspark.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
        before = installation.dump()
        for arguments in (("--all",), ("export", "Shop:BUG-0001")):
            done = installation.reconcile(*arguments)
            assert (done.code, done.out, installation.writes) == (1, "", []), done
            assert "read-only" in one_sentence(done)
        assert installation.dump() == before


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"RECONCILER_GITHUB__API_URL": "http://github.example"}, "github.api_url"),
        ({"RECONCILER_GITHUB__API_ULR": "https://x.test"}, "RECONCILER_GITHUB__API_URL"),
        ({"RECONCILER_POLL__CONCURRENCY": "many"}, "poll.concurrency"),
        ({"RECONCILER_CONFIG": "absent.toml"}, "absent.toml"),
        ({"RECONCILER_BUGSPARK__ENCRYPTION_KEY": "canary-key"}, "encryption_key"),
        ({"RECONCILER_SYNC__MARKER_KEY": "short"}, "marker_key"),
        ({"RECONCILER_DATABASE__URL": "mysql://u:canary@h/d"}, "database.url"),
    ],
)
def test_configuration_that_cannot_be_used(
    installation: Installation, environ: dict[str, str], expected: str
) -> None:
    before = installation.dump()
    done = installation.reconcile("--all", **environ)
    assert (done.code, done.out) == (78, "")
    assert expected in one_sentence(done)
    assert "canary" not in done.err
    assert installation.dump() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[poll]\nintervall_seconds = 3\n", "interval_seconds"),
        ("[pol]\n", "poll"),
        ("[poll\n", "config.toml"),
        ("[poll]\nconcurrency = 'x'\n", "poll.concurrency"),
        ("\xff", "config.toml"),
    ],
)
def test_a_configuration_file_that_cannot_be_used(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "config.toml").write_bytes(text.encode("latin-1"))
    done = command_runner(tmp_path).reconcile("--all")
    assert (done.code, done.out) == (78, "")
    assert expected in one_sentence(done)


def test_a_configuration_that_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    done = CommandRunner(home=tmp_path, environ=command_runner(tmp_path).environ).reconcile("--all")
    assert done.code == 78
    one_sentence(done)
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]
