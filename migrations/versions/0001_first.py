"""Our tables, and the four columns on BugSpark's.

BugSpark's schema is not ours to version: what of it is missing is added and remembered in `sync_meta`, and a
downgrade takes back exactly that.
"""

import sqlalchemy as sa
from alembic import op

from reconciler.errors import SchemaError
from reconciler.store import bugspark
from reconciler.store.types import Instant, serial

revision = "0001"
down_revision = None

LIVE = sa.text("state IN ('new', 'active')")
QUARANTINED = sa.text("quarantined_until IS NOT NULL")
FROZEN = sa.text("frozen IS NOT NULL")
HELD = sa.text("held_by IS NOT NULL")
CONFLICT = sa.text("kind = 'conflict'")
UNREAD = sa.text("read_at IS NULL AND number IS NOT NULL")
COPIED = sa.text("state IN ('live', 'pending') AND local_id IS NOT NULL")
META = sa.table("sync_meta", sa.column("key", sa.String), sa.column("value", sa.Text))
TABLES = (
    "sync_comments",
    "sync_meta",
    "sync_projects",
    "sync_lists",
    "sync_accounts",
    "sync_links",
    "sync_intents",
    "sync_governor",
    "sync_runs",
    "sync_changes",
    "sync_withheld",
    "sync_locks",
    "sync_hooks",
    "sync_deliveries",
    "sync_unannounced",
)
QUEUE_TABLES = (
    "procrastinate_workers",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)
QUEUE_TYPES = (
    "procrastinate_job_to_defer_v1",
    "procrastinate_job_status",
    "procrastinate_job_event_type",
)
NEEDED = ("users", "projects", "reports", "comments", "integrations")


def upgrade() -> None:
    # Ours first: the live tables are locked last, and only for a moment.
    for make in (
        _meta,
        _projects,
        _lists,
        _accounts,
        _links,
        _comments,
        _intents,
        _governor,
        _runs,
        _changes,
        _withheld,
        _locks,
        _hooks,
        _deliveries,
        _unannounced,
    ):
        make()
    _remember("queue", ["procrastinate"] if _queue() else [])
    made = _bugspark_tables()
    added = [f"{table}.{column}" for table, column in bugspark.ADDED_COLUMNS if _add(table, column)]
    # Tables made here have the columns from the start; they are ours all the same.
    ours = [f"{table}.{column}" for table, column in bugspark.ADDED_COLUMNS] if made else added
    _remember("added_columns", ours)
    _remember("made_tables", made)


def downgrade() -> None:
    added, made = _remembered("added_columns"), _remembered("made_tables")
    queue = _remembered("queue")
    for name in TABLES:
        op.drop_table(name)
    if queue:
        _drop_queue()
    if made and not any(_has_rows(name) for name in made):
        for name in reversed(made):
            op.drop_table(name)
        return
    if made:
        op.drop_index("ix_reports_compared", "reports")  # SQLite drops no column that an index covers
    for table, _, column in (each.partition(".") for each in added):
        op.drop_column(table, column)


def _queue() -> bool:
    """Procrastinate's tables, functions and types, where several daemons can share them; its own SQL."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql" or sa.inspect(connection).has_table(QUEUE_TABLES[0]):
        return False
    from procrastinate.schema import SchemaManager

    # Several statements in one text: the driver sends that only as it is, without parameters.
    connection.connection.cursor().execute(SchemaManager.get_schema())
    return True


def _drop_queue() -> None:
    connection = op.get_bind()
    functions = sa.text(
        "SELECT oid::regprocedure::text FROM pg_proc"
        r" WHERE proname LIKE 'procrastinate\_%' AND pronamespace = current_schema()::regnamespace"
    )
    for function in connection.execute(functions).scalars().all():
        op.execute(f"DROP FUNCTION {function} CASCADE")  # its triggers on these tables
    for name in reversed(QUEUE_TABLES):
        op.drop_table(name)
    for name in QUEUE_TYPES:
        op.execute(f"DROP TYPE {name}")


def _bugspark_tables() -> list[str]:
    """Make BugSpark's tables in an empty SQLite file; anywhere else they must be there."""
    connection = op.get_bind()
    present = set(sa.inspect(connection).get_table_names())
    missing = [name for name in NEEDED if name not in present]
    if not missing:
        return []
    theirs = {name for name in present if not name.startswith(("sync_", "reconciler_"))}
    if connection.dialect.name != "sqlite" or theirs:
        raise SchemaError(f"This is not a BugSpark database: it has no table {', '.join(missing)}.")
    bugspark.metadata.create_all(connection)
    return [table.name for table in bugspark.metadata.sorted_tables]


def _add(table: str, name: str) -> bool:
    connection = op.get_bind()
    if name in {column["name"] for column in sa.inspect(connection).get_columns(table)}:
        return False
    op.add_column(table, sa.Column(name, bugspark.metadata.tables[table].c[name].type, nullable=True))
    return True


