"""Since when a field of BugSpark differs from its base, since when a project is deleted there, and
which labels of the mapping have other names on GitHub.
"""

import sqlalchemy as sa
from alembic import op

from reconciler.store.types import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sync_differences",
        sa.Column("link_id", sa.Uuid, sa.ForeignKey("sync_links.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("field", sa.String(20), primary_key=True),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("equal_at", Instant),
    )
    op.add_column("sync_projects", sa.Column("renamed_labels", sa.Text))
    op.add_column("sync_projects", sa.Column("deleted_at", Instant))


def downgrade() -> None:
    op.drop_column("sync_projects", "deleted_at")
    op.drop_column("sync_projects", "renamed_labels")
    op.drop_table("sync_differences")
