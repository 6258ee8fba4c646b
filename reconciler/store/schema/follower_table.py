"""The table of reports that follow the report which leads an issue. `tables` names it, with all others."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Uuid

from reconciler.store.schema.metadata import metadata
from reconciler.store.types import Instant

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
