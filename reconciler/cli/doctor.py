"""`reconcile check`: whether everything that a pass needs works."""

from collections.abc import Iterable

import typer

from reconciler.cli.options import Json
from reconciler.cli.session import Session, session_of
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError, SchemaError
from reconciler.model.shown import Check, CheckLevel

OK, FAIL = CheckLevel.OK, CheckLevel.FAIL
READ = Check(name="configuration", level=OK, message="every key is known, every value fits")
ONLY = "nothing else was looked at"


def check(context: typer.Context, json: Json = False) -> None:
    """Test all that a pass needs.

    Configuration, database, key, tokens and permissions; each line says how to mend what is wrong.
    """
    session = session_of(context)
    try:
        checks = session.run(lambda application, _: application.check())
    except (ConfigurationError, DatabaseError, SchemaError) as error:
        _say(session, unusable(error), json)
        raise
    _say(session, checks, json)
    if any(each.level is FAIL for each in checks):
        raise typer.Exit(1)


def unusable(error: ReconcilerError) -> tuple[Check, ...]:
    """The lines of a place where it ends before anything could be looked at: as far as it got, and why."""
    said = str(error)
    match error:
        case ConfigurationError():
            return (Check(name="configuration", level=FAIL, message=said, mend=f"mend that; {ONLY}"),)
        case SchemaError():
            answers = Check(name="database", level=OK, message="it answers")
            mend = f"reconcile migrate, or a newer program where the database is newer; {ONLY}"
            return (READ, answers, Check(name="schema", level=FAIL, message=said, mend=mend))
        case _:
            mend = f"see that it runs and that database.url leads to it; {ONLY}"
            return (READ, Check(name="database", level=FAIL, message=said, mend=mend))


def _say(session: Session, checks: Iterable[Check], json: bool) -> None:
    for each in checks:
        if json:
            session.console.json(
                {"name": each.name, "level": each.level, "message": each.message, "mend": each.mend}
            )
            continue
        session.console.say(f"{each.level:<4}  {each.name}: {each.message}")
        if each.mend and each.level is not OK:
            session.console.say(f"      {each.mend}")
