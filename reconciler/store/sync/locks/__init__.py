"""The lock on a project: by the session of a PostgreSQL connection, or by a row of SQLite."""
