"""Which rights of a database role are needed by what a program asked, and which are not.

In: the statements of a role, recorded while it worked. Out: every right of the role that could have been left
out. A right is needed where one of the statements is refused without it; PostgreSQL checks that when it
prepares to execute, so most of them are only explained.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor, sql

GRANTS_OF_ROLE = """
    WITH me AS (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
    SELECT 'TABLE' AS kind, c.oid::regclass::text AS name, NULL AS column_name, a.privilege_type AS privilege
    FROM pg_class AS c, aclexplode(c.relacl) AS a, me WHERE a.grantee = me.oid AND c.relkind <> 'S'
    UNION ALL
    SELECT 'SEQUENCE', c.oid::regclass::text, NULL, a.privilege_type
    FROM pg_class AS c, aclexplode(c.relacl) AS a, me WHERE a.grantee = me.oid AND c.relkind = 'S'
    UNION ALL
    SELECT 'TABLE', t.attrelid::regclass::text, quote_ident(t.attname), a.privilege_type
    FROM pg_attribute AS t, aclexplode(t.attacl) AS a, me WHERE a.grantee = me.oid
    UNION ALL
    SELECT 'FUNCTION', p.oid::regprocedure::text, NULL, a.privilege_type
    FROM pg_proc AS p, aclexplode(p.proacl) AS a, me WHERE a.grantee = me.oid
    UNION ALL
    SELECT 'SCHEMA', quote_ident(n.nspname), NULL, a.privilege_type
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a, me
    WHERE a.grantee = me.oid AND n.nspname <> 'public'
    ORDER BY 1, 2, 4, 3
"""
EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
NOT_EXPLAINED = ("procrastinate_", "nextval(")
"""What only an execution checks: the bodies of functions, the sequences behind columns."""

Statement = tuple[str, Any]


@contextmanager
def recorded(role: str) -> Iterator[dict[str, Any]]:
    """Every statement that psycopg executes as this role within the block, each with its first values."""
    statements: dict[str, Any] = {}
    execute = psycopg.AsyncCursor.execute

    async def recording(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if self.connection.info.user == role:
            text = query.decode() if isinstance(query, bytes) else query
            if not isinstance(text, str):
                text = text.as_string(self.connection)
            if text.lstrip().upper().startswith(EXPLAINED):
                statements.setdefault(text.strip(), params)
        return await execute(self, query, params, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", recording)
        yield statements


def droppable_rights(conninfo: str, role: str, statements: dict[str, Any]) -> list[str]:
    """The rights of the role that no statement needs."""
    with psycopg.connect(conninfo, cursor_factory=ClientCursor) as owner:
        grants = owner.execute(GRANTS_OF_ROLE, {"role": role}).fetchall()
        owner.rollback()
        return [
            f"{privilege}{f' ({column})' if column else ''} ON {kind} {name}"
            for kind, name, column, privilege in grants
            if not _is_needed(owner, role, (kind, name, column, privilege), statements)
        ]


def _is_needed(
    owner: psycopg.Connection[Any],
    role: str,
    grant: tuple[str, str, str | None, str],
    statements: dict[str, Any],
) -> bool:
    kind, name, column, privilege = grant
    word = (name.partition("(")[0] if kind != "SEQUENCE" else name.partition("_id_seq")[0]).rpartition(".")[2]
    of_queue = "procrastinate_" if word.startswith("procrastinate_") else word
    about = [(text, params) for text, params in statements.items() if word in text or of_queue in text]
    about.sort(key=lambda each: (not _starts_as(each[0], privilege), (column or "") not in each[0]))
    try:
        owner.execute(
            f"REVOKE {privilege} {f'({column})' if column else ''} ON {kind} {name} FROM {role}".encode()
        )
        owner.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        return any(_is_refused(owner, text, params) for text, params in about)
    finally:
        owner.rollback()


def _starts_as(text: str, privilege: str) -> bool:
    return text.lstrip().upper().startswith(privilege)


def _is_refused(owner: psycopg.Connection[Any], text: str, params: Any) -> bool:
    executed = any(sign in text for sign in NOT_EXPLAINED) or text.startswith("INSERT")
    try:
        with owner.transaction(force_rollback=True):
            owner.execute((text if executed else f"EXPLAIN {text}").encode(), params)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except psycopg.Error:  # an old statement meets newer rows: it was admitted, which is what counts here
        return False
    return False
