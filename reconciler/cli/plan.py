"""`reconcile plan`: what a pass would do.

First the command, then its output (pure): like a diff, grouped by report, or JSON.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reconciler.cli.console import (
    TERMINAL_WIDTH,
    cut_to_width,
    display_width,
    pad_or_cut_to_width,
    project_reference_as_json,
)
from reconciler.cli.passes import choose_projects, with_project_name
from reconciler.cli.progress import ProgressDisplay
from reconciler.cli.session import (
    AllProjectsOption,
    CommandSession,
    JsonOption,
    ProjectsOption,
    current_session,
)
from reconciler.errors import UsageError
from reconciler.model.fields import Side
from reconciler.model.formatting import format_count, shell_command
from reconciler.model.kinds import Kind
from reconciler.model.views import ActionView, PlanView, WithheldDeletion, action_as_json

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application

EXIT_PLAN_NOT_EMPTY = 3


def plan(
    context: typer.Context,
    project: ProjectsOption = None,
    every: AllProjectsOption = False,
    json: JsonOption = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 3 when the plan is not empty.")
    ] = False,
) -> None:
    """Show what a pass would do.

    Nothing is written anywhere.
    """
    session = current_session(context)
    names = tuple(project or ())
    if every is bool(names):
        raise UsageError("name a project or take all, in reconcile plan; add --project NAME or --all")

    async def work(application: "Application", display: ProgressDisplay) -> list[PlanView]:
        projects = await choose_projects(application, names, every=every)
        plans = []
        for chosen in projects:
            plans.append(await application.plan(chosen, display.new_progress()))
            display.hide()
            print_plan(session, plans[-1], json=json)
        return plans

    plans = session.run_in_backend(work)
    if any(shown.error for shown in plans):
        raise typer.Exit(1)
    if exit_code and any(shown.actions or shown.withheld_deletions for shown in plans):
        raise typer.Exit(EXIT_PLAN_NOT_EMPTY)


def print_plan(session: CommandSession, shown: PlanView, *, json: bool) -> None:
    """Print one project's plan on stdout, or the reason why there is none on stderr."""
    console = session.console
    if json:
        console.print_json(plan_as_json(shown))
    elif not shown.error:
        for line in plan_as_lines(shown, unicode=console.is_unicode, columns=console.columns):
            console.print_line(line)
    if shown.error:
        console.print_error(with_project_name(shown.error.message, shown.project_name))
    console.flush()


KINDS_WRITTEN_TO_BUGSPARK = frozenset(
    {"set_field", "import_comment", "write_comment", "edit_comment", "remove_comment"}
)
DELETION_KINDS = frozenset({"remove_comment", "delete_remote_comment"})
CREATION_KINDS = frozenset({"create_issue", "post_comment", "import_comment", "write_comment"})
WITHHELD_KEYS = ("report", "side", "author", "excerpt", "url", "issue")
CONFLICT_RULE_PREFIX = "both changed"  # the prefix of conflict rules (model.plan.Rule)
REPORTS_MISSING_LINES = (
    "    None of the linked reports is in BugSpark's table any more. See that this",
    "    role may read them and that it is the right database. These links would end:",
)
MIN_CHANGE_WIDTH = 27  # fits `in_progress → in_progress`


def plan_as_json(plan: PlanView) -> dict[str, Any]:
    """Return the plan as JSON, or an `error` (docs/reference/contract.md, JSON of a plan)."""
    shown: dict[str, Any] = {
        "project": project_reference_as_json(plan.project_id, plan.project_name, plan.repository),
        "hash": plan.hash,
        "actions": [action_as_json(action) for action in plan.actions],
        "withheld": _withheld_as_json(plan),
    }
    return {**shown, "error": asdict(plan.error)} if plan.error else shown


def _withheld_as_json(plan: PlanView) -> dict[str, Any] | None:
    if plan.withheld is None:
        return None
    deletions = [
        {key: getattr(deletion, key) for key in WITHHELD_KEYS} for deletion in plan.withheld_deletions
    ]
    return {"hash": plan.withheld, "deletions": deletions}


