"""Who holds a project's lock, in the project's row: what a lock that was broken from outside can't undo."""

import sqlalchemy as sa
from alembic import op

from reconciler.store.types import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("sync_projects", sa.Column("lock_holder", sa.Uuid))
    op.add_column("sync_projects", sa.Column("lock_epoch", sa.Integer))
    op.add_column("sync_projects", sa.Column("busy_since", Instant))


def downgrade() -> None:
    op.drop_column("sync_projects", "busy_since")
    op.drop_column("sync_projects", "lock_epoch")
    op.drop_column("sync_projects", "lock_holder")
