"""What a first reading of GitHub showed of a comment, otherwise than the ledger has it.

The deletions that wait for the operator were believed by an earlier release: they count as read once.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from reconciler.store.types import Instant

revision = "0004"
down_revision = "0003"

comments = sa.table(
    "sync_comments",
    sa.column("id", sa.Uuid),
    sa.column("first_reading", sa.String),
    sa.column("first_reading_at", Instant),
    sa.column("second_reading_due", Instant),
)
withheld = sa.table("sync_withheld", sa.column("entry_id", sa.Uuid), sa.column("kind", sa.String))


def upgrade() -> None:
    op.add_column("sync_comments", sa.Column("first_reading", sa.String(20)))
    op.add_column("sync_comments", sa.Column("first_reading_at", Instant))
    op.add_column("sync_comments", sa.Column("second_reading_due", Instant))
    op.create_index(
        "ix_sync_comments_reading",
        "sync_comments",
        ["project_id", "second_reading_due"],
        postgresql_where=sa.text("second_reading_due IS NOT NULL"),
        sqlite_where=sa.text("second_reading_due IS NOT NULL"),
    )
    now = datetime.now(UTC)
    waiting = sa.select(withheld.c.entry_id).where(withheld.c.kind == "remove_comment")
    read_once = {"first_reading": "absent", "first_reading_at": now, "second_reading_due": now}
    op.execute(sa.update(comments).where(comments.c.id.in_(waiting)).values(read_once))


def downgrade() -> None:
    op.drop_index("ix_sync_comments_reading", "sync_comments")
    op.drop_column("sync_comments", "second_reading_due")
    op.drop_column("sync_comments", "first_reading_at")
    op.drop_column("sync_comments", "first_reading")
