"""BugSpark's own tables: what is read of them, what is written there, and deliveries to its webhooks.

In: ids and values of `model`. Out: reports, integrations, projects, tasks for BugSpark's worker.
`ADDED_COLUMNS` and `metadata` stand here because migration 0001, which is never edited, imports them.
"""

from reconciler.store.bugspark.bugspark_tables import ADDED_COLUMNS, metadata

__all__ = ["ADDED_COLUMNS", "metadata"]
