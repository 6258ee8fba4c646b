"""TLS of `database.url`: required towards another machine, whatever libpq's variables say."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.config.load import load_configuration
from reconciler.errors import ConfigurationError
from reconciler.model.addresses import read_database_tls

REMOTE = "postgresql+psycopg://u:p@db.example.com/bugspark"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def effective(url: str, environ: Mapping[str, str] | None = None, *, insecure: bool = False) -> str:
    flags = {"database.url": url, "database.insecure": insecure}
    return load_configuration(None, environ or {}, flags).settings.database.url.reveal()


@pytest.mark.parametrize(
    ("url", "added"),
    [
        (REMOTE, "?sslmode=require"),
        ("postgresql+psycopg://u:p@10.0.0.7:5432/b?application_name=x", "&sslmode=require"),
        ("postgresql+psycopg://u:p?q@[2001:db8::1]/b", "?sslmode=require"),
        ("postgresql+psycopg://u@/b?host=db1,db2", "&sslmode=require"),
        ("postgresql+psycopg://u@/b?host=localhost&host=db2:5433", "&sslmode=require"),
        ("postgresql+psycopg://u@localhost/b?hostaddr=10.0.0.7", "&sslmode=require"),
        ("postgresql+psycopg://u@db.example.com/b?hostaddr=127.0.0.1", "&sslmode=require"),
        ("postgresql+psycopg://u@/b?service=remote", "&sslmode=require"),
        ("postgresql+psycopg://db.example.com/b", "?sslmode=require"),
        ("postgresql+psycopg://u@localhost.evil.example/b", "?sslmode=require"),
    ],
)
def test_another_machine_without_sslmode_requires_tls(url: str, added: str) -> None:
    assert effective(url) == url + added


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///bugspark.db", "postgresql+psycopg://u@localhost/b", "postgresql+psycopg://u@127.0.0.1:5433/b",
        "postgresql+psycopg://u@[::1]:5433/b", "postgresql+psycopg://u@/b", "postgresql+psycopg:///b",
        "postgresql+psycopg://u@/b?host=/run/postgresql", "postgresql+psycopg://u@localhost/b?sslmode=disable",
        "postgresql+psycopg://u@/b?host=@abstract", f"{REMOTE}?sslmode=require",
        f"{REMOTE}?sslmode=verify-ca",
        f"{REMOTE}?sslmode=verify-full&sslrootcert=system",
    ],
)  # fmt: skip
def test_this_machine_and_named_modes_are_left_as_they_are(url: str) -> None:
    assert effective(url) == url


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_a_mode_that_protects_nothing_needs_a_word(mode: str) -> None:
    url = f"{REMOTE}?sslmode={mode}"
    with pytest.raises(
        ConfigurationError, match=rf"sslmode={mode}.*db\.example\.com.*database\.insecure"
    ) as caught:
        effective(url)
    assert "u:p" not in str(caught.value)
    assert effective(url, insecure=True) == url
    assert effective(REMOTE, insecure=True) == f"{REMOTE}?sslmode=require"


def test_libpq_s_variables_choose_the_host_and_weaken_nothing() -> None:
    url = "postgresql+psycopg://u@/b"
    assert effective(url, {"PGHOST": "db.example.com", "PGSSLMODE": "disable"}) == f"{url}?sslmode=require"
    assert effective(url, {"PGHOSTADDR": "10.0.0.7"}) == f"{url}?sslmode=require"
    assert effective(url, {"PGHOST": "/run/postgresql"}) == url
    assert effective(REMOTE, {"PGSSLMODE": "disable"}) == f"{REMOTE}?sslmode=require"


def test_the_last_mode_of_an_address_counts_as_libpq_has_it() -> None:
    tls = read_database_tls(f"{REMOTE}?sslmode=disable&sslmode=verify-full")
    assert tls
    assert (tls.hosts, tls.sslmode) == (("db.example.com",), "verify-full")
