"""`reconcile pause`, `resume`, `resolve` and `retry`: what a person decides about a project or a report."""

from typing import Annotated

import typer

from reconciler.cli.session import ReportArgument, current_session
from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side

ProjectArgument = Annotated[
    str, typer.Argument(metavar="PROJECT", help="The project's id or exact name.", show_default=False)
]


def pause(context: typer.Context, project: ProjectArgument) -> None:
    """Stop with a project until it is resumed.

    No pass is made, not by hand either; one at work stops before its next write to GitHub.
    """
    session = current_session(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.pause(project)))


def resume(context: typer.Context, project: ProjectArgument) -> None:
    """Go on with a paused project. What changed since is synced by the next pass."""
    session = current_session(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.resume(project)))


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
    session = current_session(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.resolve(report, chosen_field, side))
    )


def retry(context: typer.Context, report: ReportArgument) -> None:
    """Take a report out of quarantine. The next pass tries its link and its writes again."""
    session = current_session(context)
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
