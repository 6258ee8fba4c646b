"""Who closed a link's issue, as JSON; NULL while it is open, and where this program closed it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("sync_links", sa.Column("resolution", sa.Text))


def downgrade() -> None:
    op.drop_column("sync_links", "resolution")
