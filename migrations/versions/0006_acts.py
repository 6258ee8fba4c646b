"""Who ran which command: a table of its own, because most commands are about no link."""

import sqlalchemy as sa
from alembic import op

from reconciler.store.types import Instant, serial

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "sync_acts",
        sa.Column("id", serial(), primary_key=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("what", sa.String(30), nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_index("ix_sync_acts_report_id", "sync_acts", ["report_id"])
    op.create_index("ix_sync_acts_project_id_at", "sync_acts", ["project_id", "at"])


def downgrade() -> None:
    op.drop_table("sync_acts")
