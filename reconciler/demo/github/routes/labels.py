"""Labels of a repository and of an issue, and an issue's history."""

from __future__ import annotations

from reconciler.demo.github.messages import Answer, Problem, answered, invalid
from reconciler.demo.github.paging import links, page_of
from reconciler.demo.github.routes.checks import label_names
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Issue, Level
from reconciler.demo.github.views_repository import event as event_view
from reconciler.demo.github.world import Repository


def list_labels(call: Exchange) -> Answer:
    """Answer `GET …/labels`."""
    repository = call.repository()
    return _paged(
        call, repository, [call.views.label(repository, label) for label in repository.labels.values()]
    )


def list_issue_labels(call: Exchange) -> Answer:
    """Answer `GET …/issues/{n}/labels`."""
    repository = call.repository()
    return _paged(call, repository, _shown(call, repository, call.issue(repository)))


def add_labels(call: Exchange) -> Answer:
    """Answer `POST …/issues/{n}/labels`: names in a list or under `labels`; missing ones are made."""
    repository, value = call.writable(), call.request.json()
    issue = call.issue(repository)
    names = label_names(value.get("labels", []) if isinstance(value, dict) else value)
    _may(call, repository)
    carried = {name.casefold() for name in (*repository.label_names(issue.number), *names)}
    if len(carried) > call.world.facts.labels_per_issue:
        raise invalid("Label", "labels", "an issue has no more than 100 labels", "invalid")
    row = repository.label(issue.number, *names, by=call.user().login)
    return answered(_shown(call, repository, row))


def remove_label(call: Exchange) -> Answer:
    """Answer `DELETE …/issues/{n}/labels/{name}`: 404 when the issue does not carry it."""
    repository = call.writable()
    issue = call.issue(repository)
    _may(call, repository)
    try:
        row = repository.unlabel(issue.number, call.param("label"), by=call.user().login)
    except KeyError:
        raise Problem(404, "Label does not exist") from None
    return answered(_shown(call, repository, row))


def list_events(call: Exchange) -> Answer:
    """Answer `GET …/issues/{n}/events`, oldest first."""
    repository = call.repository()
    issue = call.issue(repository)
    events = repository.events.get(issue.number, [])
    return _paged(call, repository, [event_view(call.views, repository, event) for event in events])


def _may(call: Exchange, repository: Repository) -> None:
    if not call.may(repository, Level.TRIAGE):
        raise call.caller.refusal()


def _shown(call: Exchange, repository: Repository, issue: Issue) -> list[dict[str, object]]:
    return [call.views.label(repository, repository.labels[label]) for label in issue.labels]


def _paged(call: Exchange, repository: Repository, rows: list[dict[str, object]]) -> Answer:
    query = call.request.query
    page = page_of(query)
    end = page.offset + page.size
    header = links(
        call.address(repository), query, page, more=len(rows) > end, total=len(rows), last_key=None
    )
    return answered(rows[page.offset : end], headers=header)
