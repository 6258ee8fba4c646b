"""How a project is connected to GitHub, read for the set-up page."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ProjectId
from reconciler.model.report import Project
from reconciler.model.views import CredentialKind, ReceivedDelivery, SetupView
from reconciler.store.bugspark.encryption import FERNET_PREFIX
from reconciler.store.bugspark.integrations import (
    WEBHOOK_SECRET_FIELD,
    BadConfigError,
    active_github_rows,
    parse_config,
)
from reconciler.store.schema.tables import deliveries, hooks, projects
from reconciler.store.sync.history_log import read_last_confirmed_write_at


async def read_setup(connection: AsyncConnection, project: Project, limit: int, now: datetime) -> SetupView:
    """Read how the project is connected, with at most `limit` deliveries, the newest."""
    config = await _read_config_texts(connection, project.id)
    state_query = select(projects.c.private, projects.c.account_login).where(
        projects.c.project_id == project.id
    )
    state = (await connection.execute(state_query)).first()
    hook_query = select(hooks.c.hook_id, hooks.c.previous_until).where(hooks.c.project_id == project.id)
    hook = (await connection.execute(hook_query)).first()
    return SetupView(
        project=project,
        credential=_credential_kind(project, config.get("token")),
        private=state.private if state else None,
        account=state.account_login if state else None,
        wrote_at=await read_last_confirmed_write_at(connection, project.id),
        has_secret=bool(config.get(WEBHOOK_SECRET_FIELD)),
        previous_until=_none_if_past(hook.previous_until if hook else None, now),
        hook_id=hook.hook_id if hook else None,
        deliveries=await _read_recent_deliveries(connection, project.id, limit),
    )


async def _read_config_texts(connection: AsyncConnection, project_id: ProjectId) -> dict[str, str]:
    """Read the texts in the config of the one active github row, as stored; none where there are several rows
    or it is malformed.
    """
    rows = active_github_rows.c
    query = select(rows.config).where(rows.project_id == project_id)
    configs = (await connection.execute(query)).scalars().all()
    try:
        found = parse_config(configs[0]) if len(configs) == 1 else {}
    except BadConfigError:  # `Project.problem` says it
        return {}
    return {name: value.strip() for name, value in found.items() if isinstance(value, str)}


def _credential_kind(project: Project, stored: str | None) -> CredentialKind | None:
    if project.integration is None:
        return None
    if project.integration.token is None:
        return CredentialKind.APP
    return CredentialKind.SEALED if (stored or "").startswith(FERNET_PREFIX) else CredentialKind.PLAIN


def _none_if_past(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and until > now else None


async def _read_recent_deliveries(
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
