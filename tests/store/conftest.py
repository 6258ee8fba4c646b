"""The store's fixtures."""

from tests.support.stores import bugspark, clock, database, sqlite_template, store_url, stores

__all__ = ["bugspark", "clock", "database", "sqlite_template", "store_url", "stores"]
