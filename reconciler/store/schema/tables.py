"""Our own tables, all named `sync_*`. No foreign key leads to BugSpark's tables: their rows come and go.

SQLite uses a partial index only where a query repeats its condition word for word: queries take it from here.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from reconciler.fields import BASE_COLUMNS, SEEN_COLUMNS, SYNCED_FIELDS
from reconciler.store.schema.metadata import metadata
from reconciler.store.schema.owner_tables import audit_entries, followers, settings_versions, skipped_reports
from reconciler.store.types import Instant, serial

__all__ = ["audit_entries", "followers", "metadata", "settings_versions", "skipped_reports"]
POSTGRESQL_ONLY_INDEX = "ix_sync_links_report_id"
SQLITE_ONLY_INDEX = "ix_sync_links_compared"
LIVE_LINK_SQL = "state IN ('new', 'active')"
QUARANTINED_LINK_SQL = "quarantined_until IS NOT NULL"
FROZEN_LINK_SQL = "frozen IS NOT NULL"
HELD_LINK_SQL = "held_by IS NOT NULL"
CONFLICT_CHANGE_SQL = "kind = 'conflict'"
COPIED_COMMENT_SQL = "state IN ('live', 'pending') AND local_id IS NOT NULL"
DUE_SQL = "second_reading_due IS NOT NULL"
UNREAD_DELIVERY_SQL = "read_at IS NULL AND number IS NOT NULL"


def partial_index_info(where: str) -> dict[str, str]:
    """Note which rows an index holds, compared with the migrations by a test.

    The dialects' own keywords would import both, a twentieth of a short command's time."""
    return {"only": where}


meta = Table(
    "sync_meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

projects = Table(
    "sync_projects",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("repository_id", BigInteger),
    Column("repository", String(200)),
    Column("private", Boolean),
    Column("exposed", Boolean),  # it has turned public, and nobody has acknowledged that yet
    Column("account_id", BigInteger),
    Column("account_login", String(200)),
    Column("account_credential", String(100)),
    Column("first_seen_at", Instant),
    Column("paused", Boolean, nullable=False),
    Column("withheld", String(100)),  # the hash of the deletions in sync_withheld
    Column("accepted", String(100)),  # the hash the operator accepted
    Column("outcome", String(20)),
    Column("result", Text),  # the last PassResult, JSON
    Column("last_pass_at", Instant),
    Column("last_success_at", Instant),
    Column("next_at", Instant),  # not before then, unless a person orders a pass
    Column("failures", Integer),  # in a row
    Column("changed_at", Instant),  # the last pass that had something to do
    Column("told", Text),  # JSON of an AlertState: the problems people were alerted to
    Column("mail", Text),  # JSON of a MailState: what its owner was mailed about
    Column("round_began_at", Instant),  # of a full verification that is not finished
    Column("renamed_labels", Text),  # JSON of the labels of the mapping that have other names on GitHub
    Column("deleted_at", Instant),  # when BugSpark was first seen without it, in GitHub's time
    Column("recovering", Boolean),  # a restore was recognised: nothing is written before all has been read
    Column("restored_at", Instant),  # when the last one was, in GitHub's time
    Column("lock_holder", Uuid),  # who took the project lock last
    Column("lock_epoch", Integer),  # raised when another holder takes it; every claim and apply depends on it
    Column("people", Text),  # JSON of a KnownPeople: whose accounts the logins in the settings are
    Column("priority", Text),  # JSON of a KnownPriority; null: severities are in labels
    Column("busy_since", Instant),  # when it was first found at work elsewhere, by our clock; null: it is not
)

lists = Table(
    "sync_lists",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("kind", String(20), primary_key=True),  # issues, comments, contacts
    Column("anchor", Instant, nullable=False),
    Column("etag", Text),
    Column("etag_credential", String(100)),
    Column("cursor", Instant),
)

accounts = Table(
    "sync_accounts",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("login", String(200)),
)

links = Table(
    "sync_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("repository", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("origin", String(20), nullable=False),
    Column("backfill", Boolean, nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    *(Column(each.name, String(each.length) if each.length else Text) for each in BASE_COLUMNS),
    Column("adopts_mapping", Boolean),  # null: no
    *(Column(each.name, String(each.length) if each.length else Text) for each in SEEN_COLUMNS),
    Column("seen_comments", Integer),
    Column("seen_locked", Boolean),
    Column("seen_updated_at", Instant),
    Column("seen_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("quarantined_until", Instant),
    Column("checked_at", Instant),
    Column("check_due", Instant),
    Column("etag_issue", Text),
    Column("etag_thread", Text),
    Column("etag_credential", Text),
    Column("missing_as", String(20)),
    Column("missing_since", Instant),
    Column("successor_repository_id", BigInteger),
    Column("successor_number", Integer),
    Column("frozen", Text),  # JSON of the frozen fields
    Column("held_by", String(64)),  # the instance of another database that wrote on the issue first
    Column("resolution", Text),  # JSON of who closed the issue; null while it is open
    Column("revision", Integer, nullable=False),
    Index(
        "uq_sync_links_issue",
        "repository_id",
        "number",
        unique=True,
        info=partial_index_info(LIVE_LINK_SQL),
    ),
    Index("uq_sync_links_report", "report_id", unique=True, info=partial_index_info(LIVE_LINK_SQL)),
    Index(None, "project_id", "state", "report_id"),
    Index(None, "project_id", "check_due"),
    Index(
        "ix_sync_links_quarantined",
        "project_id",
        "quarantined_until",
        info=partial_index_info(QUARANTINED_LINK_SQL),
    ),
    Index(None, "project_id", "state", "checked_at"),
    Index(None, "project_id", "number", "id"),  # as pages list them
    Index("ix_sync_links_held", "project_id", "held_by", info=partial_index_info(HELD_LINK_SQL)),
    Index("ix_sync_links_frozen", "project_id", info=partial_index_info(FROZEN_LINK_SQL)),
    Index("ix_sync_links_repository", "project_id", "repository_id", info=partial_index_info(LIVE_LINK_SQL)),
    Index(POSTGRESQL_ONLY_INDEX, "report_id").ddl_if(dialect="postgresql"),
    # SQLite joins row by row: an index with every column a pass compares spares reading the rows.
    Index(
        SQLITE_ONLY_INDEX,
        "report_id",
        "project_id",
        "state",
        "number",
        "repository",
        *(field.base_columns[0].name for field in SYNCED_FIELDS.values()),
        "adopts_mapping",
        "id",
    ).ddl_if(dialect="sqlite"),
)

differences = Table(
    "sync_differences",
    metadata,
    Column("link_id", Uuid, ForeignKey("sync_links.id", ondelete="CASCADE"), primary_key=True),
    Column("field", String(20), primary_key=True),
    Column("base", Text, nullable=False),
    Column("value", Text, nullable=False),  # BugSpark's
    Column("seen_at", Instant, nullable=False),  # when the scan first saw this value
    Column("equal_at", Instant),  # when a scan last saw another one
)

comment_pairs = Table(
    "sync_comments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("link_id", Uuid, ForeignKey("sync_links.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", Uuid, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("origin", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("local_id", Uuid),
    Column("remote_id", BigInteger),
    Column("local_digest", String(64)),
    Column("remote_digest", String(64)),
    Column("remote_updated_at", Instant),
    Column("author", String(255)),
    Column("reason", Text),
    Column("first_reading", String(20)),  # absent or present: what GitHub showed, otherwise than `state`
    Column("first_reading_at", Instant),
    Column("second_reading_due", Instant),  # then the comment is read alone, which decides
    Column("follower_id", Uuid),  # the report with the comment, where that follows the one of the link
    UniqueConstraint("local_id", "link_id"),
    UniqueConstraint("remote_id", "link_id"),
    Index(None, "link_id"),
    Index("ix_sync_comments_copied", "project_id", "local_id", info=partial_index_info(COPIED_COMMENT_SQL)),
    Index("ix_sync_comments_reading", "project_id", "second_reading_due", info=partial_index_info(DUE_SQL)),
)

intents = Table(
    "sync_intents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("link_id", Uuid),
    Column("entry_id", Uuid),
    Column("local_id", Uuid, nullable=False),
    Column("operation", String(20), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("number", Integer),
    Column("wish", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("ended_at", Instant),
    Column("not_before", Instant),
    Column("empty_looks", Integer, nullable=False),
    Column("reason", Text),
    Column("asked", Boolean, nullable=False),
    Column("why", Text),  # JSON of a Why
    UniqueConstraint("local_id", "operation"),
    Index(None, "project_id", "created_at"),
)

credential_budgets = Table(
    "sync_governor",
    metadata,
    Column("credential", String(100), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("spent", Text, nullable=False),  # JSON of a WindowUsage
    Column("blocked_until", Instant),
    Column("blocked_reason", Text),
    Column("rate_limit", Integer),
    Column("rate_remaining", Integer),
    Column("rate_reset_at", Instant),
)

withheld = Table(
    "sync_withheld",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("entry_id", Uuid, primary_key=True),
    Column("link_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("kind", String(30), nullable=False),  # model.kinds.Kind
    Column("why", Text, nullable=False),  # JSON of a Why
)

locks = Table(
    "sync_locks",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

runs = Table(
    "sync_runs",
    metadata,
    Column("id", serial(), primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("result", Text, nullable=False),
    Index(None, "project_id", "at"),
)

changes = Table(
    "sync_changes",
    metadata,
    Column("id", serial(), primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("link_id", Uuid),
    Column("at", Instant, nullable=False),
    Column("side", String(20), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("field", String(20)),
    Column("base", Text),
    Column("local", Text),
    Column("remote", Text),
    Column("to", Text),
    Column("rule", Text, nullable=False),
    Column("lost", Text),
    Column("request_id", String(100)),
    Column("since", Instant),  # when its cause happened, where that is known
    Index(None, "report_id"),
    Index(None, "project_id", "at"),
    Index("ix_sync_changes_conflicts", "project_id", "at", info=partial_index_info(CONFLICT_CHANGE_SQL)),
)

hooks = Table(
    "sync_hooks",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("previous", Text),  # the secret before the present one, as integrations.config has it
    Column("previous_until", Instant),
    Column("hook_id", BigInteger),  # on GitHub, where we made or repaired it
    Column("known_at", Instant),  # since when it should announce what happens
    Column("last_at", Instant),  # of the last delivery
    Column("last_event", String(100)),
    Column("received", BigInteger, nullable=False),
    Column("missed", BigInteger, nullable=False),  # changes that it never announced
    Column("silent", Integer, nullable=False),  # of them, since the last delivery
    Column("silent_since", Instant),
)

deliveries = Table(
    "sync_deliveries",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("id", String(100), primary_key=True),
    Column("event", String(100), nullable=False),
    Column("action", String(100)),
    Column("number", Integer),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    Index(None, "project_id", "at"),
    Index("ix_sync_deliveries_unread", "project_id", info=partial_index_info(UNREAD_DELIVERY_SQL)),
)

unannounced = Table(
    "sync_unannounced",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
)
