"""Strangers' words, fit to stand in a sentence of ours."""

LONGEST = 300


def plain(text: str, longest: int = LONGEST) -> str:
    """One printable line of at most `longest` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
