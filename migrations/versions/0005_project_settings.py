"""Settings that belong to one project, with their history."""

import sqlalchemy as sa
from alembic import op

from reconciler.store.types import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "sync_settings",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("author_id", sa.Uuid),
        sa.Column("at", Instant, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("export", sa.String(20)),
        sa.PrimaryKeyConstraint("project_id", "version", name="pk_sync_settings"),
    )


def downgrade() -> None:
    op.drop_table("sync_settings")
