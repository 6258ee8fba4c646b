"""Alembic's entry: reconciler.store.schema.migrate hands over a connection, its transaction and its locks."""

from alembic import context
from sqlalchemy.engine import Connection

from reconciler.store.schema.tables import metadata
from reconciler.store.schema.version import VERSION_TABLE, include_object


def run() -> None:
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        include_object=include_object,
        transactional_ddl=True,  # SQLite can: our transaction begins with BEGIN IMMEDIATE
    )
    with context.begin_transaction():
        context.run_migrations()


run()
