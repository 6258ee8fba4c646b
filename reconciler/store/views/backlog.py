"""Since when each project has had writes that GitHub has not confirmed: for status and numbers alike."""

from datetime import datetime

from sqlalchemy import func, select

from reconciler.model.ids import ProjectId
from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.tables import intents


async def oldest_open_intents(
    connection: AsyncConnection, only: ProjectId | None = None
) -> dict[ProjectId, datetime]:
    """When the oldest of them was wished for. `only`: of this project."""
    query = select(intents.c.project_id, func.min(intents.c.created_at)).group_by(intents.c.project_id)
    rows = await connection.execute(query if only is None else query.where(intents.c.project_id == only))
    return {ProjectId(id_): at for id_, at in rows}