def _remember(key: str, names: list[str]) -> None:
    op.get_bind().execute(sa.insert(META).values(key=key, value=",".join(names)))


def _remembered(key: str) -> list[str]:
    value = op.get_bind().execute(sa.select(META.c.value).where(META.c.key == key)).scalar() or ""
    return [name for name in value.split(",") if name]


def _has_rows(table: str) -> bool:
    return (
        op.get_bind().execute(sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)).first()
        is not None
    )


def _partial(
    name: str, table: str, columns: list[str], where: sa.TextClause, *, unique: bool = False
) -> None:
    """An index of the rows that fit, on either database."""
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _meta() -> None:
    op.create_table(
        "sync_meta",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sync_meta"),
    )


def _projects() -> None:
    op.create_table(
        "sync_projects",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("repository_id", sa.BigInteger),
        sa.Column("repository", sa.String(200)),
        sa.Column("private", sa.Boolean),
        sa.Column("exposed", sa.Boolean),
        sa.Column("account_id", sa.BigInteger),
        sa.Column("account_login", sa.String(200)),
        sa.Column("account_credential", sa.String(100)),
        sa.Column("first_seen_at", Instant),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("withheld", sa.String(100)),
        sa.Column("accepted", sa.String(100)),
        sa.Column("outcome", sa.String(20)),
        sa.Column("result", sa.Text),
        sa.Column("last_pass_at", Instant),
        sa.Column("last_success_at", Instant),
        sa.Column("next_at", Instant),
        sa.Column("failures", sa.Integer),
        sa.Column("changed_at", Instant),
        sa.Column("told", sa.Text),
        sa.Column("round_began_at", Instant),
        sa.Column("recovering", sa.Boolean),
        sa.Column("restored_at", Instant),
        sa.PrimaryKeyConstraint("project_id", name="pk_sync_projects"),
    )


