"""The table of projects' own settings. `tables` names it, with all others."""

from sqlalchemy import Column, Integer, String, Table, Text, Uuid

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
