"""A hostile report, and whether it can do harm on GitHub.

The patterns are written from what GitHub acts on, independently of the program.
"""

import html
import re

from reconciler.demo.compare import INVISIBLE
from reconciler.demo.environment import DemoEnvironment
from reconciler.demo.output import Checklist, cut
from reconciler.demo.sample_data import HOSTILE
from reconciler.demo.texts import HOSTILE_REPORT

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


def find_harms(text: str, *, marked: bool) -> list[str]:
    """Return what a text could do on GitHub; empty if harmless. `marked`: its last line is our own marker."""
    found = [harm for harm, pattern in _HARMS.items() if pattern.search(text)]
    markers = len(re.findall(r"<!--\s*bugspark-sync", text))
    return found if markers == int(marked) else [*found, f"has {markers} markers"]


def show_hostile(environment: DemoEnvironment, checklist: Checklist) -> None:
    """Print the report as it was filed and as it is on GitHub."""
    issue, output = environment.issue(HOSTILE_REPORT), checklist.output
    body = issue.body or ""
    output.line()
    output.line(f"    {HOSTILE_REPORT} was filed anonymously, through the public key:")
    _quote(checklist, html.unescape(HOSTILE.title), html.unescape(HOSTILE.description))
    output.line("    On GitHub, where · stands for an invisible character that disarms:")
    _quote(checklist, issue.title.replace(INVISIBLE, "·"), description_of(body).replace(INVISIBLE, "·"))
    found = [*find_harms(issue.title, marked=False), *find_harms(body, marked=True)]
    checklist.check(", ".join(found) or "it pings nobody, closes nothing, shows no image", not found)


def description_of(body: str) -> str:
    """Return the description in an exported issue."""
    return body.partition("### Description\n\n")[2].partition("\n\n### ")[0]


def _quote(checklist: Checklist, *texts: str) -> None:
    for text in texts:
        for line in filter(str.strip, text.splitlines()):
            checklist.output.line(f"      {cut(line, WIDTH)}", "quiet")
