"""GitHub's JSON as typed rows: lenient about what is absent and not needed, strict about what is.

Its error messages are made fit to be shown to people: one line, no secret, not long.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from reconciler.errors import GitHubError, IssueUnreadableError
from reconciler.model.fields import IssueState
from reconciler.model.formatting import single_printable_line

T = TypeVar("T")
MAX_ERRORS_SHOWN = 10
"""The most errors of one answer that are shown."""
Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]
Number = Annotated[int, Meta(gt=0, lt=2**31)]
Count = Annotated[int, Meta(ge=0, lt=2**31)]
Moment = Annotated[datetime, Meta(tz=True)]


class UserRow(Struct, frozen=True):
    """An account; null in place of a deleted one."""

    id: Id
    login: str


class LabelRow(Struct, frozen=True):
    """A label; older answers have the bare name instead."""

    name: str | None = None
    color: Raw = Raw()  # undecoded: a sync may not fail for a colour


class IssueRow(Struct, frozen=True, kw_only=True):
    """An issue or a pull request. A member that may be absent may also be null, and the other way round."""

    id: Id
    number: Number
    title: str
    state: IssueState
    created_at: Moment
    updated_at: Moment
    labels: tuple[LabelRow | str, ...]
    comments: Count
    state_reason: str | None = None
    body: str | None = None
    locked: bool | None = None
    user: UserRow | None = None
    html_url: str | None = None
    closed_at: Raw = Raw()  # undecoded, as the next one: no issue is left out for them
    closed_by: Raw = Raw()
    pull_request: dict[str, Raw] | None = None
    assignees: Raw = Raw()  # undecoded: only where people are mapped does an unreadable one matter
    issue_field_values: Raw = Raw()  # likewise

    @property
    def is_pull_request(self) -> bool:
        """Whether `pull_request` says so; absent and null do not (docs/reference/github.md, Lists)."""
        return self.pull_request is not None


class CommentRow(Struct, frozen=True, kw_only=True):
    """A comment of an issue or of a pull request's conversation."""

    id: Id
    issue_url: str
    created_at: Moment
    updated_at: Moment
    body: str | None = None
    user: UserRow | None = None
    author_association: str | None = None
    html_url: str | None = None
    minimized: Raw = Raw()  # undecoded: one of an unknown shape hides nothing


class MinimizedRow(Struct, frozen=True):
    """Why a comment is folded or hidden."""

    reason: str | None = None


class RenameRow(Struct, frozen=True):
    """The title before and after."""

    to: str


class EventKindRow(Struct, frozen=True):
    """The kind of an event, which is decoded first."""

    event: str


class EventRow(Struct, frozen=True, kw_only=True):
    """An event that changed a field of an issue."""

    event: str
    created_at: Moment
    actor: UserRow | None = None
    label: LabelRow | None = None
    rename: RenameRow | None = None
    assignee: Raw = Raw()  # undecoded, as in an issue
    assigner: Raw = Raw()
    issue_field: Raw = Raw()


class PermissionsRow(Struct, frozen=True):
    """The permissions of a user's token; absent for installations of an App."""

    push: bool | None = None
    triage: bool | None = None
    maintain: bool | None = None
    admin: bool | None = None


class RepositoryRow(Struct, frozen=True, kw_only=True):
    """A repository."""

    id: Id
    full_name: str
    private: bool = False
    archived: bool = False
    has_issues: bool = True
    permissions: PermissionsRow | None = None


class InstallationRow(Struct, frozen=True):
    """An installation of an App."""

    id: Id


class AccessTokenRow(Struct, frozen=True):
    """An installation's token; opaque, of any length (docs/reference/github.md, Credentials and versions)."""

    token: str
    expires_at: Moment
    permissions: dict[str, str] | None = None


class AppRow(Struct, frozen=True):
    """A GitHub App."""

    slug: str


class ManifestConversionRow(Struct, frozen=True):
    """A GitHub App that was made from a manifest, with its secrets."""

    id: Id
    slug: str
    pem: str
    webhook_secret: str | None = None
    html_url: str = ""


class HookConfigRow(Struct, frozen=True):
    """A webhook's address; GitHub masks its secret."""

    url: str = ""


class HookResponseRow(Struct, frozen=True):
    """How the last delivery was answered."""

    code: int | None = None
    status: str | None = None  # `unused`: there was none
    message: str | None = None


class HookRow(Struct, frozen=True):
    """A webhook of a repository."""

    id: Id
    active: bool = True
    events: tuple[str, ...] = ()
    config: HookConfigRow = HookConfigRow()
    last_response: Raw = Raw()  # undecoded: a webhook may not be missed for it


class ErrorRow(Struct, frozen=True):
    """An answer that is not a success: any JSON object (docs/reference/github.md, Writes: 422 shape).

    Undecoded: a member of another shape than the usual one may not hide what the others say.
    """

    message: Raw = Raw()
    errors: Raw = Raw()
    documentation_url: Raw = Raw()


