"""What a project gives to new issues and GitHub may not have: a milestone, a type. The issue matters more.

Source: docs/reference/github.md, Fields and types.
"""

from dataclasses import replace

from reconciler.model.intent import Desired, NewIssue, Refused
from reconciler.model.issue import Issue

OPTIONAL_MEMBERS = ("milestone", "type")
UNPROCESSABLE = 422


def without_refused_members(desired: Desired, refusal: Refused) -> NewIssue | None:
    """Return the issue to create instead: without what the refusal names, or any of it where it names none.

    None where there is nothing to leave out. Nothing was created by a request that is answered with 422.
    """
    if not isinstance(desired, NewIssue) or refusal.status != UNPROCESSABLE:
        return None
    given = [name for name in OPTIONAL_MEMBERS if getattr(desired, name) is not None]
    named = [name for name in given if name in refusal.reason.lower()] or given
    if not named:
        return None
    left_out = (*desired.left_out, *(_in_words(desired, name) for name in named))
    return replace(
        desired,
        left_out=left_out,
        milestone=None if "milestone" in named else desired.milestone,
        type=None if "type" in named else desired.type,
    )


def missing_members(desired: NewIssue, issue: Issue) -> tuple[str, ...]:
    """Return in words what the created issue does not have: refused before, or dropped silently."""
    dropped = (
        _in_words(desired, name)
        for name in OPTIONAL_MEMBERS
        if (wanted := getattr(desired, name)) is not None and not _is_equal(wanted, getattr(issue, name))
    )
    return (*desired.left_out, *dropped)


def missing_member_message(member: str) -> str:
    """Say that GitHub does not have it, and what to do."""
    return (
        f"GitHub did not take {member} for the new issue, which was created without it: it does not have it, "
        f"or this token may not set it; correct the project's setting {member.partition(' ')[0]}"
    )


def _in_words(desired: NewIssue, name: str) -> str:
    return f"{name} {getattr(desired, name)}"


def _is_equal(wanted: int | str, given: int | str | None) -> bool:
    return str(wanted).casefold() == str(given).casefold()
