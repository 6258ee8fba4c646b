"""What reads the raw text of a comment and ignores Markdown: bots and coding agents, and our own marker.

Bots read bodies as they were sent: a line that begins with a command, or a mention of them, acts in a code
block too. They act with the rights of the account that publishes a stranger's text. So these rules hold
everywhere, code included; everything else in code stays as it is (docs/decisions/0065-code-stays-code.md).
"""

import re
from functools import lru_cache
from typing import Final

from reconciler.model.database_identity import MARKER_NAME
from reconciler.text.code_blocks import ZWSP

BOTS: Final = (
    "bors",
    "claude",
    "coderabbitai",
    "codex",
    "copilot",
    "cursor",
    "dependabot",
    "devin-ai-integration",
    "gemini-cli",
    "k8s-ci-robot",
    "meeseeksdev",
    "mergify",
    "pre-commit-ci",
    "renovate",
    "rustbot",
    "sweep-ai",
)
"""Bots and coding agents that obey a mention. `name[bot]` and `nameio` begin with the same name."""

# Lines end there for JavaScript's regular expressions too.
_LINE_START: Final = r"(?:^|(?<=[\n\u2028\u2029]))"
_BLANK: Final = r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]"
# "/close", "/label area:ui", "/ok-to-test"; not "/usr/bin/env", "/app.js:3".
_SLASH_COMMAND: Final = r"/(?=[A-Za-z0-9_][A-Za-z0-9_:+-]*(?:[^A-Za-z0-9_:+/.\\-]|\.(?:\s|$)|$))"
# bors, Zuul, Prow without its slash, Jenkins' builder of pull requests: the first letter is cut off.
_WORD_COMMAND: Final = (
    r"b(?=ors\b)|r(?=echeck\b|etest\b|everify\b|erun\b|ebase\b)|o(?=k to test\b)|t(?=est this please\b)"
    r"|a(?=dd to (?:white|allow)list\b)"
)
COMMAND_IN_TEXT: Final = rf"{_LINE_START}{_BLANK}*(?:{_SLASH_COMMAND}|{_WORD_COMMAND})"
"""A line that begins with a command; some bots strip all blanks before it. For `re.IGNORECASE`."""

_COMMAND_IN_CODE: Final = re.compile(
    rf"{_LINE_START}{_BLANK}{{0,3}}(?:{_SLASH_COMMAND}|{_WORD_COMMAND})", re.IGNORECASE
)
_MARKER: Final = re.compile(rf"{MARKER_NAME[:8]}(?={MARKER_NAME[8:]})", re.IGNORECASE)


def neutralise_bot_commands(text: str, bots: frozenset[str]) -> str:
    """Return `text`, code or not, in which no bot sees a command or a mention, nor anybody our marker.

    `bots`: logins besides `BOTS`. A mention counts wherever the name begins with a bot's: workflows ask
    whether a text contains "@claude". Linear; a second call changes nothing, and any start of the result is
    inert too.
    """
    for pattern in (_MARKER, _COMMAND_IN_CODE, _mention_pattern(bots)):
        text = pattern.sub(_add_zwsp, text)
    return text


@lru_cache(maxsize=8)
def _mention_pattern(bots: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in sorted({*BOTS, *bots}))
    # Markdown takes the signs between away.
    return re.compile(rf"@[*_~`\\]*(?={names})", re.IGNORECASE)


def _add_zwsp(found: re.Match[str]) -> str:
    return found[0] + ZWSP
