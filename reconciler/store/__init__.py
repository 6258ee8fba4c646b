"""The doorway to the database: BugSpark's tables and our memory of what both sides agreed on.

In: a database URL, values of the model. Out: what `ports` promises of a store, errors of `errors`.
May import: model, ports, errors. Nobody else imports SQLAlchemy, psycopg or Alembic.
"""
