"""Mails to owners about trouble that lasts, by BugSpark's own queue: `ports.OwnerMails`.

On PostgreSQL a function of the tables' owner writes the task: this program's role neither reads addresses nor
inserts tasks (store/schema/definer_functions.py). On SQLite, which has no rights, the same is done here.

Source: docs/reference/bugspark.md, Tables; docs/reference/contract.md, Configuration, [owners].
"""

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, insert, select, text, update
from sqlalchemy import inspect as inspector
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.logs import EventLogger
from reconciler.model.alerts import NO_MAIL_STATE, MailState
from reconciler.model.ids import ProjectId
from reconciler.store.bugspark.bugspark_tables import background_tasks, users
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.schema.definer_functions import (
    BODIES,
    CONTROLS,
    LAST_LINE,
    MAIL_OWNER,
    MAX_ATTEMPTS,
    MAX_NAME_LENGTH,
    SUBJECTS,
    WAIT,
    mail_kind,
)
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import projects
from reconciler.store.types import encode_json

TASK_TYPE = "send_email"
REFUSED_BETA_STATUSES = ("pending", "rejected")
MAIL_OWNER_SQL = text("SELECT bugspark_sync.mail_owner(CAST(:project AS uuid), :kind)")
MAY_MAIL_SQL = text(
    "SELECT EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure(:signature)"
    " AND has_schema_privilege(pronamespace, 'USAGE') AND has_function_privilege(oid, 'EXECUTE'))"
)

log = EventLogger(__name__)


class StoredOwnerMails:
    """The mails of one database."""

    def __init__(self, database: Database, new_id: Callable[[], UUID] = uuid4) -> None:
        self._database = database
        self._new_id = new_id
        self._is_problem_known = False

    async def save(self, project_id: ProjectId, state: MailState, mail: str | None, at: datetime) -> bool:
        async with self._database.write() as connection:
            if mail is not None and not await self._may_mail(connection):
                return False
            if mail is not None:
                await self._enqueue(connection, project_id, mail, at)
            stored = encode_json(state) if state != NO_MAIL_STATE else None
            mine = projects.c.project_id == project_id
            await connection.execute(update(projects).where(mine).values(mail=stored))
        return True

    async def find_problem(self) -> str | None:
        async with self._database.read() as connection:
            return await _find_problem(connection)

    async def _may_mail(self, connection: AsyncConnection) -> bool:
        problem = await _find_problem(connection)
        if problem is not None and not self._is_problem_known:
            log.warning("owners get no mail", reason=problem)
        self._is_problem_known = problem is not None
        return problem is None

    async def _enqueue(
        self, connection: AsyncConnection, project_id: ProjectId, mail: str, at: datetime
    ) -> None:
        kind = mail_kind(mail)
        if connection.dialect.name == "postgresql":
            await connection.execute(MAIL_OWNER_SQL, {"project": str(project_id), "kind": kind})
            return
        query = (
            select(users.c.email, bugspark_projects.c.name)
            .join(bugspark_projects, bugspark_projects.c.owner_id == users.c.id)
            .where(
                bugspark_projects.c.id == project_id,
                users.c.is_active,
                users.c.beta_status.not_in(REFUSED_BETA_STATUSES),
            )
        )
        owner = (await connection.execute(query)).first()
        if owner is None:
            return
        payload = _payload(owner.email, owner.name, project_id, kind)
        if not await _was_enqueued_lately(connection, background_tasks, payload, project_id, at):
            await connection.execute(insert(background_tasks).values(self._task(payload, at)))

    def _task(self, payload: dict[str, str], at: datetime) -> dict[str, Any]:
        return {
            "id": self._new_id(),
            "task_type": TASK_TYPE,
            "payload": payload,
            "status": "pending",
            "attempts": 0,
            "max_attempts": MAX_ATTEMPTS,
            "created_at": at,
            "updated_at": at,
        }


def _payload(address: str, name: str, project_id: ProjectId, kind: str) -> dict[str, str]:
    shown = CONTROLS.sub(" ", name)[:MAX_NAME_LENGTH]
    html = BODIES[kind].replace("{name}", escape(shown)).replace("{project}", str(project_id))
    return {"to": address, "subject": SUBJECTS[kind].replace("{name}", shown), "html": html}


async def _was_enqueued_lately(
    connection: AsyncConnection, tasks: Table, payload: dict[str, str], project_id: ProjectId, at: datetime
) -> bool:
    query = select(tasks.c.payload).where(tasks.c.task_type == TASK_TYPE, tasks.c.created_at > at - WAIT)
    earlier = (await connection.execute(query)).scalars().all()
    same, last_line = ("to", "subject"), LAST_LINE.replace("{project}", str(project_id))
    return any(
        all(each.get(name) == payload[name] for name in same)
        and str(each.get("html", "")).endswith(last_line)
        for each in earlier
    )


async def _find_problem(connection: AsyncConnection) -> str | None:
    """Why no mail can be enqueued, in a sentence; None if it can."""
    present = set(await connection.run_sync(lambda sync: inspector(sync).get_table_names()))
    if background_tasks.name not in present:
        return f"this BugSpark has no table {background_tasks.name}"
    if connection.dialect.name != "postgresql":
        return None
    if (await connection.execute(MAY_MAIL_SQL, {"signature": MAIL_OWNER})).scalar():
        return None
    return (
        f"the database role lacks the right to use {MAIL_OWNER}: "
        "run `reconcile migrate`, then what `reconcile migrate --role-sql` prints"
    )
