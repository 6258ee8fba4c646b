"""README, "Attach it to a live BugSpark": its commands as they stand there.

The owner of BugSpark's tables may not create roles, as with most hosts; the administrator does that line.
Names of this machine, passwords and numbers stand in for README's placeholders; nothing else is changed.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.server import running_in_thread
from tests.docs.markdown import ROOT, Block, Document, read
from tests.support import pg_binaries
from tests.support.bugspark import BugSpark, connected, install
from tests.support.command import command_runner
from tests.support.github import GitHub, make_github
from tests.support.postgres import PORT, Server, private_server

OWNER_PLACEHOLDER = "postgresql://bugspark:PASSWORD@db.example.com/bugspark"
ROLE_PLACEHOLDER = "postgresql://reconciler:NEW@db.example.com/bugspark"
CREATE_ROLE = 'psql "$OWNER" -v ON_ERROR_STOP=1 -c "CREATE ROLE'
EXPORTED = "## Bug Report: BUG-0001\n\n**Severity:** high\n\n---\n*Exported from BugSpark (BUG-0001)*"
"""docs/reference/bugspark.md, The existing export."""
WEBHOOK = "reconcile webhook create"
SECRET_KEY = Fernet.generate_key().decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBugSpark:
    """BugSpark's database, owned by the role `bugspark`, and GitHub."""

    server: Server
    bugspark: BugSpark
    github: GitHub

    def address(self, role: str) -> str:
        return f"postgresql://{role}@/bugspark?host={self.server.home}&port={PORT}"


@pytest.fixture
def live() -> Iterator[LiveBugSpark]:
    """A server of its own: roles belong to the server."""
    github = make_github(clock=ManualClock(datetime.now(UTC).replace(microsecond=0)))
    with private_server() as server, running_in_thread(github.simulator):
        with psycopg.connect(server.conninfo(), autocommit=True) as administrator:
            administrator.execute("CREATE ROLE bugspark LOGIN")
            administrator.execute("CREATE DATABASE bugspark OWNER bugspark TEMPLATE template0")
        owner = f"postgresql+psycopg://bugspark@/bugspark?host={server.home}&port={PORT}"
        install(owner)
        with connected(owner) as engine:
            yield LiveBugSpark(server=server, bugspark=BugSpark(engine), github=github)


def fill(live: LiveBugSpark) -> int:
    """The project of README's examples; returns the number of the issue that BUG-0007 is linked to."""
    project = live.bugspark.add_project("Web shop")
    live.bugspark.add_project("Other project")
    encrypted = Fernet(SECRET_KEY).encrypt(live.github.token.encode()).decode()
    live.bugspark.add_integration(project, token=encrypted)
    live.github.web.allow("bugspark-bot", "admin")  # may make the webhook
    for number in range(1, 9):
        live.bugspark.add_report(project, f"It breaks, {number}")
    live.github.web.open_issue("[BUG-0001] It breaks, 1", EXPORTED, by="bugspark-bot", labels=["bug"])
    return live.github.web.open_issue("It breaks too", "", by="alice", labels=["high"]).number


def steps() -> Sequence[Block]:
    """The commands of the section, but for the installation: what is tested is installed already."""
    readme = read(ROOT / "README.md")
    section = Document(path=readme.path, text=readme.section("Attach it to a live BugSpark"))
    blocks = [block for block in section.blocks if block.kind in ("sh", "console")]
    assert "pip install" in blocks[0].text
    return blocks[1:]


def commands_of(block: Block) -> str:
    if block.kind == "sh":
        return block.text
    lines = block.text.splitlines()
    return "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ ")) + "\n"


def run_script(text: str, live: LiveBugSpark, home: Path) -> tuple[int, str]:
    """Run it with the installed command in PATH, to the first command that fails; its status and output."""
    path = f"{Path(sys.executable).parent}:{pg_binaries.find()}:/usr/bin:/bin"
    environ = command_runner(home, PATH=path, RECONCILER_GITHUB__API_URL=live.github.api).environ
    output_file = home / "output"
    with output_file.open("wb") as output:
        command = ["bash", "-euo", "pipefail", "-x", "-c", text]
        done = subprocess.run(
            command,
            cwd=home,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    return done.returncode, output_file.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def script(live: LiveBugSpark, issue: int) -> str:
    """README's commands in one script; the daemon runs in the background, and is ended when it is ready."""
    text = "\n".join(commands_of(block) for block in steps())
    administrator = CREATE_ROLE.replace("$OWNER", live.address("postgres"))
    replacements = {
        OWNER_PLACEHOLDER: live.address("bugspark"),
        ROLE_PLACEHOLDER: live.address("reconciler"),
        '="KEY"': f'="{SECRET_KEY}"',
        "acme/web#412": f"acme/web#{issue}",
        CREATE_ROLE: administrator,
        "\nreconcile daemon\n": DAEMON.format(port=free_port()),
        WEBHOOK: f"export RECONCILER_WEB__PUBLIC_URL=https://sync.example.com\n{WEBHOOK}",
    }
    for placeholder, value in replacements.items():
        assert placeholder in text, placeholder
        text = text.replace(placeholder, value)
    return text


DAEMON = """
export RECONCILER_WEB__PORT={port}
reconcile daemon &
until python -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:{port}/readyz")' 2>/dev/null; do
    kill -0 $!
    sleep 1
done
kill -TERM $!
wait $!
"""


def test_the_steps_of_the_readme_attach_a_live_bugspark(live: LiveBugSpark, tmp_path: Path) -> None:
    issue = fill(live)
    status, printed = run_script(script(live, issue), live, tmp_path)
    assert status == 0, printed
    rows = {row["tracking_id"]: row for row in live.bugspark.rows_of("reports")}
    linked = {name: row["github_issue_number"] for name, row in rows.items() if row["github_issue_number"]}
    assert linked == {"BUG-0001": 1, "BUG-0007": issue, "BUG-0008": issue + 1}, printed
    assert rows["BUG-0007"]["severity"] == "high", printed
    assert live.github.web.issue(issue + 1).title == "[BUG-0008] It breaks, 8"
    assert (tmp_path / "before-reconciler.sql").stat().st_size > 1000
    assert "fail  " not in printed
