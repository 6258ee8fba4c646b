"""Settings applied to existing links, reports that are not exported by themselves, and mails to owners.

A link whose base adopts the mapping in force is compared by every pass. SQLite's index has every column that
a pass compares; the others are taken as they are there.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from reconciler.errors import SchemaError
from reconciler.store.types import Instant

revision = "0010"
down_revision = "0009"

INDEX, COLUMN = "ix_sync_links_compared", "adopts_mapping"


def upgrade() -> None:
    op.add_column("sync_links", sa.Column(COLUMN, sa.Boolean))
    _renew_index(lambda columns: [*columns[:-1], COLUMN, columns[-1]])
    op.add_column("sync_projects", sa.Column("mail", sa.Text))
    op.create_table(
        "sync_skipped_reports",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("ix_sync_skipped_reports_project_id", "sync_skipped_reports", ["project_id"])


def downgrade() -> None:
    count = op.get_bind().execute(sa.text("SELECT count(*) FROM sync_skipped_reports")).scalar_one()
    if count:
        raise SchemaError(
            f"{count} reports were kept from being exported by projects' settings, which the earlier version "
            "does not know: it would export them. Nothing was changed; stay with this version"
        )
    op.drop_table("sync_skipped_reports")
    op.drop_column("sync_projects", "mail")
    _renew_index(lambda columns: [each for each in columns if each != COLUMN])
    op.drop_column("sync_links", COLUMN)


def _renew_index(change: Callable[[list[Any]], list[Any]]) -> None:
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return
    (columns,) = (
        each["column_names"] for each in sa.inspect(bind).get_indexes("sync_links") if each["name"] == INDEX
    )
    op.drop_index(INDEX, "sync_links")
    op.create_index(INDEX, "sync_links", change(columns))
