"""A SQLAlchemy address in libpq's own words, for connections outside the pool."""

from typing import Any

from sqlalchemy.engine import URL

from reconciler.store.schema.engine import APPLICATION_NAME, parse_url

SERVER_KEEPALIVE_OPTIONS = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""Both ends ask after each other: a lock must not outlive by two hours a machine that lost its power."""


def psycopg_arguments(url: URL | str, purpose: str) -> dict[str, Any]:
    """Keyword arguments of psycopg's `connect`. `purpose` is shown in pg_stat_activity."""
    address = parse_url(url) if isinstance(url, str) else url
    found: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": address.database,
        "connect_timeout": 10,
        "application_name": f"{APPLICATION_NAME} {purpose}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "options": SERVER_KEEPALIVE_OPTIONS,
        "prepare_threshold": None,
    } | dict(address.query)
    return {key: value for key, value in found.items() if value is not None or key == "prepare_threshold"}
