"""Issue fields of the organisation, and their values on an issue.

Source: docs/reference/github.md, Fields and types.
"""

from __future__ import annotations

from typing import Any

from reconciler.demo.github.messages import Answer, Problem, answered, invalid, not_found
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Level, SelectField
from reconciler.demo.github.world import Repository


def list_fields(call: Exchange) -> Answer:
    """Answer `GET /orgs/{org}/issue-fields`: 404 for a personal account, 403 without the permission."""
    owner = call.world.id_of_login(call.param("org"))
    repositories = [each for each in call.world.repositories.values() if each.owner == owner]
    fields = next((each.fields for each in repositories if each.fields is not None), None)
    if fields is None:
        raise not_found()
    if call.caller.token is not None and not call.caller.token.sees_fields:
        raise call.caller.refusal("organization_issue_fields=read")
    return answered([_shown(each) for each in fields.values()])


def list_values(call: Exchange) -> Answer:
    """Answer `GET …/issues/{n}/issue-field-values`."""
    repository = call.repository()
    return answered(call.views.field_values(repository, call.shown_issue(repository)))


def set_values(call: Exchange) -> Answer:
    """Answer `POST …/issues/{n}/issue-field-values`: sets these fields; none at all clears every one."""
    return _write_values(call, replaces=False)


def replace_values(call: Exchange) -> Answer:
    """Answer `PUT …/issues/{n}/issue-field-values`: fields that are not named lose their values."""
    return _write_values(call, replaces=True)


def clear_value(call: Exchange) -> Answer:
    """Answer `DELETE …/issues/{n}/issue-field-values/{field}`."""
    repository, row = _writable(call)
    found = (repository.fields or {}).get(int(call.param("field")))
    if found is None or found.id not in row.choices:
        raise not_found()
    repository.clear_field(row.number, by=call.user().login, name=found.name)
    return Answer(status=204)


def new_choices(call: Exchange, repository: Repository, body: dict[str, Any]) -> dict[int, str]:
    """Return the values that a new issue is given; where there are no fields they are dropped silently."""
    is_dropped = repository.fields is None or call.world.facts.field_values_are_dropped
    return {} if is_dropped else _chosen(repository, body)


def _write_values(call: Exchange, *, replaces: bool) -> Answer:
    repository, row = _writable(call)
    chosen, by = _chosen(repository, call.body()), call.user().login
    fields = repository.fields or {}
    for field_id in [each for each in row.choices if replaces or not chosen]:
        if field_id not in chosen:
            repository.clear_field(row.number, by=by, name=fields[field_id].name)
    if not call.world.facts.field_values_are_dropped:
        for field_id, option in chosen.items():
            repository.choose(row.number, option, by=by, name=fields[field_id].name)
    return answered(call.views.field_values(repository, repository.issue(row.number)))


def _writable(call: Exchange) -> tuple[Repository, Any]:
    repository = call.writable()
    row = call.issue(repository)
    if repository.fields is None:
        raise not_found()
    if not call.may(repository, Level.WRITE):
        raise call.caller.refusal()
    return repository, row


def _chosen(repository: Repository, body: dict[str, Any]) -> dict[int, str]:
    """Return the options by their fields; raises Problem 422 for a field or an option that there is not."""
    chosen: dict[int, str] = {}
    for each in body.get("issue_field_values") or []:
        if not isinstance(each, dict):
            raise Problem(400, "Body should be a JSON object")
        found = (repository.fields or {}).get(each.get("field_id", 0))
        if found is None or each.get("value") not in found.options:
            raise invalid("Issue", "issue_field_values", "issue field value is invalid", "invalid")
        chosen[found.id] = each["value"]
    return chosen


def _shown(field: SelectField) -> dict[str, Any]:
    options = [{"id": None, "name": name, "color": "gray"} for name in field.options]
    return {
        "id": field.id,
        "node_id": f"IFSS_{field.id}",
        "name": field.name,
        "description": None,
        "data_type": "single_select",
        "options": options,
    }
