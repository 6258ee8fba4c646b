"""`reconcile open` and `reconcile token`: an address that signs the operator in, and a token for scripts."""

from typing import Annotated

import typer

from reconciler.cli.session import JsonOption, current_session
from reconciler.errors import UsageError


def open_dashboard(context: typer.Context) -> None:
    """Print an address that signs you in to the dashboard.

    It works once, within five minutes, and is printed on a terminal only.
    """
    session = current_session(context)
    if not session.console.out.isatty():
        raise UsageError(
            "reconcile open prints an address that signs in anybody who has it, so it prints it on a terminal"
            " only, and stdout is none: run it without a pipe or file"
        )
    offer = session.run_in_backend(lambda application, _: application.offer_sign_in(), reads=True)
    session.console.print_line(offer.address.reveal())
    minutes = int(offer.valid_for.total_seconds() // 60)
    session.console.print_note(f"This address works once, within {minutes} minutes.")


def token(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name in the history, such as nightly-report.")
    ],
    act: Annotated[
        bool, typer.Option("--act", help="It may run commands too; without this it reads.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a token for the JSON API and show it once.

    Nothing is stored: enter the line it prints in the configuration, and keep the token.
    """
    import secrets

    from reconciler.config.validators import TOKEN_NAME_PATTERN
    from reconciler.model.api_tokens import RANDOM_BYTES, build_api_token, configuration_line

    if not TOKEN_NAME_PATTERN.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a token: use letters, digits, - and _")
    console = current_session(context).console
    made = build_api_token(name, secrets.token_urlsafe(RANDOM_BYTES))
    line = configuration_line(name, made, may_change=act)
    if json:
        console.print_json({"name": name, "token": made.reveal(), "configuration": line})
        return
    console.print_line(made.reveal())
    console.print_note("Keep it: it is not shown again. It works once this line stands in the configuration:")
    console.print_note("[web.api_tokens]")
    console.print_note(line)
