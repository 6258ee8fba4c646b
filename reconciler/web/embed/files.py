"""The embedded module and its addresses. Read once, when the application is built.

Source: docs/reference/contract.md, HTTP, `/embed/…`.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

EMBED_FOLDER = Path(__file__).parent
MODULE_FOLDER = EMBED_FOLDER / "module"
MODULE_PARTS = (
    "words_en.js",
    "words_zh_hk.js",
    "language.js",
    "dom.js",
    "page.js",
    "feed.js",
    "styles.js",
    "element.js",
    "badge.js",
    "panel.js",
    "report.js",
    "settings.js",
    "project.js",
    "define.js",
)
"""The files of the module, each after those whose names it uses when it is loaded."""
STABLE_NAME = "bugspark-sync.js"
TYPES_NAME = "bugspark-sync.d.ts"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedFiles:
    """The module and its type declarations, as they are sent."""

    module: bytes
    types: bytes

    @property
    def hashed_name(self) -> str:
        """The module's file name that changes with its content."""
        return f"bugspark-sync.{hashlib.sha256(self.module).hexdigest()[:16]}.js"

    @property
    def integrity(self) -> str:
        """The value of the attribute `integrity` of a script element (Subresource Integrity)."""
        return f"sha384-{base64.b64encode(hashlib.sha384(self.module).digest()).decode('ascii')}"


def read_embed_files() -> EmbedFiles:
    """Read the files. Raises OSError if one is missing."""
    parts = [(MODULE_FOLDER / name).read_bytes() for name in MODULE_PARTS]
    return EmbedFiles(module=b"\n".join(parts), types=(EMBED_FOLDER / TYPES_NAME).read_bytes())
