"""BugSpark's tables as far as this program touches them (docs/reference/bugspark.md, Tables).

On PostgreSQL BugSpark has made them, and four columns are added; only in an empty SQLite file are they made
by us. Columns of BugSpark's that nobody here reads are left out.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
    true,
)

from reconciler.store.types import Instant, JsonDocument, TextArray, existing_enum

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("role", String(20), nullable=False, server_default="user"),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("beta_status", String(20), nullable=False, server_default="none"),
    UniqueConstraint("email", name="uq_users_email"),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("domain", String(1024), nullable=False),
    Column("api_key_hash", String(128), nullable=False),
    Column("api_key_prefix", String(16), nullable=False),
    Column("settings", JsonDocument, server_default=text("'{}'")),
    Column("report_counter", Integer, nullable=False, server_default=text("0")),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
)

project_members = Table(
    "project_members",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),
    Column("email", String(255), nullable=False),
    Column("role", String(20), nullable=False, server_default="viewer"),
    Column("invite_accepted_at", Instant),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("tracking_id", String(20), nullable=False),
    Column("title", String(500), nullable=False),
    Column("description", Text, nullable=False),
    Column("severity", existing_enum("severity_enum"), nullable=False),
    Column("category", existing_enum("category_enum"), nullable=False),
    Column("status", existing_enum("status_enum"), nullable=False, server_default="new"),
    Column("assignee_id", Uuid, ForeignKey("users.id", ondelete="SET NULL")),
    Column("screenshot_url", String(1000)),
    Column("annotated_screenshot_url", String(1000)),
    Column("console_logs", JsonDocument),
    Column("network_logs", JsonDocument),
    Column("user_actions", JsonDocument),
    Column("metadata", JsonDocument),
    Column("reporter_identifier", String(255)),
    Column("console_logs_included", Boolean, nullable=False, server_default=false()),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
    Column("updated_at", Instant, nullable=False, server_default=func.now()),
    Column("github_issue_number", Integer),
    Column("github_issue_url", String(500)),
    Column("github_repo", String(200)),
    UniqueConstraint("project_id", "tracking_id", name="uq_reports_project_tracking"),
    # Made on SQLite only, as all of these: it covers what a pass compares, so that no row has to be read.
    Index(
        "ix_reports_compared",
        "project_id",
        "id",
        "status",
        "severity",
        "category",
        "title",
        "assignee_id",
        "github_issue_number",
        "github_repo",
    ),
    Index("ix_reports_updated_at", "updated_at"),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, ForeignKey("reports.id", ondelete="CASCADE"), nullable=False),
    Column("author_id", Uuid, ForeignKey("users.id", ondelete="SET NULL")),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
    Column("source", String(20)),
    Index("ix_comments_report_id", "report_id"),
    Index("ix_comments_compared", "id", "report_id"),
    Index("ix_comments_created_at", "created_at"),
)

integrations = Table(
    "integrations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("provider", String(50), nullable=False),
    Column("config", JsonDocument, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("url", String(1000), nullable=False),
    Column("events", TextArray, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("secret", String(255), nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
)

background_tasks = Table(
    "background_tasks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("task_type", String(50), nullable=False),
    Column("payload", JsonDocument, nullable=False),
    Column("status", String(20), nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("max_attempts", Integer, nullable=False, server_default=text("3")),
    Column("next_retry_at", Instant),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
    Column("updated_at", Instant, nullable=False, server_default=func.now()),
    Column("completed_at", Instant),
)

ADDED_COLUMNS = (
    ("reports", "github_issue_number"),
    ("reports", "github_issue_url"),
    ("reports", "github_repo"),
    ("comments", "source"),
)
"""What `reconcile migrate` adds where it is missing (docs/reference/contract.md, Columns)."""
