"""Who else may use what is ours on PostgreSQL: `reconcile check` names them, `reconcile migrate` revokes.

Ours are the tables, sequences, views and functions named `sync_*` or `procrastinate_*`, our version table,
and the schema `bugspark_sync` with its functions. Default privileges (Supabase's give the roles of its
public API every right on new tables of `public`) and PostgreSQL's own (everybody may execute a new function)
give rights on them that nobody asked for.
"""

from itertools import groupby

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.ports import OtherRoleAccess
from reconciler.store.schema.definer_functions import SCHEMA
from reconciler.store.schema.version import VERSION_TABLE

EVERYBODY = "PUBLIC"
API_ROLES = ("anon", "authenticated", "service_role")
"""Roles of Supabase's HTTP API: with its public key anybody may act as the first."""

OUR_OBJECTS = f"""
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid,
           c.oid::regclass::text AS name, c.relowner AS owner, c.relacl AS acl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner) AS usual
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND (c.relname ~ '^(sync|procrastinate)_' OR c.relname = '{VERSION_TABLE}')
      AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('sync_meta'))
    UNION ALL
    SELECT 'FUNCTION', p.oid, p.oid::regprocedure::text, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.prokind = 'f' AND (n.nspname = '{SCHEMA}' OR (p.proname ~ '^(sync|procrastinate)_'
      AND n.oid = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('sync_meta'))))
    UNION ALL
    SELECT 'SCHEMA', n.oid, quote_ident(n.nspname), n.nspowner, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace AS n WHERE n.nspname = '{SCHEMA}'
"""  # noqa: S608 - constants
FIND_GRANTS_SQL = text(f"""
    WITH ours AS ({OUR_OBJECTS})
    SELECT ours.kind, ours.name, NULL::text AS column_name, granted.grantee, granted.privilege_type,
           ours.owner
    FROM ours CROSS JOIN LATERAL aclexplode(coalesce(ours.acl, ours.usual)) AS granted
    UNION ALL
    SELECT ours.kind, ours.name, quote_ident(a.attname), granted.grantee, granted.privilege_type, ours.owner
    FROM ours JOIN pg_attribute AS a ON a.attrelid = ours.oid AND ours.kind = 'TABLE' AND a.attacl IS NOT NULL
    CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
""")  # noqa: S608 - constants
FIND_OTHER_ROLES_SQL = text(f"""
    WITH ours AS ({OUR_OBJECTS}),
    others AS (
        SELECT r.oid, r.rolname FROM pg_roles AS r
        WHERE NOT r.rolsuper AND r.rolname <> current_user AND r.rolname !~ '^pg_'
          AND NOT pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
    ),
    open_to_all AS (
        SELECT ours.oid, bool_or(granted.grantee = 0) AS is_open
        FROM ours CROSS JOIN LATERAL aclexplode(coalesce(ours.acl, ours.usual)) AS granted GROUP BY ours.oid
    )
    SELECT others.rolname AS role, ours.name FROM ours CROSS JOIN others
    WHERE NOT pg_has_role(others.oid, ours.owner, 'USAGE') AND CASE
        WHEN ours.kind = 'FUNCTION' THEN has_function_privilege(others.oid, ours.oid, 'EXECUTE')
        WHEN ours.kind = 'SCHEMA' THEN has_schema_privilege(others.oid, ours.oid, 'CREATE, USAGE')
        WHEN ours.kind = 'SEQUENCE' THEN has_sequence_privilege(others.oid, ours.oid, 'SELECT, USAGE, UPDATE')
        ELSE has_any_column_privilege(others.oid, ours.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
             OR has_table_privilege(others.oid, ours.oid, 'DELETE, TRUNCATE, TRIGGER')
    END
    UNION ALL
    SELECT '{EVERYBODY}', ours.name FROM ours JOIN open_to_all USING (oid)
    WHERE is_open
    ORDER BY 1, 2
""")  # noqa: S608 - constants
FIND_PROGRAM_ROLES_SQL = text(f"""
    SELECT granted.grantee FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS granted
    WHERE n.nspname = '{SCHEMA}' AND granted.privilege_type = 'USAGE' AND granted.grantee <> 0
      AND NOT EXISTS (SELECT FROM pg_roles WHERE oid = granted.grantee AND rolname = ANY (:api_roles))
""")  # noqa: S608 - constants
FIND_UNASKED_ROLES_SQL = text("""
    SELECT DISTINCT granted.grantee FROM pg_default_acl CROSS JOIN LATERAL aclexplode(defaclacl) AS granted
    UNION SELECT oid FROM pg_roles WHERE rolname = ANY (:api_roles)
""")


async def find_other_roles_with_access(connection: AsyncConnection) -> tuple[OtherRoleAccess, ...]:
    """Find the roles that may read or change our tables or execute our functions, by name.

    Not among them: the role of this connection, superusers, PostgreSQL's own roles and those that it lets
    read everything, the owner of the tables and who acts for it.
    """
    rows = (await connection.execute(FIND_OTHER_ROLES_SQL)).all()
    by_role = groupby(rows, key=lambda row: row.role)
    found = [OtherRoleAccess(role=role, names=[row.name for row in group]) for role, group in by_role]
    everybody = next((each for each in found if each.role == EVERYBODY), None)
    if everybody is None:
        return tuple(found)
    # What everybody may do is named once, not again for each role.
    own = [(each.role, [name for name in each.names if name not in everybody.names]) for each in found]
    rest = [OtherRoleAccess(role=role, names=names) for role, names in own if names]
    return (everybody, *rest)


def revoke_unasked_rights(connection: Connection) -> tuple[str, ...]:
    """Take from PUBLIC, and from roles that default privileges name, every right on what is ours.

    Returns the names of the roles that had one. The owner and the roles that may use the schema
    `bugspark_sync`, which are this program's, keep theirs; so does a role that somebody gave a right on
    purpose: `check` names it. A role of Supabase's HTTP API is never this program's, even if it may use that
    schema, as its guide to custom schemas has it.
    """
    grants = connection.execute(FIND_GRANTS_SQL).all()
    api_roles = {"api_roles": list(API_ROLES)}
    unasked = {0, *connection.execute(FIND_UNASKED_ROLES_SQL, api_roles).scalars()}
    unasked -= set(connection.execute(FIND_PROGRAM_ROLES_SQL, api_roles).scalars())
    taken = [each for each in grants if each.grantee in unasked and each.grantee != each.owner]
    names = _role_names(connection, {each.grantee for each in taken})
    for each in taken:
        column = f" ({each.column_name})" if each.column_name else ""
        connection.exec_driver_sql(
            f"REVOKE {each.privilege_type}{column} ON {each.kind} {each.name}"
            f" FROM {names[each.grantee]} CASCADE",
            execution_options={"no_parameters": True},
        )
    return tuple(sorted({names[each.grantee] for each in taken if each.grantee}))


def _role_names(connection: Connection, oids: set[int]) -> dict[int, str]:
    query = text("SELECT oid, quote_ident(rolname) FROM pg_roles WHERE oid = ANY (:oids)")
    found = connection.execute(query, {"oids": list(oids)})
    return {0: EVERYBODY, **{row.oid: row.quote_ident for row in found}}
