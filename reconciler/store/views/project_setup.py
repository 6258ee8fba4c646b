"""How a project is connected to GitHub, read for the set-up page: `ports.Setups`."""

from datetime import datetime

from sqlalchemy import Text, cast, select

from reconciler.model.ids import ProjectId
from reconciler.model.report import Project
from reconciler.model.views import CredentialKind, ReceivedDelivery, SetupView
from reconciler.ports import Clock
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.bugspark.encryption import FERNET_PREFIX
from reconciler.store.bugspark.integrations import SECRET_FIELD, BadConfigError, parse_config
from reconciler.store.bugspark.projects import StoredProjects
from reconciler.store.connection import AsyncConnection
from reconciler.store.maintenance import StoredMaintenance
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import deliveries, hooks, projects

INTEGRATIONS = bugspark_tables.integrations


class StoredSetups:
    """Setups out of the database."""

    def __init__(
        self, database: Database, known: StoredProjects, care: StoredMaintenance, clock: Clock
    ) -> None:
        self._database = database
        self._projects = known
        self._care = care
        self._clock = clock

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        project = await self._projects.find(str(project_id))
        wrote_at = await self._care.last_confirmed_write_at(project_id)
        about = (projects.c.private, projects.c.account_login)
        async with self._database.read() as connection:
            kept = await _config_texts(connection, project_id)
            known = select(*about).where(projects.c.project_id == project_id)
            row = (await connection.execute(known)).first()
            theirs = select(hooks.c.hook_id, hooks.c.previous_until).where(hooks.c.project_id == project_id)
            hook = (await connection.execute(theirs)).first()
            came = await _recent_deliveries(connection, project_id, deliveries)
        return SetupView(
            project=project,
            credential=_credential_kind(project, kept.get("token")),
            private=row.private if row else None,
            account=row.account_login if row else None,
            wrote_at=wrote_at,
            has_secret=bool(kept.get(SECRET_FIELD)),
            previous_until=_if_future(hook.previous_until if hook else None, self._clock.now()),
            hook_id=hook.hook_id if hook else None,
            deliveries=came,
        )


async def _config_texts(connection: AsyncConnection, project_id: ProjectId) -> dict[str, str]:
    """Texts of the one active github row, as stored; nothing where it is not one, or malformed."""
    query = select(cast(INTEGRATIONS.c.config, Text)).where(
        INTEGRATIONS.c.project_id == project_id, INTEGRATIONS.c.provider == "github", INTEGRATIONS.c.is_active
    )
    configs = (await connection.execute(query)).scalars().all()
    try:
        found = parse_config(configs[0]) if len(configs) == 1 else {}
    except BadConfigError:  # the project's own problem says it
        return {}
    return {name: value.strip() for name, value in found.items() if isinstance(value, str)}


def _credential_kind(project: Project, stored: str | None) -> CredentialKind | None:
    if project.integration is None:
        return None
    if project.integration.token is None:
        return CredentialKind.APP
    return CredentialKind.SEALED if (stored or "").startswith(FERNET_PREFIX) else CredentialKind.PLAIN


def _if_future(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and until > now else None


async def _recent_deliveries(
    connection: AsyncConnection, project_id: ProjectId, limit: int
) -> tuple[ReceivedDelivery, ...]:
    newest = (
        select(deliveries)
        .where(deliveries.c.project_id == project_id)
        .order_by(deliveries.c.at.desc(), deliveries.c.id.desc())
        .limit(limit)
    )
    return tuple(
        ReceivedDelivery(
            id=row["id"],
            event=row["event"],
            action=row["action"],
            number=row["number"],
            at=row["at"],
            read_at=row["read_at"],
        )
        for row in (await connection.execute(newest)).mappings()
    )
