"""Code fences that a stranger left open would show what we write after them, marker included, as code."""

import re
from typing import Final

# A fence is at most this long here: its closing line must fit where the text is cut.
MAX_FENCE_CHARS: Final = 32
# Without a carrier (list, quote) a fence is indented by three spaces at most (CommonMark 0.31, 4.5).
_OPENING: Final = re.compile(r" {0,3}(?:(`{3,})[^`]*|(~{3,}).*)")
_ZWSP: Final = "\u200b"


def close_fences(text: str) -> str:
    r"""Return `text` with every code fence closed; a second call changes nothing.

    Three readings of an indented fence (top level, list item, quote) end in different places, so an opening
    fence loses its indentation: at column 0 it can only be at top level, and one line closes it for sure.
    Fences inside a list or a quote end with it, at the latest at the next line of ours.
    """
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            fence = "" if _is_closing(line, fence) else fence
            lines.append(line)
        else:
            opened, fence = _open_fence(line)
            lines.append(opened)
    return "\n".join([*lines, fence] if fence else lines)


def fence_for(content: str) -> str:
    """Return a backtick fence longer than any run of backticks in `content`."""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    return "`" * max(3, longest + 1)


def _open_fence(line: str) -> tuple[str, str]:
    """Return the line to write and the fence it opens, if any."""
    match = _OPENING.fullmatch(line)
    if match is None:
        return line, ""
    fence = match[1] or match[2]
    if len(fence) > MAX_FENCE_CHARS:
        return _ZWSP + line.lstrip(" "), ""
    return line.lstrip(" "), fence


def _is_closing(line: str, fence: str) -> bool:
    stripped = line.rstrip(" \t")
    bare = stripped.lstrip(" ")
    return len(stripped) - len(bare) <= 3 and len(bare) >= len(fence) and not bare.strip(fence[0])
