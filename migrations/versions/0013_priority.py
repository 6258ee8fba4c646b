"""GitHub's half of a severity that is in the organisation's field, and what is known of that field.

All are NULL while severities are in labels, so no row has to be written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("sync_links", sa.Column("base_choices", sa.Text))
    op.add_column("sync_links", sa.Column("seen_choices", sa.Text))
    op.add_column("sync_projects", sa.Column("priority", sa.Text))


def downgrade() -> None:
    op.execute("""DELETE FROM sync_intents WHERE operation = 'severity' AND wish LIKE '%"option":%'""")
    op.drop_column("sync_projects", "priority")
    op.drop_column("sync_links", "seen_choices")
    op.drop_column("sync_links", "base_choices")
