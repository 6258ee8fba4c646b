"""Options that several commands share."""

from typing import Annotated

import typer

ProjectsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--project",
        "-p",
        metavar="PROJECT",
        help="A project's id or exact name; may be repeated.",
        show_default=False,
    ),
]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project", "-p", metavar="PROJECT", help="The project's id or exact name.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")]
ReportArgument = Annotated[
    str, typer.Argument(metavar="REPORT", help="A report's id, or PROJECT:BUG-0001.", show_default=False)
]
