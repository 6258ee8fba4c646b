"""A plan that reads like a diff, grouped by report, and as one JSON object for programs. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from reconciler.cli.show_pass import project
from reconciler.cli.text import WIDTH, cut, fit, width
from reconciler.model.shown import PlanShown, ShownAction
from reconciler.model.wording import counted, words_of_shell

TO_BUGSPARK = frozenset({"set_field", "import_comment", "edit_comment", "remove_comment"})
DELETIONS = frozenset({"remove_comment", "delete_remote_comment"})
CREATIONS = frozenset({"create_issue", "post_comment", "import_comment"})
KEYS = ("kind", "report", "issue", "field", "base", "local", "remote", "to", "rule")
CONFLICT = "both changed"  # how the rules of a conflict begin (model.plan.Rule)
SHORTEST = 27  # columns for `in_progress → in_progress`: rather a wide line than a riddle


def as_json(plan: PlanShown) -> dict[str, Any]:
    """A plan that could not be made has an `error` as well (docs/reference/contract.md, JSON of a plan)."""
    shown: dict[str, Any] = {
        "project": project(plan.project_id, plan.project_name, plan.repository),
        "hash": plan.hash,
        "actions": [{key: getattr(action, key) for key in KEYS} for action in plan.actions],
    }
    return {**shown, "error": asdict(plan.error)} if plan.error else shown


def as_lines(plan: PlanShown, *, unicode: bool) -> Iterator[str]:
    """The project, its reports each with their changes, the summary. A repository's name is cut last."""
    yield cut(f"{plan.project_name} ({plan.repository or 'no repository'})", WIDTH, more=_more(unicode))
    for _, actions in groupby(sorted(plan.actions, key=_group), key=_group):
        group = list(actions)
        yield f"  {_title(group[0])}"
        yield from (_line(action, unicode=unicode) for action in group)
    yield f"  {summary(plan)}"
    if plan.withheld:
        accept = words_of_shell("reconcile", "--project", plan.project_name, "--accept", plan.withheld)
        yield f"  Needs you: {counted(plan.withheld_count, 'deletion')} withheld"
        yield f"    {accept}"


def summary(plan: PlanShown) -> str:
    """`3 to GitHub, 5 to BugSpark, 1 conflict, 0 deletions`."""
    where = Counter(action.kind in TO_BUGSPARK for action in plan.actions)
    conflicts = sum((action.rule or "").startswith(CONFLICT) for action in plan.actions)
    deletions = sum(action.kind in DELETIONS for action in plan.actions)
    return (
        f"{where[False]:,} to GitHub, {where[True]:,} to BugSpark, "
        f"{counted(conflicts, 'conflict')}, {counted(deletions, 'deletion')}"
    )


def _group(action: ShownAction) -> tuple[str, str]:
    return action.tracking_id or "", action.report or ""


def _title(action: ShownAction) -> str:
    name = action.tracking_id or action.report or "a report"
    return f"{name}  {action.issue or 'new issue'}"


def _line(action: ShownAction, *, unicode: bool) -> str:
    sign = "-" if action.kind in DELETIONS else "+" if action.kind in CREATIONS else "~"
    side = "BugSpark" if action.kind in TO_BUGSPARK else "GitHub"
    begin = f"    {sign} {fit(side, 8)}  {action.field or 'issue'}"
    why = f"  ({action.rule})" if action.rule else ""
    change = _change(action, max(SHORTEST, WIDTH - width(begin) - 2 - width(why)), unicode=unicode)
    return f"{begin}: {change}{why}" if change else begin + why


def _change(action: ShownAction, columns: int, *, unicode: bool) -> str:
    """`high → critical` from what the changed side says now; a text alone where something is new or gone."""
    more = _more(unicode)
    now = action.local if action.kind in TO_BUGSPARK else action.remote
    if action.to is None or action.kind in CREATIONS:
        return cut(action.to or action.local or action.remote or "", columns, more=more)
    arrow = " → " if unicode else " -> "
    half = (columns - len(arrow)) // 2
    return f"{cut(now or 'none', half, more=more)}{arrow}{cut(action.to, half, more=more)}"


def _more(unicode: bool) -> str:
    return "…" if unicode else "..."
