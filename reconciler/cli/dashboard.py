"""`reconcile open`: an address that signs the operator in to the dashboard.

It has its own module, like every command that shares no code with others.
"""

import typer

from reconciler.cli.session import current_session
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
