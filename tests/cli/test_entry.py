"""The installed command as a process: start time, output and exit status."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import IO

import pytest

from reconciler import __version__
from reconciler.cli.main import move_config_first
from tests.cli.fakes import command

MAX_START_RATIO = 3.0
"""CPU time of `--version` and `--help` beside importing typer alone; 1.8 is usual."""
COMMANDS = ("plan", "status", "link", "unlink", "discover", "export", "migrate", "check", "config", "demo")


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}


def reconcile(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.cli.run_command", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**clean(), "COLUMNS": "80", **environ},
    )


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**clean(), "COLUMNS": "80"},
    )


def cpu_seconds(*arguments: str | Path) -> float:
    """The CPU time of a started command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(*arguments).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("arguments", ["--help", "-h", "--version"])
def test_help_and_version_cost_little_beside_importing_typer(arguments: str) -> None:
    command = Path(sys.executable).with_name("reconcile")
    pairs = [
        (cpu_seconds(command, arguments), cpu_seconds(sys.executable, "-c", "import typer.main"))
        for _ in range(3)
    ]
    # The middle pair: other work on the machine slows either of the two at random.
    assert median(started / imported for started, imported in pairs) < MAX_START_RATIO, pairs


def test_version_is_one_line() -> None:
    done = reconcile("--version")
    assert (done.returncode, done.stdout) == (0, f"reconcile {__version__}\n")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(flag: str) -> None:
    done = reconcile(flag)
    assert done.returncode == 0
    for name in (*COMMANDS, "--config", "--version", "--all"):
        assert f" {name} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    groups = [line for line in done.stdout.splitlines() if line.endswith(" commands:")]
    assert groups == [f"{name} commands:" for name in ("See", "Link", "Decide", "Run", "Install")]
    assert "..." not in done.stdout.partition("See commands:")[2]


@pytest.mark.parametrize(
    "arguments", [("plann",), ("--nonsense",), ("link", "only-one"), ("export",), ("status", "x")]
)
def test_wrong_arguments_exit_2_on_stderr(arguments: tuple[str, ...]) -> None:
    done = reconcile(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("reconcile: ") and done.stderr.count("\n") == 1
    assert "--help" in done.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("config",), ("plann",)])
def test_the_installed_command_says_the_same_as_the_module(arguments: tuple[str, ...]) -> None:
    ordinary = reconcile(*arguments)
    installed = run(Path(sys.executable).with_name("reconcile"), *arguments)
    assert (installed.returncode, installed.stdout) == (ordinary.returncode, ordinary.stdout)
    assert installed.stderr == ordinary.stderr


def test_python_leaves_imported_objects_alone_at_exit() -> None:
    """docs/decisions/0061-garbage-at-exit.md. `atexit` functions run before the shutdown that this spares."""
    program = (
        "import atexit, gc, sys; sys.argv = ['reconcile', 'config'];"
        "from reconciler.cli.main import run_and_exit;"
        "atexit.register(lambda: print(gc.get_freeze_count(), len(gc.get_objects()), file=sys.stderr));"
        "run_and_exit()"
    )
    done = run(sys.executable, "-c", program)
    frozen, tracked = map(int, done.stderr.split())
    assert done.returncode == 0
    assert frozen > 10_000
    assert tracked < frozen / 100


def test_a_misspelt_command_names_the_nearest() -> None:
    assert reconcile("plann").stderr.endswith("Did you mean 'plan'? See reconcile --help\n")


def test_a_file_that_is_not_there_exits_78() -> None:
    done = reconcile("config", "--config", "absent.toml")
    assert done.returncode == 78
    assert done.stderr.startswith(
        "reconcile: configuration cannot be read, in the file absent.toml: No such file"
    )


def test_completion_can_be_shown() -> None:
    done = reconcile("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "_RECONCILE_COMPLETE" in done.stdout


def start(unbuffered: str, stdout: int | IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.run_command", "config"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_prints_no_error(unbuffered: str) -> None:
    with start(unbuffered, subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_reported(unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full, start(unbuffered, full) as process:
        _, err = process.communicate()
    assert process.returncode == 1
    assert (
        err == "reconcile: output cannot be written, to stdout: No space left on device; make room for it\n"
    )


def test_text_a_stream_cannot_encode_is_written_out(tmp_path: Path) -> None:
    (tmp_path / "it.toml").write_text('[sync.severity]\nhigh = ["höch"]\n', encoding="utf-8")
    done = reconcile(
        "config", "--config", str(tmp_path / "it.toml"), PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.returncode == 0
    assert r'high = ["h\xf6ch"]' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "moved"),
    [
        (["plan", "--config", "a"], ["--config", "a", "plan"]),
        (["plan", "--config=a", "-p", "x"], ["--config=a", "plan", "-p", "x"]),
        (["export", "--", "--config", "a"], ["export", "--", "--config", "a"]),
    ],
)
def test_the_config_flag_is_global(arguments: list[str], moved: list[str]) -> None:
    assert move_config_first(arguments) == moved


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("status", "--config"), "--config needs a path, on the command line; add one"),
        (("--config",), "--config needs a path, on the command line; add one"),
        (("webhook",), "Missing command; see reconcile webhook --help"),
    ],
    ids=" ".join,
)
def test_a_missing_last_argument_is_named_in_one_line(arguments: tuple[str, ...], expected: str) -> None:
    done = command(*arguments)
    assert (done.status, done.out, done.err) == (2, "", f"reconcile: {expected}\n")
