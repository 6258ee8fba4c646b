"""A report in 80 columns: both sides, the comments, what waits, the story newest first. Pure."""

from __future__ import annotations  # the model is not imported for words in signatures alone

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.cli.show_status import View
from reconciler.cli.text import WIDTH, cut, fit
from reconciler.model.fields import Side
from reconciler.model.named import field_of_operation, kind_of_operation
from reconciler.model.wording import ago, clock, counted, iso

if TYPE_CHECKING:
    from reconciler.model.dossier import CommentShown, FieldShown, ReportShown, Told
    from reconciler.model.intent import Intent
    from reconciler.model.link import Link
    from reconciler.model.snapshot import Change

FIELD, CELL = 9, 22
SIDE, AUTHOR, TEXT = 8, 14, 24
VALUE = 16
NAMES = {Side.BUGSPARK: "BugSpark", Side.GITHUB: "GitHub"}


def as_lines(shown: ReportShown, view: View) -> Iterator[str]:
    """Everything, the most wanted first."""
    for line in _lines(shown, view):
        yield cut(line, WIDTH, more=view.more)


def _lines(shown: ReportShown, view: View) -> Iterator[str]:
    report, link = shown.dossier.report, shown.dossier.link
    yield f"{report.tracking_id}  {shown.title}"
    issue = f"{link.repository}#{link.number}" if link else "no issue"
    yield f"{shown.project_name}, {issue}: {shown.state}"
    if shown.reason:
        yield f"  {shown.reason}"
    if link:
        yield f"  {_verified(link, view)}"
    yield ""
    yield f"  {fit('', FIELD)} {fit('BUGSPARK', CELL)} {fit('LAST AGREED', CELL)} GITHUB"
    yield from (_field(each, view) for each in shown.fields)
    yield from _section("Comments", (_comment(each, view) for each in shown.comments))
    yield from _section("Waiting", (_intent(each) for each in shown.dossier.intents))
    yield from _section("Story, newest first", (_told(each, view) for each in shown.dossier.story))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        yield from found


def _verified(link: Link, view: View) -> str:
    if link.quarantined_until:
        return f"rests until {clock(link.quarantined_until, view.now, view.zone)}"
    if link.checked is None:
        return "not compared whole yet"
    due = clock(link.checked.due, view.now, view.zone)
    return f"compared whole {ago(link.checked.at, view.now)}, due again at {due}"


def _field(each: FieldShown, view: View) -> str:
    """What moved since both agreed is marked."""

    def cell(value: str | None, *, moved: bool) -> str:
        return fit(f"{'*' if moved else ' '}{value or '-'}", CELL, more=view.more)

    local = cell(each.bugspark, moved=Side.BUGSPARK in each.moved)
    remote = cell(each.github, moved=Side.GITHUB in each.moved)
    frozen = " frozen" if each.frozen else ""
    line = (
        f"  {fit(each.field.value, FIELD)}{local} {cell(each.agreed, moved=False)} {remote.rstrip()}{frozen}"
    )
    return line.rstrip()


def _comment(each: CommentShown, view: View) -> str:
    author = fit(each.author or "Unknown", AUTHOR, more=view.more)
    text = fit(each.text or "", TEXT, more=view.more)
    return f"  {fit(NAMES[each.origin], SIDE)} {author} {text} {each.state}"


def _intent(intent: Intent) -> str:
    tries = f" after {counted(intent.attempts, 'attempt')}" if intent.attempts else ""
    reason = f": {intent.reason}" if intent.reason else ""
    return f"  {kind_of_operation(intent.operation).replace('_', ' ')}: {intent.state}{tries}{reason}"


def _told(told: Told, view: View) -> str:
    """Time, side, what, from → to, the value that lost, the rule, GitHub's request id: cut from behind."""
    change = told.change
    at = told.at.astimezone(view.zone)
    lost = f", lost {cut(change.lost, VALUE, more=view.more)}" if change.lost else ""
    rule = f" ({change.rule})" if change.rule else ""
    request = f" {change.request_id}" if change.request_id else ""
    return f"  {at:%m-%d %H:%M} {fit(NAMES[change.side], SIDE)} {_what(change, view)}{lost}{rule}{request}"


def _what(change: Change, view: View) -> str:
    """`status: new → resolved`, `post comment: Thanks`, `first contact: acme/web#12`."""
    what = change.kind.replace("_", " ")
    if change.field is not None and change.field != "comment":
        before = change.local if change.side is Side.BUGSPARK else change.remote
        what = change.field if change.kind in PLAIN else f"{what} {change.field}"
        if change.to is None:
            return what
        arrow = " → " if view.unicode else " -> "
        return f"{what}: {_short(before or 'none', view)}{arrow}{_short(change.to, view)}"
    original = change.remote if change.side is Side.BUGSPARK else change.local
    text = (original if change.field else None) or change.to or change.local or change.remote
    return f"{what}: {cut(text, TEXT, more=view.more)}" if text else what


PLAIN = frozenset({"set_field", "set_state", "swap_labels", "set_title"})
"""Kinds that the field and the arrow say already."""


def _short(value: str, view: View) -> str:
    return cut(value, VALUE, more=view.more)


def as_json(shown: ReportShown) -> dict[str, Any]:
    """The same for programs, with nothing cut."""
    report, link = shown.dossier.report, shown.dossier.link
    return {
        "report": {"id": str(report.id), "tracking_id": report.tracking_id, "title": report.title},
        "project": {"id": str(report.project_id), "name": shown.project_name},
        "state": shown.state,
        "reason": shown.reason,
        "link": _link_json(link) if link else None,
        "fields": [_field_json(each) for each in shown.fields],
        "comments": [
            {**asdict(each), "origin": each.origin.value, "at": iso(each.at)} for each in shown.comments
        ],
        "intents": [_intent_json(each) for each in shown.dossier.intents],
        "story": [_told_json(each) for each in shown.dossier.story],
    }


def _link_json(link: Link) -> dict[str, Any]:
    return {
        "issue": f"{link.repository}#{link.number}",
        "state": link.state.value,
        "origin": link.origin.value,
        "reason": link.reason,
        "quarantined_until": iso(link.quarantined_until),
        "verified_at": iso(link.checked.at) if link.checked else None,
        "verification_due": iso(link.checked.due) if link.checked else None,
    }


def _field_json(each: FieldShown) -> dict[str, Any]:
    return {
        "field": each.field.value,
        "bugspark": each.bugspark,
        "agreed": each.agreed,
        "github": each.github,
        "moved": sorted(side.value for side in each.moved),
        "frozen": each.frozen,
    }


def _intent_json(intent: Intent) -> dict[str, Any]:
    return {
        "kind": kind_of_operation(intent.operation).value,
        "field": field_of_operation(intent.operation),
        "state": intent.state.value,
        "attempts": intent.attempts,
        "reason": intent.reason,
        "created_at": iso(intent.created_at),
        "not_before": iso(intent.not_before),
    }


def _told_json(told: Told) -> dict[str, Any]:
    change = told.change
    said = ("field", "base", "local", "remote", "to", "rule", "lost", "request_id")
    return {
        "at": iso(told.at),
        "side": change.side.value,
        "kind": change.kind.value,
        **{name: getattr(change, name) for name in said},
    }
