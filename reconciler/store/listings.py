"""Lists for the pages: `ports.Listings`."""

from collections.abc import Mapping

from sqlalchemy import select

from reconciler.model.ids import ProjectId
from reconciler.model.snapshot import Limits
from reconciler.ports import Clock
from reconciler.store import health
from reconciler.store.engine import Database
from reconciler.store.tables import projects


class StoredListings:
    """Lists out of the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def limits(self) -> Mapping[ProjectId, Limits]:
        query = select(projects.c.project_id, projects.c.account_credential)
        async with self._database.read() as connection:
            known = {each.credential: each for each in await health.limits(connection, self._clock.now())}
            rows = (await connection.execute(query)).all()
        return {ProjectId(id_): known[credential] for id_, credential in rows if credential in known}
