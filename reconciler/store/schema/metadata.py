"""What our tables share: their MetaData, and the conditions of partial indexes.

SQLite uses a partial index only where a query repeats its condition word for word: queries take these texts,
too.
"""

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

POSTGRESQL_ONLY_INDEX = "ix_sync_links_report_id"
SQLITE_ONLY_INDEX = "ix_sync_links_compared"
LIVE_LINK_SQL = "state IN ('new', 'active')"
QUARANTINED_LINK_SQL = "quarantined_until IS NOT NULL"
FROZEN_LINK_SQL = "frozen IS NOT NULL"
HELD_LINK_SQL = "held_by IS NOT NULL"
CONFLICT_CHANGE_SQL = "kind = 'conflict'"
COPIED_COMMENT_SQL = "state IN ('live', 'pending') AND local_id IS NOT NULL"
UNREAD_DELIVERY_SQL = "read_at IS NULL AND number IS NOT NULL"


def partial_index_info(where: str) -> dict[str, str]:
    """Which rows an index holds, as a note on it: the migrations make it so, and a test holds both to it.

    The dialects' own keywords would import both dialects, a twentieth of a short command's time.
    """
    return {"only": where}
