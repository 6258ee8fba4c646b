"""The command behind a pooler that shares sessions: nothing is done, and what helps is printed."""

from pathlib import Path

from tests.support.command import open_installation
from tests.support.pgbouncer import behind, pooler
from tests.support.postgres import Server

REFUSED = (
    ("check",),
    ("plan", "--project", "Shop"),
    ("--project", "Shop"),
    ("pause", "Shop"),
    ("unlink", "Shop:BUG-0001"),
    ("webhook", "rotate", "--project", "Shop"),
    ("daemon",),
)


def test_whatever_writes_or_checks_ends_with_78_and_what_only_reads_works(
    live_url: str, postgres_server: Server, tmp_path: Path
) -> None:
    with (
        open_installation(live_url, tmp_path) as installation,
        pooler(postgres_server, mode="transaction", ignores_parameters=True) as port,
    ):
        installation.configure(database={"url": behind(live_url, port)})
        before = installation.bugspark.dump()
        for arguments in REFUSED:
            done = installation.reconcile(*arguments)
            assert done.code == 78, (arguments, done)
            assert "pool_mode = session" in done.err + done.out, (arguments, done)
        assert installation.reconcile("status").code == 0
        assert installation.bugspark.dump() == before
        assert not installation.github.simulator.requests
