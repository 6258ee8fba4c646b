"""Who else may use what is ours on PostgreSQL, and what BugSpark's row security does to a read."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest

from reconciler.errors import DatabaseError
from reconciler.model.ids import ProjectId
from reconciler.store.maintenance import StoredMaintenance
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import downgrade, migrate
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from tests.store.test_outgoing_webhooks import OBJECT_STORE
from tests.support import bugspark as live
from tests.support.bugspark import BugSpark, connected
from tests.support.postgres import Server
from tests.support.stores import NAME, REPOSITORY, FixedClock, digest, fill_postgres, linked

SUPABASE = """
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated;
"""
ALONE = "SELECT pg_advisory_lock(4711)"  # roles belong to the server, which other tests share
RIGHTS_OF_ANON = """
    SELECT relname FROM pg_class
    WHERE relname ~ '^(sync|procrastinate|reconciler)_' AND relkind IN ('r', 'S')
    AND CASE relkind
        WHEN 'r' THEN has_table_privilege('anon', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
        ELSE has_sequence_privilege('anon', oid, 'USAGE, SELECT, UPDATE') END
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
    WHERE (proname ~ '^procrastinate_' OR nspname = 'bugspark_sync')
    AND has_function_privilege('anon', p.oid, 'EXECUTE')
"""


@contextmanager
def api_roles(server: Server, *names: str) -> Iterator[None]:
    """Roles that belong to the whole server, for the time of the block."""
    with psycopg.connect(server.conninfo(), autocommit=True) as owner:
        owner.execute(ALONE)
        for name in names:
            owner.execute(f"CREATE ROLE {name}".encode())
        try:
            yield
        finally:
            for name in names:
                owner.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
def supabase(postgres_server: Server) -> Iterator[str]:
    """A BugSpark with Supabase's default privileges, without our tables."""
    with api_roles(postgres_server, "anon", "authenticated"), postgres_server.database() as url:
        run(url, SUPABASE)
        live.install(url)
        try:
            yield url
        finally:
            run(url, "DROP OWNED BY anon, authenticated")


def run(url: str, *statements: str) -> None:
    with psycopg.connect(conninfo(url), autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())


def conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def rights_of_anon(url: str) -> list[str]:
    with psycopg.connect(conninfo(url)) as owner:
        return [row[0] for row in owner.execute(RIGHTS_OF_ANON).fetchall()]


async def named_by_check(url: str) -> dict[str, list[str]]:
    database = open_database(url)
    try:
        maintenance: StoredMaintenance = build_stores(
            database, StoreSettings(digest=digest), FixedClock()
        ).maintenance
        return {each.role: list(each.names) for each in await maintenance.other_roles_with_access()}
    finally:
        await database.aclose()


async def test_a_stranger_with_supabase_s_public_key_has_no_right_on_what_is_ours(supabase: str) -> None:
    assert migrate(supabase).revoked_from == ("anon", "authenticated")
    assert rights_of_anon(supabase) == []
    assert await named_by_check(supabase) == {}
    with psycopg.connect(conninfo(supabase), autocommit=True) as stranger:
        stranger.execute("SET ROLE anon")
        stranger.execute("SELECT count(*) FROM reports")  # BugSpark's own tables are BugSpark's matter
        for statement in (
            "SELECT value FROM sync_meta",
            "SELECT procrastinate_register_worker_v1()",
            "SELECT bugspark_sync.enqueue_report_updated('{}')",
            "SELECT bugspark_sync.enqueue_report_updated('{}', '{}')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                stranger.execute(statement.encode())


async def test_rights_given_before_are_named_by_check_and_taken_by_the_next_migrate(supabase: str) -> None:
    migrate(supabase)
    run(
        supabase,
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO anon",
        "GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC",
        "GRANT SELECT (value) ON sync_meta TO authenticated",
        "GRANT USAGE ON SCHEMA bugspark_sync TO authenticated",
        "GRANT EXECUTE ON FUNCTION bugspark_sync.mail_owner(uuid, text) TO authenticated",
    )
    found = await named_by_check(supabase)
    assert found.keys() == {"PUBLIC", "anon", "authenticated"}
    assert {"sync_meta", "procrastinate_jobs", "reconciler_alembic_version"} <= set(found["anon"])
    assert found["authenticated"] == ["bugspark_sync", "bugspark_sync.mail_owner(uuid,text)", "sync_meta"]
    assert all(name.startswith("procrastinate_") for name in found["PUBLIC"])
    assert migrate(supabase).revoked_from == ("anon", "authenticated")
    assert rights_of_anon(supabase) == []
    assert await named_by_check(supabase) == {}


async def test_a_role_that_reads_by_way_of_another_one_or_on_purpose_is_named_and_left(
    postgres_server: Server, postgres_database: str
) -> None:
    live.install(postgres_database)
    with api_roles(postgres_server, "analyst", "intern"):
        try:
            run(postgres_database, "GRANT analyst TO intern")
            migrate(postgres_database)
            run(
                postgres_database,
                "GRANT SELECT ON sync_links TO analyst",
                "GRANT USAGE ON SCHEMA bugspark_sync TO analyst",
                "GRANT EXECUTE ON FUNCTION bugspark_sync.set_webhook_secret(uuid, text, text) TO analyst",
            )
            assert migrate(postgres_database).revoked_from == ()
            found = await named_by_check(postgres_database)
            assert found.keys() == {"analyst", "intern"}
            assert found["analyst"] == found["intern"]
            assert found["analyst"] == [
                "bugspark_sync",
                "bugspark_sync.set_webhook_secret(uuid,text,text)",
                "sync_links",
            ]
        finally:
            run(postgres_database, "DROP OWNED BY analyst, intern")


def test_the_functions_belong_to_the_owner_of_the_tables_and_go_with_the_downgrade(
    postgres_server: Server, postgres_database: str
) -> None:
    live.install(postgres_database)
    query = (
        "SELECT proname, proowner::regrole::text, prosecdef, proconfig FROM pg_proc AS p"
        " JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = 'bugspark_sync' ORDER BY 1"
    )
    settings = ["search_path=pg_catalog, pg_temp", "row_security=off"]
    with api_roles(postgres_server, "bugspark_owner"):
        try:
            run(postgres_database, "ALTER TABLE integrations OWNER TO bugspark_owner")
            migrate(postgres_database)
            with psycopg.connect(conninfo(postgres_database), autocommit=True) as owner:
                assert owner.execute(query).fetchall() == [
                    ("enqueue_report_updated", "bugspark_owner", True, settings),
                    ("enqueue_report_updated", "bugspark_owner", True, settings),
                    ("mail_owner", "bugspark_owner", True, settings),
                    ("set_webhook_secret", "bugspark_owner", True, settings),
                ]
                downgrade(postgres_database)
                assert owner.execute(query).fetchall() == []
                schema = owner.execute("SELECT to_regnamespace('bugspark_sync')").fetchone()
                assert schema == (None,)
        finally:
            run(postgres_database, "ALTER TABLE integrations OWNER TO postgres")


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ("'{github}', NULL, 'new'", True),
        ("'{github}', 'old', 'new'", False),  # somebody was faster
        ("'{linear}', NULL, 'new'", False),
        ("'{switched_off}', NULL, 'new'", False),
        ("'{github}', NULL, ''", None),
        ("'{github}', NULL, E'two\\nlines'", None),
        ("'{github}', NULL, repeat('x', 1001)", None),
        ("'{github}', NULL, NULL", None),
        ("NULL, NULL, 'new'", None),
    ],
)
def test_the_function_sets_the_secret_of_a_github_integration_and_nothing_else(
    migrated: str, arguments: str, outcome: bool | None
) -> None:
    with connected(migrated) as engine:
        bugspark = BugSpark(engine)
        project = bugspark.add_project()
        ids = {
            name: make_integration(bugspark, project, provider, is_active)
            for name, provider, is_active in (
                ("github", "github", True),
                ("linear", "linear", True),
                ("switched_off", "github", False),
            )
        }
    call = f"SELECT bugspark_sync.set_webhook_secret({arguments.format(**ids)})"
    with psycopg.connect(conninfo(migrated), autocommit=True) as owner:
        if outcome is None:
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                owner.execute(call.encode())
        else:
            assert owner.execute(call.encode()).fetchone() == (outcome,)
        rows = owner.execute("SELECT id, config FROM integrations").fetchall()
    expected = {"token": "t"}
    assert dict(rows) == {
        id_: {**expected, "webhookSecret": "new"} if outcome and name == "github" else expected
        for name, id_ in ids.items()
    }


