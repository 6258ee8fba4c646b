"""Commands about the installation.

`reconcile config` shows the effective configuration and where each value came from, `check` tests all that a
pass needs, `migrate` brings the database schema up to date, `systemd` prints the files of the service.
"""

import json as encoder
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from reconciler.cli.installation_files import (
    DEFAULT_ROLE,
    EXAMPLE_CONFIGURATION,
    drop_in_for,
    is_hidden_by_sandbox,
    read_installation_file,
    role_rights_for,
    unit_for,
)
from reconciler.cli.session import CommandSession, JsonOption, current_session
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError, SchemaError, UsageError
from reconciler.model.views import CheckLevel, CheckResult

SETTING_WIDTH = 34


def config(
    context: typer.Context,
    json: JsonOption = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print an example file with every key and its default instead.")
    ] = False,
    settings_schema: Annotated[
        bool,
        typer.Option("--settings-schema", help="Print the JSON Schema of projects' own settings instead."),
    ] = False,
) -> None:
    """Show the effective configuration.

    Every key with its value and source, secrets masked.
    """
    session = current_session(context)
    if example:
        _print_text(session, read_installation_file(EXAMPLE_CONFIGURATION))
        return
    if settings_schema:
        session.console.print_json(session.entrypoints.settings_schema())
        return
    loaded = session.load_configuration()
    shown = loaded.effective_values()
    if json:
        settings: dict[str, Any] = {}
        for item in shown:
            *above, name = item.key.split(".")
            table = settings
            for part in above:
                table = table.setdefault(part, {})
            table[name] = item.value
        sources = {item.key: item.source for item in shown}
        file = str(loaded.file) if loaded.file else None
        session.console.print_json({"file": file, "settings": settings, "sources": sources})
        return
    for section, items in groupby(shown, key=lambda item: item.key.rpartition(".")[0]):
        session.console.print_line(f"[{section}]")
        for item in items:
            setting = f"{item.key.rpartition('.')[2]} = {encoder.dumps(item.value, ensure_ascii=False)}"
            origin = "" if item.source == "default" else f"  # {item.source}"
            session.console.print_line(f"{setting:<{SETTING_WIDTH}}{origin}".rstrip())


OK, FAIL = CheckLevel.OK, CheckLevel.FAIL
CONFIGURATION_OK = CheckResult(name="configuration", level=OK, message="every key is known, every value fits")
NOTHING_ELSE_CHECKED = "nothing else was looked at"


def check(context: typer.Context, json: JsonOption = False) -> None:
    """Test all that a pass needs.

    Configuration, database, key, tokens and permissions; each line says what to do about a problem.
    """
    session = current_session(context)
    try:
        secrets_file = session.load_configuration().secrets_file
        checks = session.run_in_backend(lambda application, _: application.run_self_check(secrets_file))
    except (ConfigurationError, DatabaseError, SchemaError) as error:
        _print_checks(session, startup_failure_checks(error), json)
        raise
    _print_checks(session, checks, json)
    if any(check.level is FAIL for check in checks):
        raise typer.Exit(1)


def startup_failure_checks(error: ReconcilerError) -> tuple[CheckResult, ...]:
    """Return the results of a check that failed while the program was opened: what is fine, what failed."""
    message = str(error)
    match error:
        case ConfigurationError():
            remedy = f"correct that; {NOTHING_ELSE_CHECKED}"
            return tuple(
                CheckResult(name="configuration", level=FAIL, message=sentence, remedy=remedy)
                for sentence in error.sentences
            )
        case SchemaError():
            answers = CheckResult(name="database", level=OK, message="it answers")
            remedy = (
                f"reconcile migrate, or a newer program where the database is newer; {NOTHING_ELSE_CHECKED}"
            )
            return (
                CONFIGURATION_OK,
                answers,
                CheckResult(name="schema", level=FAIL, message=message, remedy=remedy),
            )
        case _:
            remedy = f"see that it runs and that database.url leads to it; {NOTHING_ELSE_CHECKED}"
            return (
                CONFIGURATION_OK,
                CheckResult(name="database", level=FAIL, message=message, remedy=remedy),
            )


def _print_checks(session: CommandSession, checks: Iterable[CheckResult], json: bool) -> None:
    for check in checks:
        if json:
            session.console.print_json(
                {"name": check.name, "level": check.level, "message": check.message, "mend": check.remedy}
            )
            continue
        session.console.print_line(f"{check.level:<4}  {check.name}: {check.message}")
        if check.remedy and check.level is not OK:
            session.console.print_line(f"      {check.remedy}")


def migrate(
    context: typer.Context,
    role_sql: Annotated[
        bool,
        typer.Option(
            "--role-sql", help="Change nothing; print the statements that give the daily role its rights."
        ),
    ] = False,
    role: Annotated[str, typer.Option("--role", help="The role that --role-sql names.")] = DEFAULT_ROLE,
    indexes: Annotated[
        bool,
        typer.Option(
            "--indexes",
            help="Then create indexes on two columns of BugSpark's tables, without blocking its writes.",
        ),
    ] = False,
) -> None:
    """Bring the database schema up to date.

    Adds or updates this program's tables and columns in BugSpark's database. Safe to run again.
    """
    session = current_session(context)
    if role_sql:
        _print_text(session, role_rights_for(role))
        return
    settings = session.load_configuration().settings
    session.console.print_line(session.entrypoints.migrate(settings))
    if indexes:
        session.console.print_line(session.entrypoints.create_indexes(settings))


def systemd(
    context: typer.Context,
    unit: Annotated[bool, typer.Option("--unit", help="The service's unit.")] = False,
    drop_in: Annotated[
        bool, typer.Option("--drop-in", help="An example of a drop-in, for changes of this machine's own.")
    ] = False,
) -> None:
    """Print the unit or the drop-in for systemd.

    The unit starts the command that printed it.
    """
    session = current_session(context)
    if unit is drop_in:
        raise UsageError("say which file: reconcile systemd --unit, or reconcile systemd --drop-in")
    command = Path(sys.prefix, "bin", "reconcile")
    _print_text(session, unit_for(command) if unit else drop_in_for(command))
    if is_hidden_by_sandbox(command):
        session.console.print_note(
            f"The service can't run {command}: ProtectHome=yes hides that folder from it. Install the program"
            " elsewhere, for example in /opt/reconciler."
        )


def _print_text(session: CommandSession, text: str) -> None:
    for line in text.splitlines():
        session.console.print_line(line)
