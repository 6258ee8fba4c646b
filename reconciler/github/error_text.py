"""GitHub's error messages made fit to be shown to people: one line, no secret, not long."""

from reconciler.github.wire import FieldErrorRow, MessageRow, try_decode
from reconciler.model.formatting import single_printable_line


def error_message(body: bytes) -> str | None:
    """Return GitHub's message with the errors of a 422; None when the body is not in GitHub's shape."""
    row = try_decode(body, MessageRow)
    if isinstance(row, str):
        return None
    details = "; ".join(_detail(error) for error in row.errors)
    return single_printable_line(f"{row.message} ({details})" if details else row.message)


def error_reason(body: bytes) -> str:
    """Return GitHub's message, or words that say that there is none."""
    return error_message(body) or "no reason given"


def limit_hint(body: bytes) -> str:
    """Return message and documentation address, by which a limit's answer is recognised."""
    row = try_decode(body, MessageRow)
    return "" if isinstance(row, str) else f"{row.message} {row.documentation_url or ''}"


def _detail(error: FieldErrorRow | str) -> str:
    if isinstance(error, str):
        return error
    words = (error.message,) if error.message else (error.resource, error.field, error.code)
    return " ".join(word for word in words if word)
