"""The fencing epochs of project locks (docs/decisions/0076-proved-and-fenced-locks.md)."""

from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import ProjectLockLostError
from reconciler.model.ids import ProjectId
from reconciler.store.bulk import build_insert
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import projects
from reconciler.store.types import column_types

LOCK_LOST_MESSAGE = "The lock on project {} was lost: nothing more is written."
NEW_PROJECT_TYPES = column_types(projects, "project_id", "paused", "lock_epoch")

SELECT_EPOCH = select(projects.c.lock_epoch).where(projects.c.project_id == bindparam("project"))
SELECT_OWN_EPOCH = SELECT_EPOCH.where(projects.c.lock_holder == bindparam("own"))
LOCK_EPOCH = SELECT_EPOCH.with_for_update(read=True)


class ProjectFences:
    """The epochs of the locks that this process holds, in the rows of their projects.

    A lock can be lost unnoticed: broken by an administrator, or by a failover of the database. Another
    process that takes it then raises the epoch, and what the earlier holder still wants to store or claim is
    refused.
    """

    def __init__(self, database: Database, holder: UUID) -> None:
        self._database = database
        self._holder = holder
        self._epochs: dict[ProjectId, int] = {}

    @property
    def own_holder_id(self) -> UUID:
        """Return the name of this process in the rows of projects."""
        return self._holder

    async def read_epoch(self, project_id: ProjectId) -> int | None:
        """Read the epoch in the project's row; None if the row names another holder, or none."""
        mine = {"project": project_id, "own": self._holder}
        async with self._database.read() as connection:
            epoch: int | None = (await connection.execute(SELECT_OWN_EPOCH, mine)).scalar()
            return epoch

    async def record_holder(self, project_id: ProjectId, epoch: int | None) -> None:
        """Name this holder in the project's row.

        `epoch`: that of the row, if it names this holder and no other has taken the lock over; then nothing
        is written. One that was read a moment too early is refused by `require_epoch`.
        """
        self._epochs[project_id] = await self._increment_epoch(project_id) if epoch is None else epoch

    async def _increment_epoch(self, project_id: ProjectId) -> int:
        raised = func.coalesce(projects.c.lock_epoch, 0) + 1
        values = {"lock_holder": self._holder, "lock_epoch": raised}
        mine = projects.c.project_id == project_id
        async with self._database.write() as connection:
            row = {"project_id": project_id, "paused": False, "lock_epoch": 0}
            new = build_insert(connection, projects, NEW_PROJECT_TYPES, [tuple(row.values())])
            await connection.execute(new.on_conflict_do_nothing())
            done = update(projects).where(mine).values(values).returning(projects.c.lock_epoch)
            return int((await connection.execute(done)).scalar_one())

    def forget_epoch(self, project_id: ProjectId) -> None:
        """Forget the epoch: the lock is released."""
        self._epochs.pop(project_id, None)

    async def require_epoch(self, connection: AsyncConnection, project_id: ProjectId) -> None:
        """Keep other holders out until the connection's transaction ends.

        Raises ProjectLockLostError when another one took the lock since this process did. Without a lock of
        this process nothing is required: a command that takes none, or a test.
        """
        epoch = self._epochs.get(project_id)
        if epoch is None:
            return
        if (await connection.execute(LOCK_EPOCH, {"project": project_id})).scalar() != epoch:
            raise ProjectLockLostError(LOCK_LOST_MESSAGE.format(project_id))
