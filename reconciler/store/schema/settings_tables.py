"""The tables of projects' own settings, and of what they pass over. `tables` names them, with all others."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, Uuid

from reconciler.store.schema.metadata import metadata
from reconciler.store.types import Instant

settings_versions = Table(
    "sync_settings",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # the greatest one is in force
    Column("author_id", Uuid),  # the user of BugSpark's; null: the operator
    Column("at", Instant, nullable=False),
    Column("content", Text, nullable=False),  # JSON of the settings
    Column("history", Text),  # JSON of what counts of earlier versions
    Column("export", String(20)),  # repeated from the content, for the scan of all projects
)

skipped_reports = Table(
    "sync_skipped_reports",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "project_id"),
)
