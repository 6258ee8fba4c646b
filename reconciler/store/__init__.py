"""The adapter of the database: BugSpark's tables, and our own with what both sides last agreed on.

In: a database URL, values of the model. Out: implementations of the Protocols in `ports`, errors of `errors`.
May import: model, fields, ports, errors, logs, metrics. Nobody else imports SQLAlchemy, psycopg or Alembic.
"""
