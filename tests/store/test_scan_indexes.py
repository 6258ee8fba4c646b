"""Indexes on BugSpark's tables for the incremental scan: made once, refused politely, used by the scan."""

import psycopg
import sqlalchemy as sa

from reconciler.store.schema.scan_indexes import SCAN_INDEXES, create_scan_indexes
from tests.support.bugspark import connected
from tests.support.postgres import Server
from tests.support.stores import fill_postgres

NAMES = "SELECT indexname FROM pg_indexes WHERE tablename IN ('reports', 'comments') ORDER BY 1"


def test_they_are_made_once_and_found_again(postgres_server: Server) -> None:
    migrated = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=migrated) as url:
        first, second = create_scan_indexes(url), create_scan_indexes(url)
        assert [line.rpartition(" ")[2] for line in first] == ["now", "now"]
        assert second == (
            "reports.updated_at has an index already",
            "comments.created_at has an index already",
        )
        with connected(url) as engine, engine.connect() as connection:
            names = set(connection.execute(sa.text(NAMES)).scalars())
        assert {index.name for index in SCAN_INDEXES} <= names


def test_an_index_of_bugsparks_own_is_enough(postgres_server: Server) -> None:
    migrated = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=migrated) as url:
        with connected(url) as engine, engine.begin() as connection:
            connection.execute(sa.text("CREATE INDEX theirs ON reports (updated_at)"))
        assert create_scan_indexes(url)[0] == "reports.updated_at has an index already"


def test_a_role_that_does_not_own_the_tables_gets_a_message_and_no_error(postgres_server: Server) -> None:
    migrated = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=migrated) as url:
        plain = url.replace("+psycopg", "", 1)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'")
            try:
                connection.execute("GRANT USAGE ON SCHEMA public TO onlooker")
                address = sa.make_url(url).set(username="onlooker", password="onlooker")
                lines = create_scan_indexes(address.render_as_string(hide_password=False))
            finally:
                connection.execute("DROP OWNED BY onlooker")
                connection.execute("DROP ROLE onlooker")
        assert all("only the owner of BugSpark's tables may make one" in each for each in lines)


def test_an_sqlite_file_has_them_already() -> None:
    assert create_scan_indexes("sqlite:///anywhere.db") == ("an SQLite file has its indexes already",)
