"""GitHub's half of a link's base, as GitHub shows it, and what counts of a project's earlier settings.

A half that is NULL says the same as what GitHub last showed. That is not known of a field whose write is
open, nor of an issue that was last seen open or closed where BugSpark's half says the opposite: their half
says what BugSpark's half says.
"""

import sqlalchemy as sa
from alembic import op

from reconciler.errors import SchemaError

revision = "0007"
down_revision = "0006"

NEW_COLUMNS = ("base_state", "base_severity_labels", "base_category_labels")
SKIPPED_BY_SETTINGS = (
    "private: it begins with the project's prefix for private comments",
    "comments did not go to GitHub when it was written (directions.comments)",
    "comments did not come to BugSpark when it was written (directions.comments)",
)
links = sa.table(
    "sync_links",
    sa.column("id", sa.Uuid),
    sa.column("base_status", sa.String),
    sa.column("base_state", sa.String),
    sa.column("seen_state", sa.String),
    sa.column("base_severity_labels", sa.Text),
    sa.column("base_category_labels", sa.Text),
)
intents = sa.table("sync_intents", sa.column("link_id", sa.Uuid), sa.column("operation", sa.String))
comments = sa.table("sync_comments", sa.column("state", sa.String), sa.column("reason", sa.Text))


def upgrade() -> None:
    op.add_column("sync_links", sa.Column("base_state", sa.String(20)))
    op.add_column("sync_links", sa.Column("base_severity_labels", sa.Text))
    op.add_column("sync_links", sa.Column("base_category_labels", sa.Text))
    op.add_column("sync_settings", sa.Column("history", sa.Text))
    is_open = links.c.base_status.in_(("new", "triaging", "in_progress"))
    state = sa.case((is_open, "open"), else_="closed")
    op.execute(
        sa.update(links)
        .where(links.c.base_status.is_not(None), links.c.seen_state != state)
        .values({"base_state": state})
    )
    for operation, values in (
        ("status", {"base_state": state}),
        ("severity", {"base_severity_labels": "[]"}),
        ("category", {"base_category_labels": "[]"}),
    ):
        written = sa.select(intents.c.link_id).where(intents.c.operation == operation)
        op.execute(
            sa.update(links).where(links.c.id.in_(written), links.c.base_status.is_not(None)).values(values)
        )


def downgrade() -> None:
    skipped = sa.select(sa.func.count()).where(
        comments.c.state == "skipped", comments.c.reason.in_(SKIPPED_BY_SETTINGS)
    )
    count = op.get_bind().execute(skipped).scalar_one()
    if count:
        raise SchemaError(
            f"{count} comments were kept back by projects' settings (private, or against a direction), which "
            "the earlier version does not know. Nothing was changed; stay with this version"
        )
    op.drop_column("sync_settings", "history")
    for name in reversed(NEW_COLUMNS):
        op.drop_column("sync_links", name)
