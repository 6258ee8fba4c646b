"""Our tables of GitHub's webhooks: a project's hook, its deliveries, and changes it has not announced."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, Uuid

from reconciler.store.schema.metadata import UNREAD_DELIVERY_SQL, metadata, partial_index_info
from reconciler.store.types import Instant

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
