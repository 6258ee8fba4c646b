"""The functions of the schema `bugspark_sync`: what the program may do with more rights than its role has.

They belong to the owner of BugSpark's tables and run with its rights (SECURITY DEFINER): the program's role
can neither change an integration nor insert a task of BugSpark's in any other way. `reconcile migrate` makes
them on PostgreSQL, again at each run, for nobody but their owner; docs/least-privilege-role.sql lets the
program's role use them.

Sources: docs/decisions/0074-functions-of-the-owner.md, docs/decisions/0095-mails-to-owners.md.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection

from reconciler.model.alerts import OVER

SCHEMA = "bugspark_sync"
SET_WEBHOOK_SECRET = f"{SCHEMA}.set_webhook_secret(uuid, text, text)"
ENQUEUE_REPORT_UPDATED = f"{SCHEMA}.enqueue_report_updated(uuid[])"
ENQUEUE_WITH_ADDRESSES = f"{SCHEMA}.enqueue_report_updated(uuid[], jsonb)"
MAIL_OWNER = f"{SCHEMA}.mail_owner(uuid, text)"
SIGNATURES = (SET_WEBHOOK_SECRET, ENQUEUE_REPORT_UPDATED, ENQUEUE_WITH_ADDRESSES, MAIL_OWNER)
MAX_SECRET_LENGTH = 1000
MAX_REPORTS_PER_CALL = 50
MAX_WEBHOOKS = 100  # of a project, the oldest
MAX_JSON_LEVELS = 64
MAX_JSON_BYTES = 1024 * 1024  # of each JSON column in a payload; a larger or deeper one is null
MAX_ATTEMPTS = 3
MAX_ADDRESS_LENGTH = 4000  # of a screenshot, presigned

MAKE_SETTER = """
CREATE OR REPLACE FUNCTION bugspark_sync.set_webhook_secret(integration uuid, expected text, secret text)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off
AS $function$
BEGIN
    IF integration IS NULL OR secret IS NULL OR secret !~ '^[!-~]+$'
       OR length(secret) > %(max_secret_length)s THEN
        RAISE EXCEPTION 'a webhook secret has 1 to %(max_secret_length)s visible ASCII characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE %(schema)s.integrations AS one
    SET config = jsonb_set(one.config, '{webhookSecret}', to_jsonb(secret))
    WHERE one.id = integration AND one.provider = 'github' AND one.is_active
      AND jsonb_typeof(one.config) = 'object'
      AND CASE WHEN jsonb_typeof(one.config -> 'webhookSecret') = 'string'
                AND one.config ->> 'webhookSecret' ~ '[^[:space:]]'
          THEN one.config ->> 'webhookSecret' END IS NOT DISTINCT FROM expected;
    RETURN FOUND;
END
$function$
"""
"""False where the row is no active github integration, or its secret is not the `expected` one any more
(null: none, as for one that is no text or blank)."""

MAKE_ENQUEUER = """
CREATE OR REPLACE FUNCTION bugspark_sync.enqueue_report_updated(changed uuid[], addresses jsonb)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off
AS $function$
DECLARE
    stored integer;
BEGIN
    IF changed IS NULL OR cardinality(changed) > %(max_reports)s THEN
        RAISE EXCEPTION 'at most %(max_reports)s reports at a time'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_typeof(addresses) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'addresses is an object: a key of the object store, and its address or null'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_each_text(addresses) AS one WHERE one.value IS NOT NULL AND NOT (
            length(one.value) <= %(max_address_length)s AND one.value ~ '^https?://[!-~]+$'
            AND right(split_part(one.value, '?', 1), length(one.key) + 1) = '/' || one.key)
    ) THEN
        RAISE EXCEPTION 'the path of an address ends with the key of the object store'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO %(schema)s.background_tasks
        (id, task_type, payload, status, attempts, max_attempts, created_at, updated_at)
    SELECT gen_random_uuid(), 'webhook_delivery',
        jsonb_build_object('webhook_id', hook.id::text, 'event', 'report.updated', 'data', report.data),
        'pending', 0, %(max_attempts)s, now(), now()
    FROM (
        SELECT one.id, one.project_id, jsonb_build_object(%(members)s) AS data
        FROM %(schema)s.reports AS one WHERE one.id = ANY (changed)
    ) AS report
    CROSS JOIN LATERAL (
        SELECT one.id, one.created_at FROM %(schema)s.webhooks AS one
        WHERE one.project_id = report.project_id AND one.is_active AND 'report.updated' = ANY (one.events)
        ORDER BY one.created_at, one.id LIMIT %(max_webhooks)s
    ) AS hook
    ORDER BY report.id, hook.created_at, hook.id;
    GET DIAGNOSTICS stored = ROW_COUNT;
    RETURN stored;
