"""Pages of a list: the rows of a request, and its `Link` header.

Source: docs/reference/github.md, Lists.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from reconciler.demo.github.facts import Facts
from reconciler.demo.github.messages import Problem, invalid
from reconciler.demo.github.table import Key, Order, Timed, Window

PER_PAGE = 30
MOST_PER_PAGE = 100
_TOO_DEEP = (
    "In order to keep the API fast for everyone, pagination is limited for this resource."
    " Check the rel=last link relation in the Link response header to see how far back you can traverse."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of a list that a request names."""

    number: int
    size: int
    after: Key | None = None

    @property
    def offset(self) -> int:
        """Rows before this page; a cursor has none."""
        return 0 if self.after else (self.number - 1) * self.size


def page_of(query: Mapping[str, str]) -> Page:
    """Return the page of a query; invalid numbers mean the default. Raises Problem for an invalid cursor."""
    size = min(_positive(query.get("per_page"), PER_PAGE), MOST_PER_PAGE)
    return Page(number=_positive(query.get("page"), 1), size=size, after=_cursor(query.get("after")))


def window(query: Mapping[str, str], page: Page, facts: Facts, *, order: Order, descending: bool) -> Window:
    """Return the window of a table for a page, one row longer so that a next page is noticed."""
    if facts.deep_page_rows is not None and page.offset >= facts.deep_page_rows:
        raise Problem(422, _TOO_DEEP)
    since = since_of(query)
    if since is not None and not facts.since_inclusive:
        since += 1
    return Window(
        order=order,
        descending=descending,
        since=since,
        after=page.after,
        offset=page.offset,
        limit=page.size + 1,
    )


def since_of(query: Mapping[str, str]) -> int | None:
    """Return `since` in seconds since the epoch; raises Problem 422 when it is no time."""
    text = query.get("since")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid("Issue", "since", "since is not a valid ISO 8601 time", "invalid") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def links(
    address: str, query: Mapping[str, str], page: Page, *, more: bool, total: int | None, last_key: Key | None
) -> dict[str, str]:
    """Return the `Link` header of a page, empty if there is no other page.

    `last_key`: key of the page's last row when cursors are in use; `total`: number of rows when known.
    """
    steps: dict[str, dict[str, str]] = {}
    if more and last_key is not None:
        steps["next"] = {"after": urlsafe_b64encode(f"{last_key[0]}:{last_key[1]}".encode()).decode()}
    elif more:
        steps["next"] = {"page": str(page.number + 1)}
        if total is not None:
            steps["last"] = {"page": str(-(-total // page.size))}
    if page.number > 1 and page.after is None:
        steps["prev"] = {"page": str(page.number - 1)}
        steps["first"] = {"page": "1"}
    kept = {name: value for name, value in query.items() if name not in ("page", "after", "before")}
    return (
        {
            "Link": ", ".join(
                f'<{address}?{urlencode(kept | step)}>; rel="{rel}"' for rel, step in steps.items()
            )
        }
        if steps
        else {}
    )


def key_of(rows: Sequence[Timed], order: Order) -> Key | None:
    """Return the key of the last row."""
    if not rows:
        return None
    last = rows[-1]
    return (last.updated if order == "updated" else last.created, last.id)


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else default


def _cursor(text: str | None) -> Key | None:
    if not text:
        return None
    try:
        first, _, second = urlsafe_b64decode(text.encode()).decode().partition(":")
        return int(first), int(second)
    except (ValueError, Base64Error) as error:
        raise Problem(422, "The cursor is not valid") from error
