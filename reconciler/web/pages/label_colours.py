"""Labels in GitHub's colours, each with a readable text colour. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.link import Link, LinkState

LIGHT, DARK, MIN_CONTRAST = "light", "dark", 4.5
DEFAULT_LABEL_COLOUR = "ededed"
"""GitHub's default colour, also used for labels whose colour has not been read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChip:
    """A label as a chip. `colour`: six hexadecimal digits; `ink`: LIGHT or DARK, for the text."""

    name: str
    colour: str
    ink: str


def label_chips(link: Link | None) -> tuple[LabelChip, ...]:
    """Return the labels that were last read from a link's issue, in GitHub's order."""
    if link is None or link.seen is None or link.state is LinkState.UNLINKED:
        return ()
    return tuple(_coloured_chips(link.seen.labels, dict(link.seen.colours)))


def _coloured_chips(names: tuple[str, ...], colours: dict[str, str]) -> Iterator[LabelChip]:
    for name in names:
        colour = colours.get(name, DEFAULT_LABEL_COLOUR)
        yield LabelChip(name=name, colour=colour, ink=ink_for_background(colour))


def ink_for_background(colour: str) -> str:
    """Return LIGHT if white text is readable on this colour, else DARK: at least 4.5:1 (WCAG 2)."""
    return LIGHT if 1.05 / (relative_luminance(colour) + 0.05) >= MIN_CONTRAST else DARK


def relative_luminance(colour: str) -> float:
    """Return the relative luminance: 0 for black, 1 for white (WCAG 2)."""
    red, green, blue = (_linear_light(int(colour[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear_light(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
