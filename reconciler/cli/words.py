"""Why a pass was not simply done, and what a person should do (docs/reference/looks.md)."""

from datetime import datetime, tzinfo

from reconciler.model.passes import Outcome, PassResult
from reconciler.model.project_status import limit_text
from reconciler.model.wording import format_count, shell_command


def failure_message(result: PassResult, now: datetime, zone: tzinfo | None) -> str | None:
    """Why a pass was not simply done: a sentence that ends with what to do. None when it was."""
    name = result.project_name
    one_pass = ("reconcile", "--project", name)
    if result.withheld:
        accept = shell_command(*one_pass, "--accept", result.withheld)
        return f"deletions are withheld, in {name}; look at them with reconcile plan, then {accept}"
    match result.outcome:
        case Outcome.OK:
            return None
        case Outcome.LIMITED:
            reason = limit_text(result.next_at, now, zone)
            return f"Waiting ({reason}), in {name}; run it again then, what was done is kept"
        case Outcome.REFUSED | Outcome.FAILED:
            reason = result.error.message if result.error else f"the pass was {result.outcome}"
            return with_project_name(reason, name)
        case Outcome.PARTIAL:
            reason = result.error.message if result.error else _unfinished_text(result)
            return f"{with_project_name(reason, name)}; the rest was done, see reconcile status"


def with_project_name(reason: str, name: str) -> str:
    """The reason with the project it is about, named once; it stands before what is said next."""
    reason = reason.rstrip(".")
    named = reason.startswith(f"{name}: ") or f"project {name}" in reason.replace("Project", "project")
    return reason if named else f"{reason} (project {name})"


def _unfinished_text(result: PassResult) -> str:
    parts = [
        f"{format_count(number, 'change')} {what}"
        for number, what in ((result.quarantined, "quarantined"), (result.pending, "not confirmed yet"))
        if number
    ]
    return " and ".join(parts) or "something is left to do"
