"""Which installation of the operator's GitHub App each owner's tokens belong to, as rows of `sync_meta`.

An App is installed once per owner, and a project's row names the credential it was last read with: so an
event of the App finds its projects by two numbers, whichever process receives it.
"""

from collections.abc import Mapping

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.report import is_app_pair_for
from reconciler.store.schema.database_identity import save_meta_value
from reconciler.store.schema.tables import meta, projects

INSTALLATION_PREFIX = "installation:"


async def read_installation(connection: AsyncConnection, credential: Fingerprint) -> int | None:
    """Return the installation that this credential's tokens belonged to; None if none is known."""
    query = select(meta.c.value).where(meta.c.key == INSTALLATION_PREFIX + credential)
    found = (await connection.execute(query)).scalar()
    return None if found is None else int(found)


async def save_installation(
    connection: AsyncConnection, credential: Fingerprint, installation_id: int
) -> None:
    """Store the installation that this credential's tokens belong to."""
    await save_meta_value(connection, INSTALLATION_PREFIX + credential, str(installation_id))


async def find_projects(
    connection: AsyncConnection, pairs: Mapping[ProjectId, str], installation_id: int, repository_id: int
) -> tuple[ProjectId, ...]:
    """Return the projects of these pairs that were last read from this repository by this installation.

    `pairs`: project id → owner/repo or owner/*. A row that was read before its pair was changed is left out.
    """
    key = literal(INSTALLATION_PREFIX).concat(projects.c.account_credential)
    query = (
        select(projects.c.project_id, projects.c.repository)
        .join(meta, meta.c.key == key)
        .where(projects.c.repository_id == repository_id, meta.c.value == str(installation_id))
        .order_by(projects.c.project_id)
    )
    return tuple(
        ProjectId(row.project_id)
        for row in await connection.execute(query)
        if row.project_id in pairs and is_app_pair_for(pairs[row.project_id], row.repository or "")
    )
