"""The part of docs/embed.md that changes with the module: its name and integrity value."""

import re
from pathlib import Path

from reconciler.web.embed.files import EmbedFiles

DOCUMENT = Path(__file__).parents[2] / "docs/embed.md"


def with_module(text: str, files: EmbedFiles) -> str:
    """Return the document's text with the name and the integrity value of this module."""
    text = re.sub(r"bugspark-sync\.[0-9a-f]{16}\.js", files.hashed_name, text)
    return re.sub(r'integrity="[^"]*"', f'integrity="{files.integrity}"', text)
