"""Smaller pages of a list that GitHub does not answer: the same rows, fewer at once; pure.

Links are followed as they are (docs/reference/github.md, Lists: Paging); only one that GitHub can't answer is
taken apart.
"""

from urllib.parse import parse_qsl, urlencode

SMALLER_PAGES = (50, 25, 10, 1)
"""Rows of a page, after the usual 100, before giving up (docs/reference/github.md, Lists)."""
_USUAL_SIZE = "30"


def url_with_page_size(url: str, size: int) -> str:
    """Return the address of the page of that size that begins with the same row.

    Only where `can_begin_at_same_row` says so.
    """
    query = _query_parameters(url)
    if "page" in query:
        query["page"] = str(_rows_before(query) // size + 1)
    return _with_query_parameters(url, {**query, "per_page": str(size)})


def can_begin_at_same_row(url: str, size: int) -> bool:
    """Whether the rows of a page can be asked for from its first one on, with fewer of them at once."""
    query = _query_parameters(url)
    return size < int(query.get("per_page", _USUAL_SIZE)) and _rows_before(query) % size == 0


def next_single_row_page(url: str) -> str | None:
    """Return the address of the next page of one row; None behind a cursor, which only GitHub can move."""
    query = _query_parameters(url)
    if "after" in query:
        return None
    return _with_query_parameters(url, {**query, "page": str(int(query.get("page", "1")) + 1)})


def _rows_before(query: dict[str, str]) -> int:
    return (int(query.get("page", "1")) - 1) * int(query.get("per_page", _USUAL_SIZE))


def _query_parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2]))


def _with_query_parameters(url: str, query: dict[str, str]) -> str:
    return f"{url.partition('?')[0]}?{urlencode(query)}"
