"""Statements are compiled once in a test process, as in a daemon that has run for a while.

Every test opens engines of its own, and an engine compiles for itself: a tenth of the suite's processor time.
Here an engine takes over dialect and cache of the first one of its kind that has met a server.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from reconciler.store.schema import engine as program

CACHED = 5_000
CreateEngine = Callable[..., sa.Engine]


class Sharing:
    """`create_engine`, with a cache for all engines of one dialect. The driver's name is the same for them
    apart: psycopg's blocking and its asynchronous dialect both say `psycopg`.
    """

    def __init__(self, create: CreateEngine) -> None:
        self._create = create
        self._first: dict[type[sa.Dialect], sa.Engine] = {}

    def __call__(self, url: str | URL, **options: Any) -> sa.Engine:
        made = self._create(url, **{"query_cache_size": CACHED, **options})
        kind = type(made.dialect)
        first = self._first.setdefault(kind, made)
        if first.dialect.server_version_info is None:  # it never met a server, so it knows too little
            self._first[kind] = made
        else:
            made.dialect = made.pool._dialect = first.dialect
            made._compiled_cache = first._compiled_cache
        return made


def share() -> None:
    """From now on, for the program and for the test's own engines."""
    if not isinstance(sa.create_engine, Sharing):
        shared = Sharing(sa.create_engine)
        for module in (program, sa):
            vars(module)["create_engine"] = shared
