"""The installed command beside a live BugSpark and a running GitHub, as an outside checker would use it."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.journal import RecordedRequest
from reconciler.demo.github.server import running_in_thread
from reconciler.model.ids import ProjectId, ReportId
from tests.support import forks
from tests.support.bugspark import BugSpark, connected
from tests.support.canary import search, search_requests, search_rows
from tests.support.github import GitHub, make_github

PROGRAM = Path(sys.executable).with_name("reconcile")
TIMEOUT_SECONDS = 60.0
Running = forks.Process | subprocess.Popen[bytes]
KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> Any:
        """The only JSON line."""
        (row,) = self.rows
        return row

    @property
    def outcome(self) -> tuple[int, str, str]:
        return (self.code, self.out, self.err)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The output files of a command that was left running."""

    arguments: tuple[str, ...]
    out: Path
    err: Path


def run_on_terminal(arguments: Sequence[str], home: Path, environ: Mapping[str, str]) -> str:
    """Run a program whose stdout is a terminal, and return its stdout. Its status must be 0."""
    ours, its = pty.openpty()
    try:
        with subprocess.Popen(
            arguments, stdout=its, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=home, env=environ
        ) as process:
            _, err = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 0, err.decode()
        return os.read(ours, 65536).decode()  # little enough for the terminal to hold
    finally:
        os.close(ours)
        os.close(its)


