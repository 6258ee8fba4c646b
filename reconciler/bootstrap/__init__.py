"""The composition root: the only package that imports all others. It connects them and has no rules.

In: Settings. Out: an Application; its methods are the commands.
May import: everything but cli and demo.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.bootstrap.application import Application, open_application
from reconciler.config.settings import Settings

__all__ = [
    "Application",
    "build_settings_schema",
    "create_scan_indexes",
    "migrate_schema",
    "open_application",
]


def build_settings_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a project's own settings."""
    from reconciler.owner_settings.schema import settings_schema  # imported here as in `migrate_schema`

    return settings_schema()


def create_scan_indexes(settings: Settings) -> str:
    """Create indexes for the incremental scan on BugSpark's tables, and return a sentence about it."""
    from reconciler.store.schema import scan_indexes  # imported here as in `migrate_schema`

    return "; ".join(scan_indexes.create_scan_indexes(settings.database.url.reveal()))


def migrate_schema(settings: Settings) -> str:
    """Bring the schema up to date, and return a sentence about what was done."""
    from reconciler.store.schema import (
        migrate as schema,  # imported here because no other command needs Alembic
    )

    done = schema.migrate(settings.database.url.reveal())
    if done.before == done.after:
        parts = [f"the schema is up to date already ({done.after})"]
    else:
        parts = [f"the schema is at {done.after} now"]
    if done.made_tables:
        parts.append("the database was empty, so BugSpark's tables were made too")
    if done.added_columns:
        parts.append(f"columns added: {', '.join(done.added_columns)}")
    if done.revoked_from:
        parts.append(
            f"rights on this program's tables and functions were taken from {', '.join(done.revoked_from)}"
        )
    return "; ".join(parts)
