"""The private PostgreSQL of the tests: fresh databases, an unprivileged server, nothing left over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from tests.support import pg_binaries, postgres
from tests.support.postgres import Server


def scalar(url: str, query: str) -> object:
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text(query)).scalar_one()
    finally:
        engine.dispose()


def execute(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "data" / "postmaster.pid").read_text().split()[0]))


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_database_is_empty_and_speaks_utf8(postgres_database: str) -> None:
    assert scalar(postgres_database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert scalar(postgres_database, "SHOW server_encoding") == "UTF8"


def test_two_databases_share_nothing(postgres_server: Server) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        execute(one, "CREATE TABLE a (id int)")
        assert scalar(one, "SELECT to_regclass('a') IS NOT NULL") is True
        assert scalar(other, "SELECT to_regclass('a') IS NOT NULL") is False


def test_a_database_is_dropped_after_its_block_even_with_open_connections(postgres_server: Server) -> None:
    with postgres_server.database() as url:
        name = str(scalar(url, "SELECT current_database()"))
        guest = psycopg.connect(postgres_server.conninfo(name))
    guest.close()
    here = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
    assert scalar(postgres_server.url(), here) == 0


def test_a_template_is_filled_once_and_copied(postgres_server: Server) -> None:
    filled: list[str] = []

    def fill(url: str) -> None:
        filled.append(url)
        execute(url, "CREATE TABLE seed AS SELECT 7 AS seven")

    key = f"seed of {os.getpid()}"
    names = {postgres_server.template(key, fill) for _ in range(2)}
    assert len(names) == len(filled) == 1
    with postgres_server.database(template=names.pop()) as url:
        assert scalar(url, "SELECT seven FROM seed") == 7


def test_the_server_is_unprivileged_and_deaf_to_the_network(postgres_server: Server) -> None:
    assert scalar(postgres_server.url(), "SHOW listen_addresses") == ""
    server = postmaster(postgres_server.home)
    assert server.uids().effective != 0
    assert server.uids().real != 0


def test_the_wheel_holds_a_server_that_runs() -> None:
    wheel = pg_binaries.find(pg_binaries.of_wheel())
    with postgres.private_server(binaries=wheel) as server:
        assert scalar(server.url(), "SHOW fsync") == "on"
        running = Path(postmaster(server.home).exe())
        assert pg_binaries.WHEEL in running.parts
        assert scalar(server.url(), "SELECT 1") == 1
    assert not server.home.exists()


def test_binaries_out_of_reach_are_lent_as_a_copy_that_runs(tmp_path: Path) -> None:
    wheel = pg_binaries.find(pg_binaries.of_wheel())
    nobody = pg_binaries.Account(uid=2**31 - 7, gid=2**31 - 7)
    closed = tmp_path / "closed"
    packages = closed / "site-packages"
    packages.mkdir(parents=True)
    for name in (pg_binaries.WHEEL, f"{pg_binaries.WHEEL}.libs"):
        (packages / name).symlink_to(wheel.parents[2] / name)
    closed.chmod(0o700)
    copy = pg_binaries.lend(packages / pg_binaries.WHEEL / "pginstall" / "bin", tmp_path, nobody)
    assert not copy.is_relative_to(closed)
    assert pg_binaries.version(copy) is not None
    assert closed.stat().st_mode & 0o777 == 0o700


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from tests.support.postgres import private_server\n"
        "with private_server() as server:\n"
        "    print(server.home, flush=True)\n"
        "    time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        home = Path(owner.stdout.readline().strip())
        server = postmaster(home)
        owner.send_signal(signal.SIGKILL)
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    wait_for(lambda: not home.exists())


def test_an_unused_home_is_removed_at_once() -> None:
    with postgres.owned_home() as home:
        assert home.is_dir()
    assert not home.exists()


def pretend_server(directory: Path, output: str) -> Path:
    directory.mkdir()
    for name in ("initdb", "postgres"):
        (directory / name).write_text(f"#!/bin/sh\necho '{output}'\n")
        (directory / name).chmod(0o755)
    return directory


def test_a_server_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old = pretend_server(tmp_path / "old", "postgres (PostgreSQL) 13.22")
    new = pretend_server(tmp_path / "new", "postgres (PostgreSQL) 14.1")
    assert pg_binaries.find([tmp_path / "none", old, new]) == new


def test_without_any_server_the_error_names_what_was_tried(tmp_path: Path) -> None:
    old = pretend_server(tmp_path / "old", "postgres (PostgreSQL) 9.6.1")
    with pytest.raises(pg_binaries.NoServerError, match=r"PATH.*wheel.*old \(version 9\)"):
        pg_binaries.find([old])


def test_debian_directories_come_newest_first(tmp_path: Path) -> None:
    for number in ("9", "15", "16"):
        (tmp_path / number / "bin").mkdir(parents=True)
    assert [each.parent.name for each in pg_binaries.of_debian(tmp_path)] == ["16", "15", "9"]


def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    broken = pretend_server(tmp_path / "broken", "no such thing")
    with postgres.owned_home() as home, pytest.raises(RuntimeError, match="PostgreSQL did not start"):
        postgres.server_in(home, binaries=broken)
    wait_for(lambda: not home.exists())
