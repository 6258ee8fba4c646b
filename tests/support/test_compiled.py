"""Engines of one kind share what they compiled, from the first that met a server on."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import create_engine

from tests.support.compiled import Sharing


def test_what_one_engine_compiled_the_next_one_runs(tmp_path: Path) -> None:
    create, compiled, statement = Sharing(create_engine), [], sa.select(sa.literal("7").label("seven"))
    for name in ("never used", "one", "two", "three"):
        engine = create(f"sqlite:///{tmp_path}/{name}.db")
        if name != "never used":
            with engine.connect() as connection:
                assert connection.execute(statement).scalar() == "7"
            compiled.append(engine._compiled_cache)
        engine.dispose()
    assert compiled[0] is compiled[1] is compiled[2]


def test_an_asynchronous_engine_takes_over_nothing_from_a_blocking_one(postgres_database: str) -> None:
    create = Sharing(create_engine)
    blocking = create(postgres_database)
    with blocking.connect():
        pass
    blocking.dispose()
    assert create(postgres_database).dialect is blocking.dialect
    asynchronous = create(sa.make_url(postgres_database).set(drivername="postgresql+psycopg_async"))
    assert asynchronous.dialect.is_async
    assert asynchronous.pool._dialect is asynchronous.dialect