END
$function$
"""
"""How many tasks were stored. The payload is built here: a caller can't have anything else delivered, except
the addresses of objects whose keys are stored in these reports."""

MAKE_ENQUEUER_OF_KEYS = """
CREATE OR REPLACE FUNCTION bugspark_sync.enqueue_report_updated(changed uuid[])
RETURNS integer LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off
AS $function$ SELECT bugspark_sync.enqueue_report_updated(changed, '{}'::jsonb) $function$
"""
"""The same, with each screenshot as its column has it: without a configured object store, and for daemons of
an earlier version that still run while `migrate` does."""

TEXT_MEMBERS = ("id", "project_id", "assignee_id", "severity", "category", "status")
TIME_MEMBERS = ("created_at", "updated_at")
JSON_MEMBERS = ("console_logs", "network_logs", "user_actions", "metadata")
SCREENSHOT_MEMBERS = ("screenshot_url", "annotated_screenshot_url")
OTHER_MEMBERS = ("tracking_id", "title", "description", "reporter_identifier", "console_logs_included")
PAYLOAD_MEMBERS = (*TEXT_MEMBERS, *OTHER_MEMBERS, *SCREENSHOT_MEMBERS, *JSON_MEMBERS, *TIME_MEMBERS)
"""What BugSpark knows of a report; not the columns that this program added."""
TIME_SQL = (
    "replace(to_char(one.{0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || 'Z'"
)
SCREENSHOT_SQL = (
    "CASE WHEN one.{0} !~ '^https?://' AND addresses ? one.{0} THEN addresses ->> one.{0} ELSE one.{0} END"
)

TOO_DEEP = f"""'strict $.**{{{{{MAX_JSON_LEVELS}}}}} ? (@.type() == "array" || @.type() == "object")'"""
JSON_SQL = (
    f"CASE WHEN pg_column_size(one.{{0}}) <= {MAX_JSON_BYTES}"
    f" AND octet_length(one.{{0}}::text) <= {MAX_JSON_BYTES}"
    f" AND NOT jsonb_path_exists(one.{{0}}, {TOO_DEEP}) THEN one.{{0}} END"
)

OTHER = "other"
REASONS: Mapping[str, str] = {
    "failing": "Nothing is synced: the passes fail.",
    "withheld": "Deletions wait until somebody accepts them.",
    "public": "The repository has become public. Texts are held back until somebody accepts that.",
    "renamed_label": "A label has another name on GitHub than in the settings.",
    "token_expiry": "The token for GitHub expires soon.",
    "api_version": "The version of GitHub's interface that is used ends soon.",
    "webhook_silent": "GitHub's deliveries no longer arrive. Changes are found later, by polling.",
    "misnamed": "A report names an issue that is not one of this repository.",
    "frozen": "A field of a report is no longer synced, because it was changed back again and again.",
    "refused": "GitHub refuses something that is to be written.",
    "resting": "A report can't be synced.",
    OTHER: "A report needs somebody to decide.",
}
"""By the word of a problem (docs/operating.md, Alerts). Another word is told as `other`."""

LAST_LINE = "<p>Project {project}</p>"
"""The end of each mail. It tells the project's mails from those of another one with the same name."""
SUBJECT = "{name}: the sync with GitHub needs attention"
SUBJECT_OVER = "{name}: the sync with GitHub works again"
BODY = (
    "<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for "
    "an hour.</p><p>%s</p><p>The page of the project shows what can be done. Such a mail comes once a day at "
    "most, and one more when it is over. The settings of the project switch it off (mail).</p>"
    f"{LAST_LINE}"
)
BODY_OVER = (
    "<p>What needed attention in the sync of the project <strong>{name}</strong> between BugSpark and GitHub "
    f"is over.</p>{LAST_LINE}"
)
SUBJECTS: Mapping[str, str] = {**dict.fromkeys(REASONS, SUBJECT), OVER: SUBJECT_OVER}
BODIES: Mapping[str, str] = {
    **{kind: BODY % reason.replace("'", "’") for kind, reason in REASONS.items()},
    OVER: BODY_OVER,
}
WAIT = timedelta(hours=23)
"""A second mail about a project with the same subject to the same address waits so long, for every caller."""
MAX_NAME_LENGTH = 100
CONTROLS = re.compile(r"[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS_SQL = r"[\u0001-\u001f\u007f-\u009f\u2028\u2029]+"

MAKE_MAILER = """
CREATE OR REPLACE FUNCTION bugspark_sync.mail_owner(project uuid, kind text)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off
AS $function$
#variable_conflict use_variable
DECLARE
    address text;
    shown text;
    title text := CASE kind %(subjects)s END;
    body text := CASE kind %(bodies)s END;
    last_line text := replace('%(last_line)s', '{project}', project::text);
BEGIN
    IF title IS NULL THEN
        RAISE EXCEPTION 'this is no kind of problem' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT one.email, left(regexp_replace(mine.name, '%(controls)s', ' ', 'g'), %(max_name_length)s)
    INTO address, shown
    FROM %(schema)s.projects AS mine JOIN %(schema)s.users AS one ON one.id = mine.owner_id
    WHERE mine.id = project AND one.is_active AND one.beta_status NOT IN ('pending', 'rejected');
    IF address IS NULL THEN
        RETURN false;
    END IF;
    title := replace(title, '{name}', shown);
    shown := replace(replace(replace(replace(replace(
        shown, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#x27;');
    INSERT INTO %(schema)s.background_tasks
        (id, task_type, payload, status, attempts, max_attempts, created_at, updated_at)
    SELECT gen_random_uuid(), 'send_email', jsonb_build_object('to', address, 'subject', title,
        'html', replace(replace(body, '{name}', shown), '{project}', project::text)),
        'pending', 0, %(max_attempts)s, now(), now()
    WHERE NOT EXISTS (
        SELECT FROM %(schema)s.background_tasks AS earlier
        WHERE earlier.task_type = 'send_email' AND earlier.payload ->> 'to' = address
          AND earlier.payload ->> 'subject' = title
          AND right(earlier.payload ->> 'html', length(last_line)) = last_line
          AND earlier.created_at > now() - interval '%(wait_seconds)s seconds');
    RETURN FOUND;
END
$function$
"""
"""Whether a mail was stored: not without an active owner, nor soon after another one."""

FIND_BUGSPARK_SQL = text("""
    SELECT quote_ident(nspname) AS schema, quote_ident(rolname) AS owner, rolname = current_user AS is_mine
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_roles ON pg_roles.oid = relowner
    WHERE pg_class.oid = 'integrations'::regclass
""")


def make_functions(connection: Connection) -> None:
    """Make or replace the functions, owned by the owner of BugSpark's tables (PostgreSQL only)."""
    found = connection.execute(FIND_BUGSPARK_SQL).one()
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    members = [
        *(f"'{name}', one.{name}::text" for name in TEXT_MEMBERS),
        *(f"'{name}', one.{name}" for name in OTHER_MEMBERS),
        *(f"'{name}', {SCREENSHOT_SQL.format(name)}" for name in SCREENSHOT_MEMBERS),
        *(f"'{name}', {JSON_SQL.format(name)}" for name in JSON_MEMBERS),
        *(f"'{name}', {TIME_SQL.format(name)}" for name in TIME_MEMBERS),
    ]
    values = {
        "schema": found.schema,
        "max_secret_length": MAX_SECRET_LENGTH,
        "max_webhooks": MAX_WEBHOOKS,
        "max_reports": MAX_REPORTS_PER_CALL,
        "max_attempts": MAX_ATTEMPTS,
        "max_address_length": MAX_ADDRESS_LENGTH,
        "members": ", ".join(members),
        **mailer_values(),
    }
    for statement in (MAKE_SETTER, MAKE_ENQUEUER, MAKE_ENQUEUER_OF_KEYS, MAKE_MAILER):
        connection.exec_driver_sql(statement % values, execution_options={"no_parameters": True})
    if not found.is_mine:
        connection.exec_driver_sql(f"ALTER SCHEMA {SCHEMA} OWNER TO {found.owner}")
        for signature in SIGNATURES:
            connection.exec_driver_sql(f"ALTER FUNCTION {signature} OWNER TO {found.owner}")


def drop_functions(connection: Connection) -> None:
    """Remove the schema with what `make_functions` put into it, and nothing that others put there."""
    for signature in SIGNATURES:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {signature}")
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA}")


def mail_kind(what: str) -> str:
    """Return the kind of the mail about a problem of this word."""
    return what if what in BODIES else OTHER


def mailer_values() -> Mapping[str, object]:
    """Return what is filled into MAKE_MAILER besides the schema."""
    return {
        "subjects": _cases(SUBJECTS),
        "bodies": _cases(BODIES),
        "last_line": LAST_LINE,
        "controls": CONTROLS_SQL,
        "max_name_length": MAX_NAME_LENGTH,
        "wait_seconds": int(WAIT.total_seconds()),
    }


def _cases(texts: Mapping[str, str]) -> str:
    return " ".join(f"WHEN '{kind}' THEN '{text}'" for kind, text in texts.items())
