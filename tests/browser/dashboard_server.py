"""A server in the place of BugSpark's dashboard: static pages, with a strict content policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(kw_only=True)
class DashboardServer:
    """`pages`: what is served, by path; everything else is an empty page. `policy`: the content policy."""

    port: int
    parent: str
    policy: str = ""
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.origin("app")

    def origin(self, name: str) -> str:
        """Return the origin of a host below the parent domain; all of them are this server."""
        return f"http://{name}.{self.parent}:{self.port}"


@contextmanager
def serve_dashboard(parent: str) -> Iterator[DashboardServer]:
    """Serve on a free port of loopback, under every name, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served.pages.get(self.path, "<!doctype html><title>x</title>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", served.policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = DashboardServer(port=server.server_address[1], parent=parent)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
