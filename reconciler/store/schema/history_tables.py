"""Our tables of what has happened: passes that did something, and changes of reports."""

from sqlalchemy import Column, Index, String, Table, Text, Uuid

from reconciler.store.schema.metadata import CONFLICT_CHANGE_SQL, metadata, partial_index_info
from reconciler.store.types import Instant, serial

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
    Index(
        "ix_sync_changes_conflicts",
        "project_id",
        "at",
        info=partial_index_info(CONFLICT_CHANGE_SQL),
    ),
)
