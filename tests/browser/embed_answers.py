"""Answers of the JSON API with everything in them, as docs/api.md describes them."""

from typing import Any
from uuid import UUID

PROJECT = str(UUID(int=1 << 64))
AT = "2026-01-05T09:30:00Z"


def report_id(number: int) -> str:
    return str(UUID(int=number))


def report(number: int, state: str = "synced", reason: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a report as the batch has it."""
    issue = {
        "badge": f"web#{number}",
        "url": f"https://github.test/acme/web/issues/{number}",
        "repository": "acme/web",
        "number": number,
    }
    return {
        "id": report_id(number),
        "tracking_id": f"BUG-{number:04}",
        "title": "It breaks",
        "project": {"id": PROJECT, "name": "Shop"},
        "state": state,
        "reason": reason,
        "issue": None if state == "unlinked" else issue,
        "page": f"https://sync.bugspark.test/reports/{report_id(number)}",
        "may_change": True,
        "updated_at": AT,
    } | more


def comment(number: int, text: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": report_id(number),
        "source": "github",
        "author": "alice",
        "created_at": AT,
        "text": text,
        "url": f"https://github.test/acme/web/issues/7#issuecomment-{number}",
        "state": "in BugSpark",
    } | more


def line(**more: Any) -> dict[str, Any]:
    """Return a line of a report's history."""
    nothing: dict[str, Any] = dict.fromkeys(("field", "before", "to", "lost", "text", "by"))
    return nothing | {"at": AT, "side": "bugspark", "rule": "the newer one"} | more


def whole_report(number: int, state: str = "conflict", **more: Any) -> dict[str, Any]:
    """Return a report as its own route has it, with everything at once."""
    same: dict[str, Any] = {"frozen": None, "conflict": None, "choices": []}
    choices = [{"take": "github", "value": "high"}, {"take": "bugspark", "value": "critical"}]
    lost = {"conflict": {"at": AT, "lost": "high"}, "choices": choices}
    return (
        report(number, state, "severity: both sides changed it")
        | {
            "actions": ["unlink", "retry", "resolve"],
            "linked_at": AT,
            "verified_at": AT,
            "synced_at": AT,
            "resolution": {"by": "alice", "commit": "1a2b3c4" + "0" * 33, "at": AT},
            "fields": [
                {"field": "status", "bugspark": "new", "agreed": "new", "github": "open"} | same,
                {"field": "severity", "bugspark": "critical", "agreed": "critical", "github": "critical"}
                | same
                | lost,
                {"field": "category", "bugspark": "bug", "github": None, "agreed": "bug"}
                | same
                | {"frozen": "bob undid it three times within an hour"},
            ],
            "comments": [
                comment(101, "It happens here too.", source="bugspark", author="Ada", state="on GitHub"),
                comment(102, "Which browser is it?\nFirefox 140?"),
                comment(103, None, author=None, state="not sent: the issue is locked"),
            ],
            "skipped": [],
            "history": [
                line(what="severity", side="github", field="severity", before="low", to="high"),
                line(what="import comment", text="Which browser is it?", rule="a new comment", by="Ada"),
            ],
        }
        | more
    )


def unlinked_report(number: int) -> dict[str, Any]:
    """Return a report that may be exported or linked."""
    nothing: dict[str, Any] = {"fields": [], "comments": [], "history": [], "skipped": []}
    none = dict.fromkeys(("linked_at", "verified_at", "synced_at", "resolution"))
    return report(number, "unlinked") | {"actions": ["export", "link"]} | nothing | none


def project(state: str = "Needs attention", **more: Any) -> dict[str, Any]:
    return {
        "id": PROJECT,
        "name": "Shop",
        "repository": "acme/web",
        "page": f"https://sync.bugspark.test/projects/{PROJECT}",
        "setup_page": f"https://sync.bugspark.test/projects/{PROJECT}/setup",
        "may_change": True,
        "paused": False,
        "health": {
            "state": state,
            "reason": "3 deletions withheld",
            "last_pass_at": AT,
            "last_success_at": AT,
            "next_at": AT,
            "pending": 2,
            "withheld": 3,
            "withheld_hash": "abc",
            "verified": {"links": 7, "of": 8, "within_seconds": 21600, "oldest_at": AT, "p95_at": AT},
        },
        "links": {"synced": 5, "pending": 1, "conflict": 1, "attention": 1},
        "problems": [
            {"report": report_id(7), "tracking_id": "BUG-0007", "issue": "acme/web#7", "what": "resting",
             "reason": "the issue is locked"},
        ],
        "webhook": {
            "url": f"https://sync.bugspark.test/api/v1/webhooks/github/{PROJECT}",
            "last_delivery": {"event": "issues", "at": AT},
            "received": 12,
            "missed": 0,
            "silent_since": None,
        },
    } | more  # fmt: skip


def webhook(**more: Any) -> dict[str, Any]:
    deliveries: list[dict[str, Any]] = [
        {"id": "d-1", "at": AT, "event": "issues", "action": "closed", "number": 7, "processed_at": AT},
        {"id": "d-2", "at": AT, "event": "label", "action": "edited", "number": 8, "processed_at": None},
        {"id": "d-3", "at": AT, "event": "ping", "action": None, "number": None, "processed_at": None},
    ]
    return {
        "repository": "acme/web",
        "repository_url": "https://github.test/acme/web",
        "private": True,
        "credential": {"kind": "sealed", "account": "bugspark-bot", "problem": None, "last_write_at": AT},
        "url": f"https://sync.bugspark.test/api/v1/webhooks/github/{PROJECT}",
        "content_type": "application/json",
        "events": ["issues", "issue_comment", "label"],
        "settings_url": "https://github.test/acme/web/settings/hooks/new",
        "steps": [],
        "problem": None,
        "permission": "the token needs a permission",
        "has_secret": True,
        "previous_secret_until": AT,
        "hook_id": 1,
        "deliveries": deliveries,
        "may_change": True,
    } | more


def element(name: str, subject: object, more: str = "") -> str:
    """Return the HTML of one of the elements."""
    attribute = "project" if name == "project" else "report"
    return f'<bugspark-sync-{name} {attribute}="{subject}" {more}></bugspark-sync-{name}>'
