"""BugSpark's text as people wrote it: it is stored HTML-escaped (docs/reference/bugspark.md, Text). Pure."""

import html
import re
from html.entities import html5
from typing import Final

_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


def unescape_html(text: str) -> str:
    """Undo one level of HTML escaping, as BugSpark stores it (`don&#x27;t`).

    Only complete entities count, as in Markdown: `html.unescape` would turn `?a=1&copy=2` into `?a=1©=2`.
    """
    return _ENTITY.sub(_decode, text)


def _decode(entity: re.Match[str]) -> str:
    found = entity[0]
    if found[1] == "#":
        return html.unescape(found)
    return html5.get(found[1:], found)