def make_integration(bugspark: BugSpark, project: ProjectId, provider: str, is_active: bool) -> UUID:
    id_ = uuid4()
    bugspark.execute(
        "INSERT INTO integrations (id, project_id, provider, config, is_active)"
        ' VALUES (:id, :project, :provider, \'{"token": "t"}\', :active)',
        id=id_,
        project=project,
        provider=provider,
        active=is_active,
    )
    return id_


@pytest.mark.parametrize("argument", ["NULL", "ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 51))"])
def test_the_function_that_enqueues_takes_a_bounded_list(migrated: str, argument: str) -> None:
    with psycopg.connect(conninfo(migrated)) as owner, pytest.raises(psycopg.errors.InvalidParameterValue):
        owner.execute(f"SELECT bugspark_sync.enqueue_report_updated({argument}::uuid[])".encode())


@pytest.mark.parametrize(
    ("addresses", "is_taken"),
    [
        ("""{"a/b.png": "https://store.test/uploads/a/b.png?X-Amz-Date=1", "x": null}""", True),
        ("{}", True),
        (None, False),
        ("null", False),
        ("[]", False),
        ("""{"a/b.png": "https://store.test/uploads/other.png"}""", False),
        ("""{"a/b.png": "https://store.test/other.png?/a/b.png"}""", False),
        ("""{"a/b.png": "javascript:/a/b.png"}""", False),
        ("""{"a/b.png": "https://store.test/two words/a/b.png"}""", False),
        (f"""{{"a": "https://store.test/{"x" * 4000}/a"}}""", False),
    ],
)
def test_the_function_that_enqueues_takes_addresses_of_the_keys_alone(
    migrated: str, addresses: str | None, is_taken: bool
) -> None:
    call = b"SELECT bugspark_sync.enqueue_report_updated('{}', %s::jsonb)"
    with psycopg.connect(conninfo(migrated)) as owner:
        if is_taken:
            assert owner.execute(call, [addresses]).fetchone() == (0,)
        else:
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                owner.execute(call, [addresses])


