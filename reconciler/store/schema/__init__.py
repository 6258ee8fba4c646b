"""The database itself: engines, our tables, migrations, which revision a database has.

In: an address. Out: connections, transactions and the schema. Imports nothing else of the store.
"""
