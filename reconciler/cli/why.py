"""`reconcile why`: the state of a report and its history.

First the command, then its output in 80 columns and as JSON (pure): both sides, the comments, pending writes,
and the history, newest first.
"""

from __future__ import annotations  # the model is not imported for annotations alone

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from reconciler.cli.console import TERMINAL_WIDTH, cut_to_width, pad_or_cut_to_width, pad_to_width
from reconciler.cli.session import JsonOption, ReportArgument, current_session
from reconciler.cli.status import DisplayOptions, display_options
from reconciler.model.fields import Side
from reconciler.model.formatting import format_age, format_count, format_iso, format_time
from reconciler.model.kinds import FIELD_KINDS
from reconciler.model.snapshot import with_readable_text

if TYPE_CHECKING:
    from reconciler.model.intent import Intent
    from reconciler.model.issue import Resolution
    from reconciler.model.link import Link
    from reconciler.model.report_detail import (
        CommentView,
        DatedChange,
        FieldView,
        FollowerReportView,
        ReportView,
    )
    from reconciler.model.snapshot import Change
    from reconciler.model.viewer import AuditEntry


def why(context: typer.Context, report: ReportArgument, json: JsonOption = False) -> None:
    """Show the history of a report.

    Each field on both sides, the comments and their copies, what waits, and what was done by which rule.
    """
    session = current_session(context)
    shown = session.run_in_backend(lambda application, _: application.explain_report(report), reads=True)
    if json:
        session.console.print_json(report_as_json(shown))
        return
    view = display_options(session)
    for line in report_as_lines(shown, view):
        session.console.print_line(line)


FIELD_WIDTH, CELL_WIDTH = 9, 22
SIDE_WIDTH, AUTHOR_WIDTH, TEXT_WIDTH = 8, 14, 24
VALUE_WIDTH = 16
SIDE_NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


def _fit(text: str, usual: int, view: DisplayOptions, *, padded: bool = True) -> str:
    """Return a text in a column that is `usual` wide at 80 columns: wider on a wider terminal, and not cut
    where nothing is.
    """
    if view.columns is None:
        return pad_to_width(text, usual) if padded else cut_to_width(text, None)
    columns = usual + max(0, view.columns - TERMINAL_WIDTH) // 3
    fit = pad_or_cut_to_width if padded else cut_to_width
    return fit(text, columns, more=view.ellipsis)


def report_as_lines(shown: ReportView, view: DisplayOptions) -> Iterator[str]:
    """Yield everything that is known about the report, the most important first."""
    for line in _report_lines(shown, view):
        yield cut_to_width(line, view.columns, more=view.ellipsis)


def _report_lines(shown: ReportView, view: DisplayOptions) -> Iterator[str]:
    report, link = shown.detail.report, shown.detail.link
    yield f"{report.tracking_id}  {shown.title}"
    follows = shown.detail.follows
    tie = follows.link if follows else link
    issue = f"{tie.repository}#{tie.number}" if tie else "no issue"
    yield f"{shown.project_name}, {issue}: {shown.state}"
    if shown.reason_in_full:
        yield f"  {shown.reason_in_full}"
    if shown.resolution is not None:
        yield f"  {shown.resolution_text}, {format_age(shown.resolution.at, view.now)}"
    if shown.followers:
        count = len(shown.followers)
        follow = f"{format_count(count, 'report')} follow{'s' if count == 1 else ''}"
        yield f"  {follow}: {', '.join(map(_follower_text, shown.followers))}"
    if link:
        yield f"  {_verification_line(link, view)}"
    yield ""
    cells = " ".join(_fit(title, CELL_WIDTH, view) for title in ("BUGSPARK", "LAST AGREED"))
    yield f"  {pad_or_cut_to_width('', FIELD_WIDTH)} {cells} GITHUB"
    yield from (_field_line(field_view, view) for field_view in shown.fields)
    yield from _section_lines("Comments", (_comment_line(comment, view) for comment in shown.comments))
    yield from _section_lines("Waiting", (_intent_line(intent) for intent in shown.detail.intents))
    yield from _section_lines(
        "Who did what", (_audit_line(each, view) for each in shown.detail.audit_entries)
    )
    yield from _section_lines(
        "History, newest first", (_history_line(dated, view) for dated in shown.detail.history)
    )


