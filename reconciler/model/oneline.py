"""Strangers' words, fit to stand in a sentence of ours."""

MAX_TEXT_CHARS = 300


def single_printable_line(text: str, longest: int = MAX_TEXT_CHARS) -> str:
    """One printable line of at most `longest` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
