"""The stage of a link's base, beside its status: both halves are NULL until stages are synced.

NULL says what the status says, so no row has to be written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COMPARED = ("report_id", "project_id", "state", "number", "repository")
FIELDS_BEFORE = ("base_status", "base_severity", "base_category", "base_title")
FIELDS = ("base_status", "base_stage", "base_severity", "base_category", "base_title")


def upgrade() -> None:
    op.add_column("sync_links", sa.Column("base_stage", sa.String(20)))
    op.add_column("sync_links", sa.Column("base_stage_labels", sa.Text))
    _renew_index(FIELDS)


def downgrade() -> None:
    _renew_index(FIELDS_BEFORE)
    op.drop_column("sync_links", "base_stage_labels")
    op.drop_column("sync_links", "base_stage")


def _renew_index(fields: tuple[str, ...]) -> None:
    """SQLite's index has every column that a pass compares."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_sync_links_compared", "sync_links")
        op.create_index("ix_sync_links_compared", "sync_links", [*COMPARED, *fields, "id"])