def _follower_text(follower: FollowerReportView) -> str:
    return f"{follower.tracking_id} ({follower.status}{', by hand' if follower.moved_alone else ''})"


def _section_lines(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        yield from found


def _verification_line(link: Link, view: DisplayOptions) -> str:
    if link.quarantined_until:
        return f"in quarantine until {format_time(link.quarantined_until, view.now, view.zone)}"
    if link.verification is None:
        return "no full check yet"
    age = format_age(link.verification.at, view.now)
    if not link.is_live:
        return f"last full check {age}"
    return f"last full check {age}, next at {format_time(link.verification.due, view.now, view.zone)}"


def _field_line(field_view: FieldView, view: DisplayOptions) -> str:
    """Format one field. A value that changed since both sides agreed is marked with *."""

    def cell(value: str | None, *, moved: bool) -> str:
        return _fit(f"{'*' if moved else ' '}{value or '-'}", CELL_WIDTH, view)

    local = cell(field_view.bugspark, moved=Side.BUGSPARK in field_view.moved)
    remote = cell(field_view.github, moved=Side.GITHUB in field_view.moved)
    frozen = " frozen" if field_view.frozen else ""
    name, agreed = (
        pad_or_cut_to_width(field_view.field.value, FIELD_WIDTH),
        cell(field_view.agreed, moved=False),
    )
    line = f"  {name}{local} {agreed} {remote.rstrip()}{frozen}"
    return line.rstrip()


def _comment_line(comment: CommentView, view: DisplayOptions) -> str:
    author = pad_or_cut_to_width(comment.author or "Unknown", AUTHOR_WIDTH, more=view.ellipsis)
    text = _fit(comment.text or "", TEXT_WIDTH, view)
    return f"  {pad_or_cut_to_width(SIDE_NAMES[comment.origin], SIDE_WIDTH)} {author} {text} {comment.state}"


def _intent_line(intent: Intent) -> str:
    tries = f" after {format_count(intent.attempts, 'attempt')}" if intent.attempts else ""
    reason = f": {intent.reason}" if intent.reason else ""
    return f"  {intent.kind.text}: {intent.state}{tries}{reason}"


def _audit_line(entry: AuditEntry, view: DisplayOptions) -> str:
    return f"  {entry.at.astimezone(view.zone):%m-%d %H:%M} {entry.what} by {entry.by}: {entry.said}"


def _history_line(dated: DatedChange, view: DisplayOptions) -> str:
    """Format a change: time, side, kind, from → to, the value that lost, the rule, GitHub's request id."""
    change = dated.change
    at = dated.at.astimezone(view.zone)
    lost = f", lost {_cut_value(change.lost, view)}" if change.lost else ""
    rule = f" ({change.rule})" if change.rule else ""
    request = f" {change.request_id}" if change.request_id else ""
    side = pad_or_cut_to_width(SIDE_NAMES[change.side], SIDE_WIDTH)
    return f"  {at:%m-%d %H:%M} {side} {_change_text(change, view)}{lost}{rule}{request}"


def _change_text(change: Change, view: DisplayOptions) -> str:
    """Format a change's values, such as `status: new → resolved` or `post comment: Thanks`."""
    what = change.kind.text
    if change.field is not None and change.field != "comment":
        before = change.local if change.side is Side.BUGSPARK else change.remote
        what = change.field if change.kind in FIELD_KINDS else f"{what} {change.field}"
        if change.to is None:
            return what
        arrow = " → " if view.is_unicode else " -> "
        return f"{what}: {_cut_value(before or 'none', view)}{arrow}{_cut_value(change.to, view)}"
    change = with_readable_text(change)
    original = change.remote if change.side is Side.BUGSPARK else change.local
    text = (original if change.field else None) or change.to or change.local or change.remote
    return f"{what}: {_fit(text, TEXT_WIDTH, view, padded=False)}" if text else what


def _cut_value(value: str, view: DisplayOptions) -> str:
    return _fit(value, VALUE_WIDTH, view, padded=False)


def report_as_json(shown: ReportView) -> dict[str, Any]:
    """Return the same values as one JSON object, with nothing cut."""
    report, link = shown.detail.report, shown.detail.link
    return {
        "report": {"id": str(report.id), "tracking_id": report.tracking_id, "title": report.title},
        "project": {"id": str(report.project_id), "name": shown.project_name},
        "state": shown.state,
        "reason": shown.reason_in_full,
        "link": _link_as_json(link) if link else None,
        "stage": shown.stage,
        "resolution": _resolution_as_json(shown.resolution) if shown.resolution else None,
        "follows": _follows_as_json(shown),
        "followers": [_follower_as_json(follower) for follower in shown.followers],
        "assignee": shown.assignee,
        "fields": [_field_as_json(field_view) for field_view in shown.fields],
        "comments": [
            {**asdict(comment), "origin": comment.origin.value, "at": format_iso(comment.at)}
            for comment in shown.comments
        ],
        "skipped": [asdict(skipped) for skipped in shown.skipped],
        "intents": [_intent_as_json(intent) for intent in shown.detail.intents],
        "acts": [
            {"at": format_iso(each.at), "what": each.what, "by": each.by, "message": each.said}
            for each in shown.detail.audit_entries
        ],
        "story": [_history_entry_as_json(dated) for dated in shown.detail.history],
    }


def _resolution_as_json(resolution: Resolution) -> dict[str, Any]:
    return {"by": resolution.by, "commit": resolution.commit, "at": format_iso(resolution.at)}


def _follows_as_json(shown: ReportView) -> dict[str, Any] | None:
    follows = shown.detail.follows
    if follows is None:
        return None
    return {
        "report": str(follows.report_id),
        "tracking_id": follows.tracking_id,
        "issue": f"{follows.link.repository}#{follows.link.number}",
        "moved_alone": shown.moved_alone,
    }


def _follower_as_json(follower: FollowerReportView) -> dict[str, Any]:
    return {
        "report": str(follower.report_id),
        "tracking_id": follower.tracking_id,
        "status": follower.status,
        "moved_alone": follower.moved_alone,
    }


def _link_as_json(link: Link) -> dict[str, Any]:
    return {
        "issue": f"{link.repository}#{link.number}",
        "state": link.state.value,
        "origin": link.origin.value,
        "reason": link.reason,
        "quarantined_until": format_iso(link.quarantined_until),
        "verified_at": format_iso(link.verification.at) if link.verification else None,
        "verification_due": format_iso(link.verification.due) if link.verification else None,
    }


def _field_as_json(field_view: FieldView) -> dict[str, Any]:
    return {
        "field": field_view.field.value,
        "bugspark": field_view.bugspark,
        "agreed": field_view.agreed,
        "github": field_view.github,
        "moved": sorted(side.value for side in field_view.moved),
        "frozen": field_view.frozen,
    }


def _intent_as_json(intent: Intent) -> dict[str, Any]:
    return {
        "kind": intent.kind.value,
        "field": intent.operation.field_name,
        "state": intent.state.value,
        "attempts": intent.attempts,
        "reason": intent.reason,
        "created_at": format_iso(intent.created_at),
        "not_before": format_iso(intent.next_try),
    }


def _history_entry_as_json(dated: DatedChange) -> dict[str, Any]:
    change = dated.change
    said = ("field", "base", "local", "remote", "to", "rule", "lost", "request_id")
    return {
        "at": format_iso(dated.at),
        "side": change.side.value,
        "kind": change.kind.value,
        **{name: getattr(change, name) for name in said},
    }
