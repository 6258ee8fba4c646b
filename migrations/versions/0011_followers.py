"""Reports that follow the report which leads an issue, and whose comment a row of the ledger is about."""

import sqlalchemy as sa
from alembic import op

from reconciler.errors import SchemaError
from reconciler.store.types import Instant

revision = "0011"
down_revision = "0010"

followers = sa.table("sync_followers", sa.column("report_id", sa.Uuid))


def upgrade() -> None:
    op.create_table(
        "sync_followers",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("link_id", sa.Uuid, sa.ForeignKey("sync_links.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("followed_at", Instant, nullable=False),
    )
    op.create_index("ix_sync_followers_link_id", "sync_followers", ["link_id"])
    op.create_index("ix_sync_followers_project_id", "sync_followers", ["project_id"])
    op.add_column("sync_comments", sa.Column("follower_id", sa.Uuid))


def downgrade() -> None:
    count = op.get_bind().execute(sa.select(sa.func.count()).select_from(followers)).scalar_one()
    if count:
        raise SchemaError(
            f"{count} reports follow another report's issue, which the earlier version does not know: it "
            "would export them as new issues. Nothing was changed; end that with `reconcile unlink`, or stay "
            "with this version"
        )
    op.drop_column("sync_comments", "follower_id")
    op.drop_table("sync_followers")
