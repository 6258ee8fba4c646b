"""The table of the commands that people ran. `tables` names it, with all others."""

from sqlalchemy import Column, Index, String, Table, Text, Uuid

from reconciler.store.schema.metadata import metadata
from reconciler.store.types import Instant, serial

audit_entries = Table(
    "sync_acts",
    metadata,
    Column("id", serial(), primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("report_id", Uuid),  # null: it was about the project
    Column("at", Instant, nullable=False),
    Column("actor_kind", String(20), nullable=False),  # model.viewer.ActorKind
    Column("user_id", Uuid),  # of a BugSpark user, whose name is never kept
    Column("actor", String(255), nullable=False),  # of a token or of the machine's user
    Column("what", String(30), nullable=False),
    Column("said", Text, nullable=False),
    Index(None, "report_id"),
    Index(None, "project_id", "at"),
)
