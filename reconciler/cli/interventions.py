"""`reconcile pause`, `resume`, `resolve`, `dismiss` and `retry`: decisions about a project or a report."""

from typing import Annotated

import typer

from reconciler.cli.completion import complete_field, complete_project, complete_side
from reconciler.cli.session import ReportArgument, current_session
from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side

ProjectArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROJECT",
        help="The project's id or exact name.",
        show_default=False,
        autocompletion=complete_project,
    ),
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
        typer.Argument(
            metavar="FIELD",
            help="status, stage, severity, category, title or assignee.",
            show_default=False,
            autocompletion=complete_field,
        ),
    ],
    take: Annotated[
        str,
        typer.Option(
            "--take",
            metavar="SIDE",
            help="Whose value: github or bugspark.",
            show_default=False,
            autocompletion=complete_side,
        ),
    ],
) -> None:
    """Bring back the value that lost a conflict.

    The report gets it now, GitHub with the next pass.
    """
    chosen_field = _parse_field(field, "resolve")
    side = _parse_side(take)
    session = current_session(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.resolve(report, chosen_field, side))
    )


def dismiss(
    context: typer.Context,
    report: ReportArgument,
    field: Annotated[
        str | None,
        typer.Argument(
            metavar="[FIELD]",
            help="status, stage, severity, category, title or assignee; without it, all of the report.",
            show_default=False,
            autocompletion=complete_field,
        ),
    ] = None,
) -> None:
    """Put away a decided conflict, or a link whose issue is gone.

    The present values stay; nothing is deleted on either side.
    """
    chosen = _parse_field(field, "dismiss") if field is not None else None
    session = current_session(context)
    session.console.print_line(
        session.run_in_backend(lambda application, _: application.dismiss(report, chosen))
    )


def retry(context: typer.Context, report: ReportArgument) -> None:
    """Take a report out of quarantine. The next pass tries its link and its writes again."""
    session = current_session(context)
    session.console.print_line(session.run_in_backend(lambda application, _: application.retry(report)))


def _parse_field(text: str, command: str) -> Field:
    try:
        return Field(text)
    except ValueError:
        known = ", ".join(Field)
        raise UsageError(f"{text!r} is no field, in reconcile {command}; the fields are {known}") from None


def _parse_side(text: str) -> Side:
    try:
        return Side(text)
    except ValueError:
        raise UsageError(f"{text!r} is no side, in reconcile resolve; take github or bugspark") from None
