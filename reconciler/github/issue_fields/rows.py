"""Values, events and definitions of issue fields, translated to the model's values."""

from msgspec import Raw, Struct

from reconciler.errors import GitHubError
from reconciler.github.wire import Id, decode, read_json_member, read_json_members, split_list, try_decode
from reconciler.model.fields import Choices
from reconciler.model.issue import OrganisationField

SINGLE_SELECT = "single_select"
MAX_CHOICES = 100
"""The most values read of one issue."""
MAX_FIELDS = 500
"""The most fields, and options of one field, read of an organisation."""


class OptionRow(Struct, frozen=True):
    """One option of a field; its id has been null in lists (U)."""

    name: str


def choices_of(raw: Raw) -> Choices | None:
    """Return the options chosen on an issue; None where that is absent or can't be read: it is not known."""
    rows = try_decode(raw, list[Raw]) if bytes(raw) else ""
    if isinstance(rows, str):
        return None
    choices: list[tuple[int, str]] = []
    for row in rows[:MAX_CHOICES]:
        members = read_json_members(row)
        if read_json_member(members, "data_type", str) != SINGLE_SELECT:
            continue
        field_id = read_json_member(members, "issue_field_id", Id)
        option = read_json_member(members, "single_select_option", OptionRow)
        if field_id is None or option is None:
            return None
        choices.append((field_id, option.name))
    return tuple(choices)


def field_of_event(raw: Raw) -> str:
    """Return the id, else the name, of the field that an event is about; "" where it does not say (?)."""
    members = read_json_members(raw) if bytes(raw) else {}
    field_id = read_json_member(members, "id", Id)
    return str(field_id) if field_id is not None else read_json_member(members, "name", str) or ""


def decode_choices(body: bytes) -> Choices:
    """Decode the answer to a write of a value. Raises GitHubError where it does not say what is chosen."""
    found = choices_of(decode(body, Raw, "the field just written"))
    if found is None:
        raise GitHubError("GitHub's answer about the field just written can't be read.")
    return found


def decode_fields(body: bytes, what: str) -> tuple[OrganisationField, ...]:
    """Decode an organisation's fields; one that can't be read is left out. Raises GitHubError."""
    fields: list[OrganisationField] = []
    for raw in split_list(body, what)[:MAX_FIELDS]:
        members = read_json_members(raw)
        field_id, name = read_json_member(members, "id", Id), read_json_member(members, "name", str)
        if field_id is None or name is None or read_json_member(members, "data_type", str) != SINGLE_SELECT:
            continue
        options = read_json_member(members, "options", list[OptionRow]) or []
        names = tuple(option.name for option in options[:MAX_FIELDS])
        fields.append(OrganisationField(id=field_id, name=name, options=names))
    return tuple(fields)
