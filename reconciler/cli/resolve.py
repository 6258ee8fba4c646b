"""`reconcile resolve` and `retry`: take one side's value in a conflict, end a quarantine."""

from typing import Annotated

import typer

from reconciler.cli.session import ReportArgument, session_of
from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side


def resolve(
    context: typer.Context,
    report: ReportArgument,
    field: Annotated[
        str,
        typer.Argument(metavar="FIELD", help="status, severity, category or title.", show_default=False),
    ],
    take: Annotated[
        str,
        typer.Option("--take", metavar="SIDE", help="Whose value: github or bugspark.", show_default=False),
    ],
) -> None:
    """Bring back the value that lost a conflict.

    The report gets it now, GitHub with the next pass.
    """
    chosen_field = _parse_field(field)
    side = _parse_side(take)
    session = session_of(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.resolve(report, chosen_field, side))
    )


def retry(context: typer.Context, report: ReportArgument) -> None:
    """Take a report out of quarantine. The next pass tries its link and its writes again."""
    session = session_of(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.retry(report)))


def _parse_field(text: str) -> Field:
    try:
        return Field(text)
    except ValueError:
        known = ", ".join(Field)
        raise UsageError(f"{text!r} is no field, in reconcile resolve; the fields are {known}") from None


def _parse_side(text: str) -> Side:
    try:
        return Side(text)
    except ValueError:
        raise UsageError(f"{text!r} is no side, in reconcile resolve; take github or bugspark") from None
