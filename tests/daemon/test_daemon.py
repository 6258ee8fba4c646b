"""The real daemon from READY to SIGTERM, and the failures around it."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.demo.github.faults import Delay
from reconciler.metrics import Metrics
from reconciler.model.fields import Status
from reconciler.model.health import Gauges, HeldLocks, WorkGauges
from reconciler.store.schema import version
from tests.support.command import Installation, open_installation
from tests.support.daemon import QUICK, Daemon, advancing_clock, eventually, free_port, running
from tests.support.db_faults import set_read_only
from tests.support.postgres import Server

EVERY_GAUGE = Gauges(locks=HeldLocks())


@pytest.fixture
def installation(store_url: str, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(store_url, tmp_path) as opened:
        opened.configure(**QUICK)
        yield opened


@pytest.fixture
def shared(queue_url: str, tmp_path: Path) -> Iterator[Installation]:
    """On PostgreSQL, for several daemons."""
    with open_installation(queue_url, tmp_path) as opened:
        opened.configure(**QUICK)
        yield opened


def test_a_daemon_from_ready_to_sigterm(installation: Installation) -> None:
    """Ready, both directions, a reload, a reload that fails, a project that comes and goes, the end."""
    report, number = installation.linked()
    with advancing_clock(installation), running(installation, installed=True) as daemon:
        assert [daemon.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [
            200,
            200,
            200,
        ]
        installation.bugspark.set_report(report, status=Status.RESOLVED)
        assert eventually(lambda: installation.github.web.issue(number).state == "closed") < 12
        line = daemon.until("pass", issues_updated=1)
        assert {"pass_id", "project", "duration_ms", "requests", "cost"} <= line.keys()
        installation.github.web.comment(number, "seen", by="alice")
        daemon.until("pass", comments_imported=1)
        text = daemon.get("/metrics").text
        assert metric_names(text) == metric_names(Metrics().render(WorkGauges(), EVERY_GAUGE).decode())
        assert "reconciler_project_scheduled{project=" in text
        assert 'reconciler_project_locks{session="ended"} 0.0' in text

        installation.configure(**{**QUICK, "poll": {"interval_seconds": 0.5}})
        daemon.signal(signal.SIGHUP)
        daemon.until("configuration reloaded")
        daemon.until_message("RELOADING=1")
        daemon.until_message("READY=1", 2)
        (installation.commands.home / "config.toml").write_text("[poll]\ninterval_secnods = 5\n")
        daemon.signal(signal.SIGHUP)
        assert (
            "interval_seconds" in daemon.until("the old configuration stays", kind="configuration")["reason"]
        )
        daemon.until_message("READY=1", 3)

        other = installation.bugspark.add_project("Mobile")
        installation.bugspark.add_integration(other, token=installation.github.token, repo="absent")
        daemon.until("pass", project=str(other), outcome="failed")  # it was looked at
        installation.bugspark.execute(
            "DELETE FROM integrations WHERE project_id = (SELECT id FROM projects WHERE name = 'Mobile')"
        )
        installation.github.world.add_repository("acme/app").allow("bugspark-bot", "write")
        installation.bugspark.add_integration(other, token=installation.github.token, repo="app")
        daemon.until("attention over", project=str(other))  # long before its back-off was over
        installation.bugspark.execute("UPDATE projects SET is_active = false WHERE name = 'Mobile'")
        eventually(lambda: "STATUS=1 projects" in daemon.status)

        daemon.until_message("WATCHDOG=1")
        daemon.signal(signal.SIGTERM)
        code, seconds = daemon.ended()
        assert (code, seconds < 10) == (0, True)
        assert "STOPPING=1" in daemon.messages
        assert daemon.other == []


def metric_names(text: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(text)}


def test_a_port_in_use_is_reported_and_nothing_is_started(installation: Installation) -> None:
    taken, port = free_port()
    with taken:
        installation.configure(**{**QUICK, "web": {"port": port}})
        done = installation.commands.reconcile("daemon")
    assert done.code == 1
    assert f"port {port} is taken by another program" in done.err
    assert installation.github.simulator.requests == []


def test_the_end_comes_also_while_the_database_is_waited_for(installation: Installation) -> None:
    url = "postgresql+psycopg://nobody@/nothing?host=/nowhere"
    installation.configure(**QUICK, database={"url": url})
    with running(installation, ready=False) as daemon:
        daemon.until("waiting for the database")
        daemon.signal(signal.SIGTERM)
        code, seconds = daemon.ended()
        assert (code, seconds < 5) == (0, True), daemon.output


def test_a_queue_that_sqlite_cannot_carry_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "bugspark.db")
    with open_installation(f"sqlite:///{tmp_path}/bugspark.db", tmp_path) as installation:
        installation.configure(**QUICK, queue={"engine": "procrastinate"})
        done = installation.commands.reconcile("daemon")
    assert done.code == 78
    assert "queue.engine: procrastinate needs PostgreSQL" in done.err


def test_the_end_comes_in_ten_seconds_also_in_the_middle_of_a_write(installation: Installation) -> None:
    report, number = installation.linked()
    rule = installation.github.simulator.faults.add(
        Delay(seconds=6, applied=True), method="POST", path="/comments$"
    )
    with advancing_clock(installation):
        with running(installation) as daemon:
            installation.bugspark.add_comment(report, "on its way", author=installation.ada)
            eventually(lambda: rule.hits > 0)
            daemon.signal(signal.SIGTERM)
            code, seconds = daemon.ended()
            assert (code, seconds < 10) == (0, True), daemon.output
        installation.github.simulator.faults.clear()
        with running(installation):
            eventually(lambda: not installation.bugspark.rows_of("sync_intents"))
    bodies = [row.body for row in installation.github.web.thread(number)]
    assert sum("on its way" in body for body in bodies) == 1


def test_the_daemon_waits_for_an_unavailable_database(shared: Installation, postgres_server: Server) -> None:
    report, number = shared.linked()
    name = shared.url.partition("@/")[2].partition("?")[0]

    def server(*statements: str) -> None:
        with psycopg.connect(postgres_server.conninfo(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    gone = (
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    back = f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"
    server(*gone)
    try:
        with advancing_clock(shared), running(shared, ready=False) as daemon:
            daemon.until("waiting for the database")
            server(back)
            daemon.until_message("READY=1")
            server(*gone)
            daemon.until("the database can't be used")
            eventually(lambda: daemon.get("/readyz").status_code == 503)
            assert daemon.get("/healthz").status_code == 200
            server(back)
            daemon.until("the database can be used again")
            eventually(lambda: daemon.get("/readyz").status_code == 200)
            shared.bugspark.engine.dispose()  # its connections were cut as well
            shared.bugspark.set_report(report, status=Status.RESOLVED)
            eventually(lambda: shared.github.web.issue(number).state == "closed")
            assert daemon.process.poll() is None
            assert daemon.other == []  # no error that nobody read, with its traceback
    finally:
        server(back)


def test_the_daemon_says_that_it_is_at_a_standby_and_goes_on_when_the_primary_is_back(
    shared: Installation,
) -> None:
    report, number = shared.linked()
    with advancing_clock(shared), running(shared) as daemon:
        eventually(lambda: "done" in daemon.status and " 0 done" not in daemon.status)
        set_read_only(shared.url, value=True, ends_sessions=True)
        eventually(lambda: "it is read-only" in daemon.status)
        assert daemon.get("/readyz").json() == {"status": "unavailable", "kind": "database"}
        assert daemon.get("/healthz").status_code == 200
        status = shared.commands.reconcile("status")
        assert "leads to a standby" in status.out
        assert "Synced" not in status.out
        shared.bugspark.engine.dispose()  # its sessions were ended as well
        set_read_only(shared.url, value=False)  # what is connected to the standby stays connected
        daemon.until("the database can be used again")
        shared.bugspark.set_report(report, status=Status.RESOLVED)
        eventually(lambda: shared.github.web.issue(number).state == "closed")
        assert daemon.other == []
        assert [each for each in daemon.lines if "never retrieved" in each["event"]] == []


def test_a_killed_daemons_project_is_taken_over_and_its_write_is_made_once(shared: Installation) -> None:
    report, number = shared.linked()
    slow = shared.github.simulator.faults.add(
        Delay(seconds=6, applied=True), method="POST", path="/comments$"
    )
    with advancing_clock(shared), running(shared) as one, running(shared) as other:
        shared.bugspark.add_comment(report, "carried on", author=shared.ada)
        eventually(lambda: slow.hits > 0)
        eventually(lambda: any(" 1 passes running" in each.status for each in (one, other)))
        first = one if " 1 passes running" in one.status else other
        first.process.kill()
        shared.github.simulator.faults.clear()
        # Thirty seconds of silence make a worker dead; here they have passed already. The living one notices.
        shared.bugspark.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"
        )
        eventually(lambda: not shared.bugspark.rows_of("sync_intents"))
    bodies = [row.body for row in shared.github.web.thread(number)]
    assert sum("carried on" in body for body in bodies) == 1


def test_two_then_five_daemons_share_projects_and_every_pass_that_is_made_succeeds(
    shared: Installation,
) -> None:
    shared.configure(
        **{**QUICK, "poll": {"interval_seconds": 1.0}, "log": {"format": "json", "level": "debug"}}
    )
    for number in range(6):
        shared.github.world.add_repository(f"acme/app{number}").allow("bugspark-bot", "write")
        project = shared.bugspark.add_project(f"App {number}")
        shared.bugspark.add_integration(project, token=shared.github.token, repo=f"app{number}")
    report, number = shared.linked()

    def passes(daemon: Daemon) -> int:
        return sum(each["event"] == "pass" for each in daemon.lines)

    with advancing_clock(shared), ExitStack() as stack:
        daemons: list[Daemon] = []
        for more in (2, 3):
            daemons.extend(stack.enter_context(running(shared, ready=False)) for _ in range(more))
            eventually(lambda: all(" done" in each.status for each in daemons))
        eventually(lambda: sum(passes(each) > 0 for each in daemons) > 1)
        shared.bugspark.set_report(report, status=Status.RESOLVED)
        eventually(lambda: shared.github.web.issue(number).state == "closed")
        lines = [each for daemon in daemons for each in daemon.lines if each["event"] == "pass"]
    assert len({each["project"] for each in lines}) == 7
    # A pass that was asked for may meet a due one of another daemon; it is tried again. That the lock lets
    # one of them work is shown in tests/store/test_locks.py, that a due one is not made twice in
    # tests/sync/test_busy.py.
    made = [each for each in lines if each.get("kind") != "busy"]
    assert [each for each in made if each["outcome"] not in ("ok", "partial")] == []


def test_a_daemon_ends_with_78_when_a_newer_program_has_migrated_the_database(
    installation: Installation,
) -> None:
    report, number = installation.linked()
    installation.configure(**QUICK)
    with running(installation) as daemon:
        installation.bugspark.execute("UPDATE reconciler_alembic_version SET version_num = '9999'")
        code, _ = daemon.ended()
        assert code == 78, daemon.output
        assert any("newer version of this program" in line for line in daemon.other), daemon.output
    assert installation.number(report) == number
    installation.bugspark.execute(
        "UPDATE reconciler_alembic_version SET version_num = :old", old=version.REVISIONS[-1]
    )
    assert installation.sync_shop().code == 0