@dataclass(slots=True, kw_only=True)
class CommandRunner:
    """A directory with a config.toml, where `reconcile` is started."""

    home: Path
    environ: dict[str, str]
    started: list[Started] = field(default_factory=list)

    def reconcile(self, *arguments: str, **environ: str) -> Done:
        """The command in a process of its own, to its end.

        The interpreter was started before (`forks`), unless it is to start in another way.
        """
        run = self._spawn if any(name.startswith(("PYTHON", "LC_")) for name in environ) else self._fork
        code, out, err = run(arguments, {**self.environ, **environ})
        search(f"reconcile {' '.join(arguments)}", out, err)
        return Done(code=code, out=out.decode(), err=err.decode())

    def _fork(self, arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        return forks.run(arguments, cwd=self.home, environ=environ, timeout=TIMEOUT_SECONDS)

    def _spawn(self, arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        done = subprocess.run(
            [PROGRAM, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=TIMEOUT_SECONDS,
            cwd=self.home,
            env=environ,
        )
        return done.returncode, done.stdout, done.stderr

    def on_terminal(self, *arguments: str) -> str:
        """Run the command on a terminal, to its end, and return what it prints there."""
        return run_on_terminal([str(PROGRAM), *arguments], self.home, self.environ)

    def start(self, *arguments: str, **environ: str) -> forks.Process:
        """Start the command (`forks`) and leave it running. Its output goes into files, which are searched at
        the end.
        """
        entry = self._files(arguments)
        with entry.out.open("wb") as out, entry.err.open("wb") as err:
            return forks.start(
                arguments, cwd=self.home, environ={**self.environ, **environ}, out=out, err=err
            )

    def start_with_pipe(self, *arguments: str, installed: bool = False, **environ: str) -> Running:
        """The same; its stderr is a pipe, which the caller reads and searches. `installed`: as an
        operator starts it, interpreter and all.
        """
        wanted = {**self.environ, **environ}
        with self._files(arguments).out.open("wb") as out:
            if not installed:
                return forks.start(arguments, cwd=self.home, environ=wanted, out=out, err=None)
            return subprocess.Popen(
                [PROGRAM, *arguments],
                stdout=out,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                cwd=self.home,
                env=wanted,
            )

    def _files(self, arguments: tuple[str, ...]) -> Started:
        """Return the output files of the next started command."""
        name = f"started-{len(self.started)}"
        entry = Started(arguments=arguments, out=self.home / f"{name}.out", err=self.home / f"{name}.err")
        entry.err.touch()
        self.started.append(entry)
        return entry

    def search_started(self) -> None:
        """Search the output of all started commands for the token. Raises TokenFoundError."""
        for entry in self.started:
            search(f"reconcile {' '.join(entry.arguments)}", entry.out.read_bytes(), entry.err.read_bytes())

    def configure(self, **sections: Mapping[str, Any]) -> None:
        """Write config.toml; a value of each key as JSON, which TOML reads alike for what stands here."""
        lines = []
        for name, values in sections.items():
            lines.append(f"[{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        file = self.home / "config.toml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        file.chmod(0o600)


def command_runner(home: Path, **environ: str) -> CommandRunner:
    """An environment without anything of ours in it."""
    clean = {name: os.environ[name] for name in KEPT if name in os.environ}
    return CommandRunner(home=home, environ={**clean, "COLUMNS": "80", **environ})


@dataclass(slots=True, kw_only=True)
class Installation:
    """`Shop` connected to `acme/web` as bugspark-bot; commands are started five seconds after one another."""

    github: GitHub
    bugspark: BugSpark
    commands: CommandRunner
    url: str
    project: ProjectId
    ada: UUID
    since: int = 0

    def reconcile(self, *arguments: str, **environ: str) -> Done:
        """A command, five seconds after what happened last."""
        self.github.clock.advance(5)
        self.since = len(self.github.simulator.requests)
        return self.commands.reconcile(*arguments, **environ)

    def sync_shop(self, *arguments: str, **environ: str) -> Done:
        """Run a pass over Shop with JSON output."""
        return self.reconcile("--project", "Shop", "--json", *arguments, **environ)

    def configure(self, **sections: Mapping[str, Any]) -> None:
        """Rewrite config.toml; `sections` replace single keys of the usual one."""
        wanted: dict[str, dict[str, Any]] = {
            "database": {"url": self.url},
            "github": {"api_url": self.github.api},
            "write": {"min_interval_seconds": 0.0, "settle_seconds": 30.0},
        }
        for name, values in sections.items():
            wanted[name] = {**wanted.get(name, {}), **values}
        self.commands.configure(**wanted)

    def linked(self, **report: Any) -> tuple[ReportId, int]:
        """Add a report with an issue made by `export`, settled."""
        made = self.bugspark.add_report(self.project, **report)
        done = self.reconcile("export", str(made))
        assert done.code == 0, done
        assert self.sync_shop().code == 0
        return made, self.number(made)

    def number(self, report: ReportId) -> int:
        row = self.bugspark.report(report)
        assert row is not None
        return int(row["github_issue_number"])

    def columns(self, report: ReportId) -> tuple[Any, Any, Any]:
        """Repository, number and address in the report's row."""
        row = self.bugspark.report(report)
        assert row is not None
        return row["github_repo"], row["github_issue_number"], row["github_issue_url"]

    def tracking(self, report: ReportId) -> str:
        row = self.bugspark.report(report)
        assert row is not None
        return str(row["tracking_id"])

    @property
    def asked(self) -> list[RecordedRequest]:
        """The requests of the last command."""
        return list(self.github.simulator.requests)[self.since :]

    @property
    def writes(self) -> list[RecordedRequest]:
        return [seen for seen in self.asked if seen.write]

    def dump(self) -> Mapping[str, list[str]]:
        """Every row of every table, for comparing before and after."""
        return self.bugspark.dump()

    def picture(self) -> list[str]:
        """Everything on GitHub."""
        return [
            repr((each, repository.label_names(each.number), repository.thread(each.number)))
            for repository in self.github.world.repositories.values()
            for each in repository.issues
        ]

    def everything(self) -> tuple[Mapping[str, list[str]], list[str]]:
        """Both sides and what we remember."""
        return self.dump(), self.picture()


@contextmanager
def open_installation(url: str, home: Path) -> Iterator[Installation]:
    """Everything around the command, on a migrated database. GitHub's time begins at the machine's."""
    clock = ManualClock(datetime.now(UTC).replace(microsecond=0))
    github = make_github(clock=clock)
    with running_in_thread(github.simulator), connected(url) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        bugspark.add_integration(project, token=github.token)
        installation = Installation(
            github=github,
            bugspark=bugspark,
            commands=command_runner(home),
            url=url,
            project=project,
            ada=bugspark.add_user("Ada"),
        )
        installation.configure()
        yield installation
        installation.commands.search_started()
        search_rows(engine)
        search_requests(github.simulator)
