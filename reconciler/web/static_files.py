"""Our stylesheet, script and mark, each under a name made of its content: browsers may keep it for ever."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

FOLDER = Path(__file__).with_name("static")
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """The files, read once. `names`: `style.css` → `style.0f3a….css`."""

    names: dict[str, str]
    contents: dict[str, tuple[str, bytes]]  # by the long name: content type, bytes

    def asset(self, prefix: str) -> Callable[[str], str]:
        """What templates call: the address of a file. Raises KeyError for one that is not there."""
        return lambda name: f"{prefix}/static/{self.names[name]}"


def read() -> Static:
    """All files of ours."""
    names, contents = {}, {}
    for path in sorted(FOLDER.iterdir()):
        content = path.read_bytes()
        long = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:16]}{path.suffix}"
        names[path.name] = long
        contents[long] = (KINDS[path.suffix], content)
    return Static(names=names, contents=contents)


def router(static: Static) -> APIRouter:
    """A route for each file, for everybody: there is nothing of anybody in them."""
    made = APIRouter(include_in_schema=False)
    for name, (kind, content) in static.contents.items():
        made.add_api_route(f"/static/{name}", _serving(kind, content), methods=["GET"])
    return made


def _serving(kind: str, content: bytes) -> Callable[[], Response]:
    return lambda: Response(content, media_type=kind, headers={"Cache-Control": FOR_EVER})