def decode(body: bytes | Raw, kind: type[T], what: str) -> T:
    """Return the body as `kind`. Raises GitHubError that names `what` and the field that does not fit."""
    try:
        return _decode(body, kind)
    except (ValueError, RecursionError) as error:
        problem = decoding_problem_text(error)
        raise GitHubError(f"GitHub's answer about {what} can't be read: {problem}.") from None


def decode_issue_data(body: bytes | Raw, kind: type[T], what: str) -> T:
    """Decode what concerns one issue alone. Raises IssueUnreadableError, as `decode` does GitHubError."""
    try:
        return decode(body, kind, what)
    except GitHubError as error:
        raise IssueUnreadableError(str(error)) from None


def split_list(body: bytes, what: str) -> Sequence[bytes | Raw]:
    """Return the members of a list, undecoded, so that a bad one spoils only itself. Raises GitHubError."""
    return decode(body, list[Raw], what)


def try_decode(raw: bytes | Raw, kind: type[T]) -> T | str:
    """Return one row decoded, or a few words that say which field does not fit."""
    try:
        return _decode(raw, kind)
    except (ValueError, RecursionError) as error:
        return decoding_problem_text(error)


def read_json_members(raw: bytes | Raw) -> Mapping[str, Raw]:
    """Return the members of a row that does not decode, each undecoded; none where it is no object."""
    found = try_decode(raw, dict[str, Raw])
    return {} if isinstance(found, str) else found


def read_json_member(members: Mapping[str, Raw], name: str, kind: type[T]) -> T | None:
    """Return one member of such a row; None where it is absent or of another type."""
    try:
        return _decode(members[name], kind)
    except (KeyError, ValueError, RecursionError):
        return None


def is_json(body: bytes) -> bool:
    """Whether the body is complete JSON: a connection that ends within an answer can look finished."""
    try:
        body.decode()
        _decode(body, Raw)
    except (ValueError, RecursionError):
        return False
    return True


def is_nested_too_deeply(body: bytes) -> bool:
    """Whether the body is not read because of its depth; a page with fewer rows may do."""
    try:
        _decode(body, Raw)
    except RecursionError:
        return True
    except ValueError:
        return False
    return False


def decoding_problem_text(error: Exception) -> str:
    """Say in a few words what is wrong, and with which field."""
    is_well_formed = isinstance(error, msgspec.ValidationError)
    return single_printable_line(str(error)) if is_well_formed else "it is not well-formed JSON"


def encode_body(value: object) -> bytes:
    """Return a request's body. Raises UnicodeEncodeError for text that has no UTF-8 form."""
    return msgspec.json.encode(value)


def error_message(body: bytes) -> str | None:
    """Return GitHub's message with the errors of a 422; None when the body is not a JSON object.

    What can't be read beside the message is left out. Without any words it is "".
    """
    row = try_decode(body, ErrorRow)
    if isinstance(row, str):
        return None
    message, details = _text(row.message), "; ".join(_details(row.errors))
    both = f"{message} ({details})" if message and details else message or details
    return single_printable_line(both)


def error_reason(body: bytes) -> str:
    """Return GitHub's message, or words that say that there is none."""
    return error_message(body) or "no reason given"


def full_error_text(body: bytes) -> str:
    """Return message, errors and documentation address, by which a limit's answer is recognised."""
    row = try_decode(body, ErrorRow)
    if isinstance(row, str):
        return ""
    return " ".join((_text(row.message), *_details(row.errors), _text(row.documentation_url)))


def _text(raw: Raw) -> str:
    return found if isinstance(found := _decode_or_none(raw), str) else ""


def _details(raw: Raw) -> list[str]:
    """The words of `errors`, whatever shape it has: one or many, each a text, a number or an object."""
    each = found if isinstance(found := _decode_or_none(raw), list) else [found]
    return [words for words in map(_detail, each[:MAX_ERRORS_SHOWN]) if words]


def _decode_or_none(raw: Raw) -> object:
    """The value of a member; None where it is absent, or does not decode."""
    try:
        return _decode(raw, Any)
    except (ValueError, RecursionError):
        return None


def _detail(error: object) -> str:
    if not isinstance(error, dict):
        return _scalar_as_text(error)
    names = ("message",) if _scalar_as_text(error.get("message")) else ("resource", "field", "code")
    return " ".join(words for name in names if (words := _scalar_as_text(error.get(name))))


def _scalar_as_text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _decode(body: bytes | Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Lone surrogates (\ud800) are JSON but no text; msgspec refuses a document that contains one.
        repaired = msgspec.json.encode(_replace_surrogates(json.loads(bytes(body).decode())))
        return msgspec.json.decode(repaired, type=kind)


def _replace_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_replace_surrogates(item) for item in value]
        case dict():
            return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
        case _:
            return value
