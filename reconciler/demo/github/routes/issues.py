"""Issues: list, read, open, change (docs/reference/github.md, Lists and Writes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.demo.github.messages import Answer, Problem, answered, invalid
from reconciler.demo.github.paging import key_of, links, page_of, window
from reconciler.demo.github.routes.checks import assignee_logins, check_body, check_title, label_names, text
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.routes.fields import new_choices
from reconciler.demo.github.rows import Issue, Level
from reconciler.demo.github.table import Order, Table, Window
from reconciler.demo.github.world import Repository

_REASONS = ("completed", "not_planned", "duplicate", "reopened")


def list_issues(call: Exchange) -> Answer:
    """Answer `GET …/issues`."""
    repository, query = call.repository(), call.request.query
    call.issues_on(repository)
    page, by_comments = page_of(query), query.get("sort") == "comments"
    order: Order = "updated" if query.get("sort") == "updated" else "created"
    asked = window(query, page, call.world.facts, order=order, descending=query.get("direction") != "asc")
    table, wanted = call.issues_table(repository), _wanted(call, repository)
    rows, total = _by_comments(table, asked, wanted) if by_comments else table.select(asked, wanted)
    shown, more = rows[: page.size], len(rows) > page.size
    last = key_of(shown, order) if call.world.facts.paging == "cursors" and not by_comments else None
    header = links(call.address(repository), query, page, more=more, total=total, last_key=last)
    return Answer(headers=header, body=call.views.issues(repository, shown))


def get_issue(call: Exchange) -> Answer:
    """Answer `GET …/issues/{n}`."""
    repository = call.repository()
    return answered(call.views.issue(repository, call.shown_issue(repository)))


def open_issue(call: Exchange) -> Answer:
    """Answer `POST …/issues`; labels of a caller without push access are dropped silently."""
    repository, body = call.writable(), call.body()
    call.issues_on(repository)
    _may_write(call, repository, None)
    title, content = text(body, "title", "Issue"), text(body, "body", "Issue")
    if title is None:
        raise invalid("Issue", "title", "title wasn't supplied", "missing_field")
    check_title(title)
    check_body(call.world.facts, content, "Issue")
    labels = label_names(body.get("labels", [])) if call.may(repository, Level.WRITE) else []
    more = _optional_members(call, repository, body)
    row = repository.open_issue(
        title,
        content,
        by=call.user().login,
        labels=labels,
        assignees=_new_assignees(call, repository, assignee_logins(body)),
        via_app=call.via_app,
        **more,
    )
    shown = call.views.issue(repository, row)
    return answered(shown, 201, {"Location": str(shown["url"])})


def _optional_members(call: Exchange, repository: Repository, body: dict[str, Any]) -> dict[str, Any]:
    """Return milestone and type. Without push access they are dropped silently; unknown ones by the facts.

    Source: docs/reference/github.md, Fields and types.
    """
    if not call.may(repository, Level.WRITE):
        return {}
    known = {"milestone": repository.milestones, "type": repository.issue_types}
    given = {name: body[name] for name in known if body.get(name) is not None}
    for name, value in given.items():
        if value not in known[name] and call.world.facts.unknown_issue_members == "refused":
            raise invalid("Issue", name, f"{name} is invalid", "invalid")
    names = {"milestone": "milestone", "type": "issue_type"}
    taken = {names[name]: value for name, value in given.items() if value in known[name]}
    return {**taken, "choices": new_choices(call, repository, body)}


def change_issue(call: Exchange) -> Answer:
    """Answer `PATCH …/issues/{n}`: state and reason, title, body, the whole set of labels."""
    repository, body = call.writable(), call.body()
    row = call.issue(repository)
    title, content = text(body, "title", "Issue"), text(body, "body", "Issue")
    state, reason = text(body, "state", "Issue"), text(body, "state_reason", "Issue")
    _check_state(state, reason)
    check_body(call.world.facts, content, "Issue")
    if title is not None:
        check_title(title)
    labels = label_names(body["labels"]) if "labels" in body else None
    _may_write(call, repository, row)
    by = call.user().login
    if title is not None:
        repository.retitle(row.number, title, by=by)
    if "body" in body:
        repository.rewrite(row.number, content, by=by)
    if labels is not None and call.may(repository, Level.TRIAGE):
        repository.relabel(row.number, labels, by=by)
    _set_state(repository, row.number, state, reason, by)
    return answered(call.views.issue(repository, repository.issue(row.number)))


def _new_assignees(call: Exchange, repository: Repository, logins: list[str]) -> list[str]:
    """Return whom a new issue is assigned to. Without push access all are dropped silently.

    Whether an account that can't be assigned is refused or dropped is one of the simulator's facts.
    """
    if not call.may(repository, Level.WRITE):
        return []
    for login in logins:
        if repository.assignable(login) is None and call.world.facts.new_assignees_are_checked:
            error = {"resource": "Issue", "field": "assignees", "code": "invalid", "value": login}
            raise Problem(422, "Validation Failed", errors=[error])
    return logins


def _set_state(repository: Repository, number: int, state: str | None, reason: str | None, by: str) -> None:
    """Close or reopen; the reason counts only when the state changes (docs/reference/github.md, Writes)."""
    before = repository.issue(number).state
    if state == "open":
        repository.reopen(number, by=by)
    elif state == "closed" and before == "closed" and reason is None:
        repository.reclose(number)
    elif state == "closed":
        match reason:
            case "not_planned" | "duplicate":
                repository.close(number, by=by, reason=reason)
            case _:
                repository.close(number, by=by)


def _check_state(state: str | None, reason: str | None) -> None:
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", f"{state} is not a state", "invalid")
    if reason is not None and reason not in _REASONS:
        raise invalid("Issue", "state_reason", f"{reason} is not a reason", "invalid")


def _may_write(call: Exchange, repository: Repository, row: Issue | None) -> None:
    """Raise Problem 403 unless the caller may open an issue (no row) or change this one."""
    token = call.caller.token
    if token is not None and token.kind != "classic":
        inside = token.repositories is None or repository.id in token.repositories
        if not inside or token.cap < Level.TRIAGE:
            raise call.caller.refusal()
    if row is not None and row.author != call.user().id and not call.may(repository, Level.TRIAGE):
        raise call.caller.refusal()


def _wanted(call: Exchange, repository: Repository) -> Callable[[Issue], bool] | None:
    """Return the filter a query asks for, None when every issue passes; the default is open ones."""
    query = call.request.query
    state, tests = query.get("state", "open"), list[Callable[[Issue], bool]]()
    if state not in ("open", "closed", "all"):
        raise Problem(422, "Validation Failed")
    if state != "all":
        tests.append(lambda row: row.state == state)
    if query.get("labels"):
        found = [repository.label_named(name.strip()) for name in query["labels"].split(",")]
        ids = {label.id if label else 0 for label in found}
        tests.append(lambda row: ids <= set(row.labels))
    if query.get("creator"):
        tests.append(_made_by(call, query["creator"]))
    return (lambda row: all(test(row) for test in tests)) if tests else None


def _by_comments(
    table: Table[Issue], asked: Window, wanted: Callable[[Issue], bool] | None
) -> tuple[list[Issue], int]:
    """Select like a table does, in the order of the comment counts."""
    rows = [row for row in table if asked.since is None or row.updated >= asked.since]
    rows = sorted(filter(wanted, rows), key=lambda row: (row.comments, row.id), reverse=asked.descending)
    return rows[asked.offset : asked.offset + asked.limit], len(rows)


def _made_by(call: Exchange, login: str) -> Callable[[Issue], bool]:
    ids: set[Any] = {user.id for user in call.world.users.values() if user.login.lower() == login.lower()}
    return lambda row: row.author in ids
