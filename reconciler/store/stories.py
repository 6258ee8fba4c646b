"""What people ask and mend about single reports: `ports.Stories`."""

from datetime import datetime

from sqlalchemy import Text, cast, select, update

from reconciler.errors import FenceLostError
from reconciler.model.dossier import Dossier
from reconciler.model.fields import Field, Side
from reconciler.model.ids import EntryId, ReportId
from reconciler.model.intent import IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import Link
from reconciler.model.snapshot import Change
from reconciler.store import story
from reconciler.store.connection import AsyncConnection
from reconciler.store.customers import Customers
from reconciler.store.engine import Database
from reconciler.store.ledger import StoredLedger
from reconciler.store.questions import REPORT_COLUMNS, entries, links, local_comments, reports
from reconciler.store.questions import comments as theirs
from reconciler.store.records import link_row, to_comment, to_entry, to_intent, to_report
from reconciler.store.tables import intents, withheld


class StoredStories:
    """Stories in the database."""

    def __init__(self, database: Database, ledger: StoredLedger, customers: Customers) -> None:
        self._database = database
        self._ledger = ledger
        self._customers = customers

    async def dossier(self, report_id: ReportId, lines: int) -> Dossier | None:
        """One consistent look. Raises ValueError for a value this program does not know."""
        link = await self._ledger.link_of(report_id)
        async with self._database.read() as connection:
            query = select(*REPORT_COLUMNS).where(reports.c.id == report_id)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            said = await connection.execute(local_comments().where(theirs.c.report_id == report_id))
            known = select(entries).where(entries.c.link_id == (link.id if link else None))
            known_rows = await connection.execute(known.order_by(entries.c.remote_updated_at, entries.c.id))
            wishes = select(intents).where(intents.c.report_id == report_id)
            open_rows = await connection.execute(wishes.order_by(intents.c.created_at, intents.c.id))
            mine = (withheld.c.project_id == row["project_id"], withheld.c.report_id == report_id)
            held = await connection.execute(select(withheld.c.entry_id, withheld.c.kind).where(*mine))
            return Dossier(
                report=to_report(row),
                link=link,
                comments=tuple(to_comment(each) for each in said.mappings()),
                entries=tuple(to_entry(each) for each in known_rows.mappings()),
                intents=tuple(to_intent(each) for each in open_rows.mappings()),
                story=await story.read(connection, report_id, lines),
                withheld={EntryId(entry): Kind(kind) for entry, kind in held},
            )

    async def conflict(self, report_id: ReportId, field: Field) -> Change | None:
        async with self._database.read() as connection:
            return await story.last(connection, report_id, field.value, Kind.CONFLICT)

    async def bring_back(self, link: Link, change: Change, at: datetime) -> bool:
        assert change.field is not None
        column = reports.c[Field(change.field).value]
        same = (reports.c.id == change.report_id, cast(column, Text) == change.local)
        value = change.to if change.field == Field.TITLE else cast(change.to, column.type)
        async with self._database.write() as connection:
            done = await connection.execute(
                update(reports).where(*same).values({column: value, "updated_at": at})
            )
            if done.rowcount == 0:
                return False
            await _store(connection, link)
            await story.tell(connection, link.project_id, at, [change])
            await self._customers.tell(connection, link.project_id, [change.report_id], at)
            return True

    async def keep(self, link: Link, change: Change, at: datetime) -> bool:
        assert change.field is not None
        column = reports.c[Field(change.field).value]
        same = (reports.c.id == change.report_id, cast(column, Text) == change.local)
        async with self._database.write() as connection:
            held = await connection.execute(select(reports.c.id).where(*same).with_for_update())
            if held.first() is None:
                return False
            await story.tell(connection, link.project_id, at, [change])
            return True

    async def release(self, link: Link | None, report_id: ReportId, told: str, at: datetime) -> int:
        resting = (intents.c.report_id == report_id, intents.c.state == IntentState.QUARANTINED)
        free = {"state": IntentState.PLANNED.value, "not_before": None, "reason": None}
        async with self._database.write() as connection:
            owner = (await connection.execute(select(intents.c.project_id).where(*resting))).scalar()
            done = await connection.execute(update(intents).where(*resting).values(free))
            if link is not None:
                await _store(connection, link)
            project = link.project_id if link is not None else owner
            if project is not None:
                await story.tell(connection, project, at, [_retried(link, report_id, told)])
            return done.rowcount


async def _store(connection: AsyncConnection, link: Link) -> None:
    same = (links.c.id == link.id, links.c.revision == link.revision)
    row = link_row(link, link.revision + 1)
    if (await connection.execute(update(links).where(*same).values(row))).rowcount == 0:
        raise FenceLostError(f"The link of {link.repository}#{link.number} was changed by somebody else.")


def _retried(link: Link | None, report_id: ReportId, told: str) -> Change:
    return Change(
        report_id=report_id,
        link_id=link.id if link else None,
        side=Side.GITHUB,
        kind=Kind.RETRY,
        field=None,
        base=None,
        local=None,
        remote=None,
        to=None,
        rule=told,
    )
