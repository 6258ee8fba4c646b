"""What a command with nothing to do spares: modules it has no use for (docs/bench.md)."""

from tests.support.command import Installation

SPARED = {
    "alembic",
    "apscheduler",
    "argon2",
    "cryptography",
    "fastapi",
    "jinja2",
    "jwt",
    "procrastinate",
    "prometheus_client",
    "starlette",
    "structlog",
    "uvicorn",
}


def test_an_idle_pass_imports_nothing_it_has_no_use_for(both: Installation) -> None:
    both.linked()
    done = both.sync_shop(PYTHONPROFILEIMPORTTIME="1")
    assert (done.code, done.row["github"]["not_modified"]) == (0, 2)
    imported = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert {"reconciler.sync.run", "sqlalchemy"} <= imported
    assert not imported & SPARED
