"""The function that mails a project's owner, and the texts of the mails.

It takes a project and a kind of problem only: it writes the text itself and picks the owner, so that nobody
who has taken over the program's role can mail anything else, or anybody else, or more than once a day.

Source: docs/decisions/0092-mails-to-owners.md.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from reconciler.model.owners.mail import OVER

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

SUBJECT = "{name}: the sync with GitHub needs attention"
SUBJECT_OVER = "{name}: the sync with GitHub works again"
BODY = (
    "<p>The sync of the project <strong>{name}</strong> between BugSpark and GitHub has needed attention for "
    "an hour.</p><p>%s</p><p>The page of the project shows what can be done. Such a mail comes once a day at "
    "most, and one more when it is over. The settings of the project switch it off (mail).</p>"
    "<p>Project {project}</p>"
)
BODY_OVER = (
    "<p>What needed attention in the sync of the project <strong>{name}</strong> between BugSpark and GitHub "
    "is over.</p><p>Project {project}</p>"
)
SUBJECTS: Mapping[str, str] = {**dict.fromkeys(REASONS, SUBJECT), OVER: SUBJECT_OVER}
BODIES: Mapping[str, str] = {
    **{kind: BODY % reason.replace("'", "’") for kind, reason in REASONS.items()},
    OVER: BODY_OVER,
}
WAIT = timedelta(hours=23)
"""A second mail of the same subject to the same address waits so long, whoever asks for it."""
MAX_NAME_LENGTH = 100
CONTROLS = re.compile(r"[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS_SQL = r"[\u0001-\u001f\u007f-\u009f\u2028\u2029]+"
MAIL_OWNER = "bugspark_sync.mail_owner(uuid, text)"

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
          AND earlier.created_at > now() - interval '%(wait_seconds)s seconds');
    RETURN FOUND;
END
$function$
"""
"""Whether a mail was stored: not without an active owner, nor soon after another one."""


def mail_kind(what: str) -> str:
    """Return the kind of the mail about a problem of this word."""
    return what if what in BODIES else OTHER


def mailer_values() -> Mapping[str, object]:
    """Return what is filled into MAKE_MAILER besides the schema."""
    return {
        "subjects": _cases(SUBJECTS),
        "bodies": _cases(BODIES),
        "controls": CONTROLS_SQL,
        "max_name_length": MAX_NAME_LENGTH,
        "wait_seconds": int(WAIT.total_seconds()),
    }


def _cases(texts: Mapping[str, str]) -> str:
    return " ".join(f"WHEN '{kind}' THEN '{text}'" for kind, text in texts.items())
