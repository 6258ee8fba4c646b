"""What an operator installs is printed by the command, from the wheel alone."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from reconciler.cli import installation_files
from reconciler.cli.installation_files import (
    EXAMPLE_CONFIGURATION,
    HIDDEN_FOLDERS,
    ROLE_RIGHTS,
    is_hidden_by_sandbox,
    read_installation_file,
    role_rights_for,
)
from reconciler.cli.session import Entrypoints
from tests.cli.fakes import command

ROOT = Path(__file__).parents[2]
FILES = (EXAMPLE_CONFIGURATION, ROLE_RIGHTS, installation_files.UNIT, installation_files.DROP_IN)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(("config", "--example"), EXAMPLE_CONFIGURATION), (("migrate", "--role-sql"), ROLE_RIGHTS)],
)
def test_a_file_is_printed_as_it_is(arguments: tuple[str, ...], name: str, empty_directory: Path) -> None:
    output = command(*arguments)
    assert (output.status, output.err) == (0, "")
    assert output.out == (ROOT / name).read_text(encoding="utf-8")
    assert not list(empty_directory.iterdir())


def test_the_rights_are_printed_for_a_role_of_another_name() -> None:
    output = command("migrate", "--role-sql", "--role", "sync-bot")
    assert (output.status, output.err) == (0, "")
    assert 'GRANT USAGE ON SCHEMA public TO "sync-bot";' in output.out
    assert "WHERE rolname = 'sync-bot'" in output.out
    assert "TO reconciler" not in output.out


@pytest.mark.parametrize("name", ["", "a b", 'x"; DROP TABLE reports; --', "x'", "1st", "a" * 64])
def test_what_is_no_name_of_a_role_is_refused(name: str) -> None:
    output = command("migrate", "--role-sql", "--role", name)
    assert (output.status, output.out) == (2, "")
    assert "is no name for a role" in output.err


def test_the_unit_starts_the_command_that_printed_it() -> None:
    output = command("systemd", "--unit")
    assert output.status == 0
    assert f"ExecStart={sys.prefix}/bin/reconcile --config" in output.out
    assert "ExecStartPre=" in command("systemd", "--drop-in").out


@pytest.mark.parametrize("arguments", [(), ("--unit", "--drop-in")])
def test_one_file_of_the_service_is_named(arguments: tuple[str, ...]) -> None:
    output = command("systemd", *arguments)
    assert (output.status, output.out) == (2, "")
    assert "--unit" in output.err


@pytest.mark.parametrize(
    ("path", "hidden"),
    [(f"/{HIDDEN_FOLDERS[0]}/ann/bin/reconcile", True), ("/opt/reconciler/bin/reconcile", False)],
)
def test_a_command_below_a_home_directory_is_hidden_from_the_service(path: str, hidden: bool) -> None:
    assert is_hidden_by_sandbox(Path(path)) is hidden


def test_the_wheel_has_every_file_and_makes_a_database(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        # Every package shares the folder that a wheel is unpacked to: only names of our own.
        folders = {name.partition("/")[0].partition("-")[0] for name in archive.namelist()}
        assert folders == {"reconciler", "bugspark_reconciler"}
        archive.extractall(tmp_path / "installed")
    script = (
        "from reconciler.cli import installation_files as files\n"
        "from reconciler.store.schema import migrate\n"
        f"assert files.__file__.startswith({str(tmp_path)!r})\n"
        f"assert str(migrate.migrations_folder()).startswith({str(tmp_path)!r})\n"
        f"migrate.migrate('sqlite:///{tmp_path}/new.db')\n"
        f"for name in {FILES!r}: print(files.read_installation_file(name), end='')\n"
    )
    path = {"PYTHONPATH": str(tmp_path / "installed"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=path, capture_output=True, text=True, check=False
    )
    expected = "".join((ROOT / name).read_text(encoding="utf-8") for name in FILES)
    assert (done.stdout, done.returncode) == (expected, 0), done.stderr


def test_each_file_is_read_from_the_checkout() -> None:
    for name in FILES:
        assert read_installation_file(name) == (ROOT / name).read_text(encoding="utf-8")


def test_the_rights_name_the_role_nowhere_but_where_it_is_replaced() -> None:
    assert "reconciler_alembic_version" in role_rights_for("sync")
    statements = [line for line in role_rights_for("sync").splitlines() if not line.startswith("--")]
    text = "\n".join(statements).replace("reconciler_alembic_version", "")
    assert "reconciler" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("plan", "--project", "x"),
        ("check",),
        ("why", "x"),
        ("--all",),
        ("daemon",),
        ("discover", "--project", "x"),
    ],
)
def test_a_command_without_configuration_makes_no_database_and_says_what_to_do(
    arguments: tuple[str, ...], empty_directory: Path
) -> None:
    output = command(*arguments, entrypoints=Entrypoints())
    assert output.status == 78
    assert f"{empty_directory}/bugspark.db" in output.err
    assert "reconcile migrate" in output.err
    assert not list(empty_directory.iterdir())


def test_the_schema_of_settings_is_printed_without_a_configuration(empty_directory: Path) -> None:
    output = command("config", "--settings-schema")
    assert (output.status, output.err) == (0, "")
    assert "directions" in json.loads(output.out)["properties"]
    assert not list(empty_directory.iterdir())
