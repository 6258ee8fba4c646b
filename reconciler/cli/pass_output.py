"""A pass as one line, as one JSON object, and as the sentence about a failure. Pure.

The sentence says what to do (docs/reference/looks.md).
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from reconciler.model.formatting import format_count, shell_command
from reconciler.model.passes import AppliedCounts, Outcome, PassResult
from reconciler.model.project_status import limit_text


def pass_as_json(result: PassResult) -> dict[str, Any]:
    """Return these keys, in this order (docs/reference/contract.md, JSON of a pass)."""
    return {
        "project": project_as_json(result.project_id, result.project_name, result.repository),
        "outcome": result.outcome.value,
        "error": asdict(result.error) if result.error else None,
        "duration_ms": result.duration_ms,
        "github": asdict(result.github),
        "applied": asdict(result.applied),
        "conflicts": result.conflicts,
        "quarantined": result.quarantined,
        "pending": result.pending,
    }


def project_as_json(project_id: object, name: str, repository: str | None) -> dict[str, str | None]:
    """Return a project as every JSON object names it."""
    return {"id": str(project_id), "name": name, "repository": repository}


def pass_as_line(result: PassResult) -> str | None:
    """`Acme: 3 reports updated; 1 conflict; 12 requests, 1.2 s`, or None when nothing happened."""
    changes = _changes_text(result.applied)
    links = _links_text(result)
    if not (changes or links or result.conflicts):
        return None
    parts = [", ".join(part for part in (links, changes) if part) or "nothing written"]
    if result.conflicts:
        parts.append(format_count(result.conflicts, "conflict"))
    parts.append(f"{format_count(result.github.requests, 'request')}, {result.duration_ms / 1000:.1f} s")
    return f"{result.project_name}: {'; '.join(parts)}"


def _links_text(result: PassResult) -> str:
    return _join_counts(((result.linked, "link taken up"), (result.ended, "link set aside")))


def verification_as_line(result: PassResult) -> str | None:
    """`Acme: 482 of 485 links compared, 3 differed; 1 comment removed; 12 requests, 1.2 s`, or None."""
    done = result.verified
    if done is None:
        return None
    parts = [f"{done.compared:,} of {format_count(done.links, 'link')} compared, {done.differed:,} differed"]
    parts += [changes] if (changes := _changes_text(result.applied)) else []
    if result.conflicts:
        parts.append(format_count(result.conflicts, "conflict"))
    parts.append(f"{format_count(result.github.requests, 'request')}, {result.duration_ms / 1000:.1f} s")
    return f"{result.project_name}: {'; '.join(parts)}"


def _join_counts(parts: Iterable[tuple[int, str]]) -> str:
    """Join the counts that are not zero: `3 reports updated, 1 comment imported`. The noun comes first."""
    shown = []
    for number, words in parts:
        noun, _, rest = words.partition(" ")
        if number:
            shown.append(f"{format_count(number, noun)} {rest}".rstrip())
    return ", ".join(shown)


def _changes_text(applied: AppliedCounts) -> str:
    return _join_counts(
        (
            (applied.reports_updated, "report updated"),
            (applied.comments_imported, "comment imported"),
            (applied.comments_edited, "comment edited"),
            (applied.comments_removed, "comment removed"),
            (applied.issues_created, "issue created"),
            (applied.issues_updated, "issue updated"),
            (applied.comments_posted, "comment posted"),
            (applied.remote_comments_removed, "comment removed on GitHub"),
        )
    )


def failure_message(result: PassResult, now: datetime, zone: tzinfo | None) -> str | None:
    """Return why a pass was not done in full, ending with what to do. None when it was."""
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
    """Return the reason with the name of its project in it, once."""
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
