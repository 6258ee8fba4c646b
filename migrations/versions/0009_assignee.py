"""The assignee of a link's base, GitHub's half of it, and whose accounts the people of the settings have.

All are NULL until people are mapped, so no row has to be written. On SQLite the indexes that cover what a
pass compares get the new columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COMPARED = ("report_id", "project_id", "state", "number", "repository")
FIELDS_BEFORE = ("base_status", "base_stage", "base_severity", "base_category", "base_title")
FIELDS = (*FIELDS_BEFORE, "base_assignee")
REPORT_FIELDS_BEFORE = ("project_id", "id", "status", "severity", "category", "title")
REPORT_FIELDS = (*REPORT_FIELDS_BEFORE, "assignee_id")
ISSUE_COLUMNS = ("github_issue_number", "github_repo")


def upgrade() -> None:
    op.add_column("sync_links", sa.Column("base_assignee", sa.String(36)))
    op.add_column("sync_links", sa.Column("base_assignees", sa.Text))
    op.add_column("sync_links", sa.Column("seen_assignees", sa.Text))
    op.add_column("sync_projects", sa.Column("people", sa.Text))
    _renew_indexes(FIELDS, REPORT_FIELDS)


def downgrade() -> None:
    op.execute("DELETE FROM sync_intents WHERE operation = 'assignee'")
    op.execute("DELETE FROM sync_differences WHERE field = 'assignee'")
    _renew_indexes(FIELDS_BEFORE, REPORT_FIELDS_BEFORE)
    op.drop_column("sync_projects", "people")
    op.drop_column("sync_links", "seen_assignees")
    op.drop_column("sync_links", "base_assignees")
    op.drop_column("sync_links", "base_assignee")


def _renew_indexes(fields: tuple[str, ...], report_fields: tuple[str, ...]) -> None:
    """SQLite's indexes have every column that a pass compares. This program made that of the reports, too."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.drop_index("ix_sync_links_compared", "sync_links")
    op.create_index("ix_sync_links_compared", "sync_links", [*COMPARED, *fields, "id"])
    op.execute("DROP INDEX IF EXISTS ix_reports_compared")
    op.create_index("ix_reports_compared", "reports", [*report_fields, *ISSUE_COLUMNS])
