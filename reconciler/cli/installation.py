"""Commands about the installation.

`reconcile config` shows the effective configuration and where each value came from, `check` tests all that a
pass needs, `migrate` brings the database schema up to date.
"""

import json as encoder
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import typer

from reconciler.cli.session import CommandSession, JsonOption, current_session
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError, SchemaError
from reconciler.model.views import CheckLevel, CheckResult

SETTING_WIDTH = 34


def config(context: typer.Context, json: JsonOption = False) -> None:
    """Show the effective configuration.

    Every key with its value and source, secrets masked.
    """
    session = current_session(context)
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
            return (
                CheckResult(
                    name="configuration",
                    level=FAIL,
                    message=message,
                    remedy=f"correct that; {NOTHING_ELSE_CHECKED}",
                ),
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


def migrate(context: typer.Context) -> None:
    """Bring the database schema up to date.

    Adds or updates this program's tables and columns in BugSpark's database. Safe to run again.
    """
    session = current_session(context)
    session.console.print_line(session.entrypoints.migrate(session.load_configuration().settings))
