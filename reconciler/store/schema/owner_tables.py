"""The tables of what people set and do in a project: settings and what they pass over, reports that follow
another one, commands. `tables` names them, with all others.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, Uuid

from reconciler.store.schema.metadata import metadata
from reconciler.store.types import Instant, serial

followers = Table(
    "sync_followers",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    # of the report that leads the issue; its name as text: that table is made after this one
    Column("link_id", Uuid, ForeignKey("sync_links.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(20), nullable=False),  # of the issue, as the report last took it over
    Column("followed_at", Instant, nullable=False),
    Index(None, "link_id"),
    Index(None, "project_id"),
)


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