@pytest.fixture
def migrated(postgres_server: Server) -> Iterator[str]:
    template = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=template) as url:
        yield url


async def test_each_right_that_addresses_of_screenshots_need_is_asked_for_before_a_pass_would_fail(
    postgres_server: Server, migrated: str
) -> None:
    settings = StoreSettings(digest=digest, notify_webhooks=True, screenshots=OBJECT_STORE)
    with api_roles(postgres_server, "announcer"):
        run(migrated, "ALTER ROLE announcer LOGIN")
        database = open_database(migrated.replace("postgres@", "announcer@"))
        maintenance = build_stores(database, settings, FixedClock()).maintenance
        try:
            for grant, problem in (
                (
                    "USAGE ON SCHEMA bugspark_sync",
                    "right to use bugspark_sync.enqueue_report_updated(uuid[], jsonb)",
                ),
                ("EXECUTE ON FUNCTION bugspark_sync.enqueue_report_updated(uuid[])", "(uuid[], jsonb)"),
                (
                    "EXECUTE ON FUNCTION bugspark_sync.enqueue_report_updated(uuid[], jsonb)",
                    "read the screenshots",
                ),
                ("SELECT (screenshot_url) ON reports", "read the screenshots"),
                ("SELECT (annotated_screenshot_url) ON reports", None),
            ):
                run(migrated, f"GRANT {grant} TO announcer")
                reported = await maintenance.outgoing_webhooks_problem()
                assert reported is None if problem is None else problem in (reported or "")
        finally:
            await database.aclose()
            run(migrated, "DROP OWNED BY announcer")


@pytest.mark.parametrize("table", ["reports", "comments", "projects", "integrations"])
async def test_row_security_is_an_error_in_every_session_and_never_an_empty_answer(
    postgres_server: Server, migrated: str, table: str
) -> None:
    with api_roles(postgres_server, "reader"):
        run(
            migrated,
            "ALTER ROLE reader LOGIN",
            "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO reader",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        )
        database = open_database(migrated.replace("postgres@", "reader@"))
        try:
            for opened in (database.read, database.write):
                with pytest.raises(DatabaseError, match="row security would hide rows"):
                    async with opened() as connection:
                        await connection.exec_driver_sql(f"SELECT id FROM {table}")
        finally:
            await database.aclose()
            run(migrated, "DROP OWNED BY reader")


async def test_all_reports_missing_is_distinguished_from_one_deleted_report(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    first = await linked(stores, bugspark)
    await linked(stores, bugspark, 2, project=first.project_id)
    other = bugspark.add_report(first.project_id)
    bugspark.execute("DELETE FROM reports WHERE github_issue_number IS NOT NULL")
    assert await stores.ledger.are_all_known_reports_missing()
    assert len((await stores.ledger.snapshot(first.project_id, REPOSITORY, NAME)).orphaned) == 2
    assert bugspark.report(other) is not None
    assert {row["state"] for row in bugspark.rows_of("sync_links")} == {"active"}


async def test_one_of_two_reports_that_is_gone_is_taken_as_deleted(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    kept = await linked(stores, bugspark)
    gone = await linked(stores, bugspark, 2, project=kept.project_id)
    bugspark.delete_report(gone.report_id)
    found = await stores.ledger.snapshot(kept.project_id, REPOSITORY, NAME)
    assert [link.id for link in found.orphaned] == [gone.id]
    assert not await stores.ledger.are_all_known_reports_missing()
