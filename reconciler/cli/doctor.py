"""`reconcile check`: whether everything that a pass needs works."""

import typer

from reconciler.cli.options import Json
from reconciler.cli.session import session_of
from reconciler.model.shown import CheckLevel


def check(context: typer.Context, json: Json = False) -> None:
    """Test all that a pass needs.

    Configuration, database, key, tokens and permissions; each line says how to mend what is wrong.
    """
    session = session_of(context)
    checks = session.run(lambda application, _: application.check())
    for each in checks:
        if json:
            session.console.json(
                {"name": each.name, "level": each.level, "message": each.message, "mend": each.mend}
            )
            continue
        session.console.say(f"{each.level:<4}  {each.name}: {each.message}")
        if each.mend and each.level != CheckLevel.OK:
            session.console.say(f"      {each.mend}")
    if any(each.level == CheckLevel.FAIL for each in checks):
        raise typer.Exit(1)
