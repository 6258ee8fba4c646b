"""A hostile report on its way to GitHub, and whether it can do harm there.

The patterns are this file's own, written from what GitHub acts on, not from what the program does about it.
"""

import html
import re

from reconciler.demo.cast import HOSTILE
from reconciler.demo.compare import INVISIBLE
from reconciler.demo.lines import HOSTILE_REPORT
from reconciler.demo.paper import cut
from reconciler.demo.stage import Stage
from reconciler.demo.telling import Telling

WIDTH = 68
_HARMS = {
    "mentions somebody": re.compile(r"@\w"),
    "refers to an issue": re.compile(r"#\d|\bGH-\d|/(?:issues|pull)/\d"),
    "has a tag": re.compile(r"<[a-z/!](?!-- bugspark-sync v1 [^\n]*-->\Z)", re.IGNORECASE),
    "shows an image": re.compile(r"!\["),
    "decodes to an @ or #": re.compile(r"&(?:#\d+|#x[0-9a-f]+|commat|num);", re.IGNORECASE),
    "sends a control character": re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"),
    "gives a bot an order": re.compile(r"^/[a-z]", re.MULTILINE),
}


def harms(text: str, *, marked: bool) -> list[str]:
    """What a text could do on GitHub; nothing, if all is well. `marked`: its last line is our own marker."""
    found = [harm for harm, pattern in _HARMS.items() if pattern.search(text)]
    markers = len(re.findall(r"<!--\s*bugspark-sync", text))
    return found if markers == int(marked) else [*found, f"has {markers} markers"]


def show_hostile(stage: Stage, telling: Telling) -> None:
    """The report as it was filed, and as it stands on GitHub."""
    issue, paper = stage.issue(HOSTILE_REPORT), telling.paper
    body = issue.body or ""
    paper.line()
    paper.line(f"    {HOSTILE_REPORT} was filed by a stranger, through the public key:")
    _quote(telling, html.unescape(HOSTILE.title), html.unescape(HOSTILE.description))
    paper.line("    On GitHub, where · stands for an invisible character that disarms:")
    _quote(telling, issue.title.replace(INVISIBLE, "·"), described(body).replace(INVISIBLE, "·"))
    found = [*harms(issue.title, marked=False), *harms(body, marked=True)]
    telling.promise(", ".join(found) or "it pings nobody, closes nothing, shows no image", not found)


def described(body: str) -> str:
    """The description in an exported issue."""
    return body.partition("### Description\n\n")[2].partition("\n\n### ")[0]


def _quote(telling: Telling, *texts: str) -> None:
    for text in texts:
        for line in filter(str.strip, text.splitlines()):
            telling.paper.line(f"      {cut(line, WIDTH)}", "quiet")
