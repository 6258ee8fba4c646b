"""Stylesheet, script and logo. Each name contains a hash of the content, so that browsers may cache it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

STATIC_FOLDER = Path(__file__).with_name("static")
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
IMMUTABLE_CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFileSet:
    """The files in memory. `hashed_names`: `style.css` → `style.0f3a….css`."""

    hashed_names: dict[str, str]
    contents_by_hashed_name: dict[str, tuple[str, bytes]]  # hashed name → (content type, bytes)

    def asset_url_function(self, prefix: str) -> Callable[[str], str]:
        """Return a function for templates: file name → address. It raises KeyError for an unknown file."""
        return lambda name: f"{prefix}/static/{self.hashed_names[name]}"


def read_static_files() -> StaticFileSet:
    """Read all static files."""
    names, contents = {}, {}
    for path in sorted(STATIC_FOLDER.iterdir()):
        content = path.read_bytes()
        long = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:16]}{path.suffix}"
        names[path.name] = long
        contents[long] = (CONTENT_TYPES[path.suffix], content)
    return StaticFileSet(hashed_names=names, contents_by_hashed_name=contents)


def router(static: StaticFileSet) -> APIRouter:
    """Build a route for each file. No sign-in is needed: the files contain no data."""
    api_router = APIRouter(include_in_schema=False)
    for name, (kind, content) in static.contents_by_hashed_name.items():
        api_router.add_api_route(f"/static/{name}", _file_endpoint(kind, content), methods=["GET"])
    return api_router


def _file_endpoint(kind: str, content: bytes) -> Callable[[], Response]:
    return lambda: Response(content, media_type=kind, headers={"Cache-Control": IMMUTABLE_CACHE_CONTROL})
