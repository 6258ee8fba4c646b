"""Why a pass was not simply done, and what a person should do (docs/reference/looks.md)."""

from datetime import datetime, tzinfo

from reconciler.model.passes import Outcome, PassResult
from reconciler.model.standing import limit_words
from reconciler.model.wording import counted, words_of_shell


def complaint(result: PassResult, now: datetime, zone: tzinfo | None) -> str | None:
    """Why a pass was not simply done: a sentence that ends with what to do. None when it was."""
    name = result.project_name
    one_pass = ("reconcile", "--project", name)
    if result.withheld:
        accept = words_of_shell(*one_pass, "--accept", result.withheld)
        return f"deletions are withheld, in {name}; look at them with reconcile plan, then {accept}"
    match result.outcome:
        case Outcome.OK:
            return None
        case Outcome.LIMITED:
            reason = limit_words(result.next_at, now, zone)
            return f"Waiting ({reason}), in {name}; run it again then, what was done is kept"
        case Outcome.REFUSED | Outcome.FAILED:
            reason = result.error.message if result.error else f"the pass was {result.outcome}"
            return of_project(reason, name)
        case Outcome.PARTIAL:
            reason = result.error.message if result.error else _left(result)
            return f"{of_project(reason, name)}; the rest was done, see reconcile status"


def of_project(reason: str, name: str) -> str:
    """The reason with the project it is about, named once; it stands before what is said next."""
    reason = reason.rstrip(".")
    named = reason.startswith(f"{name}: ") or f"project {name}" in reason.replace("Project", "project")
    return reason if named else f"{reason} (project {name})"


def _left(result: PassResult) -> str:
    parts = [
        f"{counted(number, 'change')} {what}"
        for number, what in ((result.quarantined, "quarantined"), (result.pending, "not confirmed yet"))
        if number
    ]
    return " and ".join(parts) or "something is left to do"