def _lists() -> None:
    op.create_table(
        "sync_lists",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("anchor", Instant, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("etag_credential", sa.String(100)),
        sa.Column("cursor", Instant),
        sa.PrimaryKeyConstraint("project_id", "kind", name="pk_sync_lists"),
    )


def _accounts() -> None:
    op.create_table(
        "sync_accounts",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("login", sa.String(200)),
        sa.PrimaryKeyConstraint("project_id", "account_id", name="pk_sync_accounts"),
    )


def _links() -> None:
    op.create_table(
        "sync_links",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("repository_id", sa.BigInteger, nullable=False),
        sa.Column("repository", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("backfill", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("base_status", sa.String(20)),
        sa.Column("base_severity", sa.String(20)),
        sa.Column("base_category", sa.String(20)),
        sa.Column("base_title", sa.Text),
        sa.Column("base_remote_title", sa.Text),
        sa.Column("seen_state", sa.String(20)),
        sa.Column("seen_reason", sa.String(50)),
        sa.Column("seen_labels", sa.Text),
        sa.Column("seen_colours", sa.Text),
        sa.Column("seen_title", sa.Text),
        sa.Column("seen_comments", sa.Integer),
        sa.Column("seen_locked", sa.Boolean),
        sa.Column("seen_updated_at", Instant),
        sa.Column("seen_id", sa.BigInteger),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("quarantined_until", Instant),
        sa.Column("checked_at", Instant),
        sa.Column("check_due", Instant),
        sa.Column("etag_issue", sa.Text),
        sa.Column("etag_thread", sa.Text),
        sa.Column("etag_credential", sa.Text),
        sa.Column("missing_as", sa.String(20)),
        sa.Column("missing_since", Instant),
        sa.Column("successor_repository_id", sa.BigInteger),
        sa.Column("successor_number", sa.Integer),
        sa.Column("frozen", sa.Text),
        sa.Column("held_by", sa.String(64)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sync_links"),
    )
    _link_indexes()


def _link_indexes() -> None:
    _partial("uq_sync_links_issue", "sync_links", ["repository_id", "number"], LIVE, unique=True)
    _partial("uq_sync_links_report", "sync_links", ["report_id"], LIVE, unique=True)
    op.create_index(
        "ix_sync_links_project_id_state_report_id", "sync_links", ["project_id", "state", "report_id"]
    )
    op.create_index("ix_sync_links_project_id_check_due", "sync_links", ["project_id", "check_due"])
    _partial("ix_sync_links_quarantined", "sync_links", ["project_id", "quarantined_until"], QUARANTINED)
    op.create_index(
        "ix_sync_links_project_id_state_checked_at", "sync_links", ["project_id", "state", "checked_at"]
    )
    _partial("ix_sync_links_held", "sync_links", ["project_id", "held_by"], HELD)
    op.create_index("ix_sync_links_project_id_number_id", "sync_links", ["project_id", "number", "id"])
    _partial("ix_sync_links_frozen", "sync_links", ["project_id"], FROZEN)
    _partial("ix_sync_links_repository", "sync_links", ["project_id", "repository_id"], LIVE)
    if op.get_bind().dialect.name == "sqlite":
        compared = ["report_id", "project_id", "state", "number", "repository"]
        compared += ["base_status", "base_severity", "base_category", "base_title", "id"]
        op.create_index("ix_sync_links_compared", "sync_links", compared)
    else:
        op.create_index("ix_sync_links_report_id", "sync_links", ["report_id"])


def _comments() -> None:
    op.create_table(
        "sync_comments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column(
            "link_id",
            sa.Uuid,
            sa.ForeignKey("sync_links.id", name="fk_sync_comments_link_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("repository_id", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("local_id", sa.Uuid),
        sa.Column("remote_id", sa.BigInteger),
        sa.Column("local_digest", sa.String(64)),
        sa.Column("remote_digest", sa.String(64)),
        sa.Column("remote_updated_at", Instant),
        sa.Column("author", sa.String(255)),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("local_id", "link_id", name="uq_sync_comments_local_id_link_id"),
        sa.UniqueConstraint("remote_id", "link_id", name="uq_sync_comments_remote_id_link_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_comments"),
    )
    op.create_index("ix_sync_comments_link_id", "sync_comments", ["link_id"])
    _partial("ix_sync_comments_copied", "sync_comments", ["project_id", "local_id"], COPIED)


def _intents() -> None:
    op.create_table(
        "sync_intents",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("link_id", sa.Uuid),
        sa.Column("entry_id", sa.Uuid),
        sa.Column("local_id", sa.Uuid, nullable=False),
        sa.Column("operation", sa.String(20), nullable=False),
        sa.Column("repository_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("claimed_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("not_before", Instant),
        sa.Column("empty_looks", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("asked", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text),
        sa.UniqueConstraint("local_id", "operation", name="uq_sync_intents_local_id_operation"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_intents"),
    )
    op.create_index("ix_sync_intents_project_id_created_at", "sync_intents", ["project_id", "created_at"])


def _governor() -> None:
    op.create_table(
        "sync_governor",
        sa.Column("credential", sa.String(100), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("spent", sa.Text, nullable=False),
        sa.Column("blocked_until", Instant),
        sa.Column("blocked_reason", sa.Text),
        sa.Column("rate_limit", sa.Integer),
        sa.Column("rate_remaining", sa.Integer),
        sa.Column("rate_reset_at", Instant),
        sa.PrimaryKeyConstraint("credential", name="pk_sync_governor"),
    )


def _runs() -> None:
    op.create_table(
        "sync_runs",
        sa.Column("id", serial(), nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sync_runs"),
    )
    op.create_index("ix_sync_runs_project_id_at", "sync_runs", ["project_id", "at"])


def _changes() -> None:
    op.create_table(
        "sync_changes",
        sa.Column("id", serial(), nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("link_id", sa.Uuid),
        sa.Column("at", Instant, nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("field", sa.String(20)),
        sa.Column("base", sa.Text),
        sa.Column("local", sa.Text),
        sa.Column("remote", sa.Text),
        sa.Column("to", sa.Text),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("lost", sa.Text),
        sa.Column("request_id", sa.String(100)),
        sa.Column("since", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_sync_changes"),
    )
    op.create_index("ix_sync_changes_report_id", "sync_changes", ["report_id"])
    op.create_index("ix_sync_changes_project_id_at", "sync_changes", ["project_id", "at"])
    _partial("ix_sync_changes_conflicts", "sync_changes", ["project_id", "at"], CONFLICT)


def _withheld() -> None:
    op.create_table(
        "sync_withheld",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("link_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "entry_id", name="pk_sync_withheld"),
    )


def _locks() -> None:
    op.create_table(
        "sync_locks",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Uuid, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_sync_locks"),
    )


def _hooks() -> None:
    op.create_table(
        "sync_hooks",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("previous_until", Instant),
        sa.Column("hook_id", sa.BigInteger),
        sa.Column("known_at", Instant),
        sa.Column("last_at", Instant),
        sa.Column("last_event", sa.String(100)),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("missed", sa.BigInteger, nullable=False),
        sa.Column("silent", sa.Integer, nullable=False),
        sa.Column("silent_since", Instant),
        sa.PrimaryKeyConstraint("project_id", name="pk_sync_hooks"),
    )


def _deliveries() -> None:
    op.create_table(
        "sync_deliveries",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("action", sa.String(100)),
        sa.Column("number", sa.Integer),
        sa.Column("at", Instant, nullable=False),
        sa.Column("read_at", Instant),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_sync_deliveries"),
    )
    op.create_index("ix_sync_deliveries_project_id_at", "sync_deliveries", ["project_id", "at"])
    _partial("ix_sync_deliveries_unread", "sync_deliveries", ["project_id"], UNREAD)


def _unannounced() -> None:
    op.create_table(
        "sync_unannounced",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "number", name="pk_sync_unannounced"),
    )