def plan_as_lines(plan: PlanView, *, unicode: bool, columns: int | None = TERMINAL_WIDTH) -> Iterator[str]:
    """Yield the project, each report with its changes, and the summary. `columns`: None cuts nothing."""
    yield cut_to_width(
        f"{plan.project_name} ({plan.repository or 'no repository'})",
        columns,
        more=_choose_ellipsis(unicode),
    )
    for _, actions in groupby(sorted(plan.actions, key=_report_key), key=_report_key):
        group = list(actions)
        yield f"  {_report_heading(group[0])}"
        lines = (_action_line(action, columns, unicode=unicode) for action in group)
        yield from (cut_to_width(line, columns, more=_choose_ellipsis(unicode)) for line in lines)
    yield f"  {plan_summary(plan)}"
    if plan.withheld:
        accept = shell_command("reconcile", "--project", plan.project_name, "--accept", plan.withheld)
        yield f"  Needs attention: {format_count(len(plan.withheld_deletions), 'deletion')} withheld"
        if any(deletion.kind is Kind.END_LINK for deletion in plan.withheld_deletions):
            yield from REPORTS_MISSING_LINES
        for deletion in plan.withheld_deletions:
            yield from _withheld_deletion_lines(deletion, columns, unicode=unicode)
        yield f"    {accept}"


def plan_summary(plan: PlanView) -> str:
    """Return `3 to GitHub, 5 to BugSpark, 1 conflict, 0 deletions`."""
    where = Counter(action.kind in KINDS_WRITTEN_TO_BUGSPARK for action in plan.actions)
    conflicts = sum((action.rule or "").startswith(CONFLICT_RULE_PREFIX) for action in plan.actions)
    deletions = sum(action.kind in DELETION_KINDS for action in plan.actions)
    return (
        f"{where[False]:,} to GitHub, {where[True]:,} to BugSpark, "
        f"{format_count(conflicts, 'conflict')}, {format_count(deletions, 'deletion')}"
    )


def _withheld_deletion_lines(
    deletion: WithheldDeletion, columns: int | None, *, unicode: bool
) -> Iterator[str]:
    """Yield a withheld deletion: the comment, its report, author, first words and address, or the report."""
    side = "BugSpark" if deletion.side is Side.BUGSPARK else "GitHub"
    if deletion.kind is Kind.END_LINK:
        yield f"    - report {deletion.report}  {deletion.issue or 'no issue'}"
        return
    where = f"{deletion.tracking_id or deletion.report}  {deletion.issue or 'no issue'}"
    begin = f"    - {pad_or_cut_to_width(side, 8)}  {where}  "
    said = f"{begin}{deletion.author or 'Unknown'}{f': {deletion.excerpt}' if deletion.excerpt else ''}"
    yield cut_to_width(said, columns, more=_choose_ellipsis(unicode))
    if deletion.url:
        yield f"                {deletion.url}"


def _report_key(action: ActionView) -> tuple[str, str]:
    return action.tracking_id or "", action.report or ""


def _report_heading(action: ActionView) -> str:
    name = action.tracking_id or action.report or "a report"
    return f"{name}  {action.issue or 'new issue'}"


def _action_line(action: ActionView, columns: int | None, *, unicode: bool) -> str:
    sign = "-" if action.kind in DELETION_KINDS else "+" if action.kind in CREATION_KINDS else "~"
    side = "BugSpark" if action.kind in KINDS_WRITTEN_TO_BUGSPARK else "GitHub"
    begin = f"    {sign} {pad_or_cut_to_width(side, 8)}  {action.field or 'issue'}"
    why = f"  ({action.rule})" if action.rule else ""
    left = None if columns is None else columns - display_width(begin) - 2 - display_width(why)
    change = _change_text(action, None if left is None else max(MIN_CHANGE_WIDTH, left), unicode=unicode)
    return f"{begin}: {change}{why}" if change else begin + why


def _change_text(action: ActionView, columns: int | None, *, unicode: bool) -> str:
    """Return `high → critical`, from the current value to the new one.

    One text for something new or deleted.
    """
    more = _choose_ellipsis(unicode)
    now = action.local if action.kind in KINDS_WRITTEN_TO_BUGSPARK else action.remote
    if action.to is None or action.kind in CREATION_KINDS:
        return cut_to_width(action.to or action.local or action.remote or "", columns, more=more)
    arrow = " → " if unicode else " -> "
    half = None if columns is None else (columns - len(arrow)) // 2
    return f"{cut_to_width(now or 'none', half, more=more)}{arrow}{cut_to_width(action.to, half, more=more)}"


def _choose_ellipsis(unicode: bool) -> str:
    return "…" if unicode else "..."
