"""No secret reaches a stream, a row or another host (docs/design.md, Security)."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from reconciler.demo.github.faults import Reply, Rewrite, error, redirect
from tests.support.command import Done, Installation, open_installation

TOKEN = "canaryTokenOfNoKnownShape7f3a"
MARKER = "canary-marker-key-0123456789abcdef"
PASSWORD = "canary-password"
JWT = "canary-jwt-secret-0123456789abcdef"


@contextmanager
def other_host() -> Iterator[tuple[str, list[str]]]:
    """A listener on another loopback port that records each request."""
    received: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def _write_down(self) -> None:
            received.append(f"{self.command} {self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self._write_down
            raise AttributeError(name)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def canaries(installation: Installation) -> tuple[list[str], dict[str, str]]:
    """Secrets everywhere; what must not be seen, and the environment that holds them."""
    key = Fernet.generate_key()
    stored = Fernet(key).encrypt(TOKEN.encode()).decode()
    installation.github.world.add_token("bugspark-bot", TOKEN)
    other = installation.bugspark.add_project("Canary")
    installation.bugspark.add_integration(other, token=stored)
    installation.bugspark.add_report(other, tracking_id="BUG-0001")
    environ = {
        "RECONCILER_BUGSPARK__ENCRYPTION_KEY": key.decode(),
        "RECONCILER_BUGSPARK__JWT_SECRET": JWT,
        "RECONCILER_SYNC__MARKER_KEY": MARKER,
        "RECONCILER_LOG__LEVEL": "debug",
    }
    return [TOKEN, stored, key.decode(), MARKER, JWT], environ


def test_no_secret_leaves(each_installation: Installation) -> None:
    secrets, environ = canaries(each_installation)
    clean = each_installation.reconcile("export", "Canary:BUG-0001", **environ)
    assert clean.code == 0, clean
    done: list[Done] = [
        clean,
        each_installation.reconcile("config", **environ),
        each_installation.reconcile("check", **environ),
    ]
    done.append(each_installation.reconcile("status", "--json", **environ))
    with other_host() as (foreign, received):
        faults = each_installation.github.simulator.faults
        leak = error(403, f"Bearer {TOKEN} is not welcome, nor is {TOKEN}")
        body = f'[{{"url": "{foreign}/evil", "issue_url": "{foreign}/repos/acme/web/issues/1"}}]'.encode()
        page = Reply(status=200, body=body, headers={"Content-Type": "application/json"})
        link = Rewrite(headers={"Link": f'<{foreign}/next>; rel="next"'})
        moved, moved_write = redirect(f"{foreign}/moved", 302), redirect(f"{foreign}/moved", 307)
        for fault, arguments in (
            (leak, ("--project", "Canary", "--json")),
            (moved, ("--project", "Canary")),
            (moved_write, ("check",)),
            (page, ("--project", "Canary")),
            (link, ("discover", "--project", "Canary")),
            (link, ("--project", "Canary")),
        ):
            faults.clear()
            faults.add(fault, times=None, path="^/repos")
            done.append(each_installation.reconcile(*arguments, **environ))
        assert received == []
    assert {each.code for each in done[4:]} == {1}, [each.outcome for each in done[4:]]
    for each in done:
        assert "Traceback" not in each.err
        for secret in secrets:
            assert secret not in each.out
            assert secret not in each.err
    mine = secrets[1]
    for table, rows in each_installation.dump().items():
        for row in rows:
            assert not any(secret in row for secret in secrets if secret != mine), table
            assert mine not in row or table == "integrations"


def test_a_password_in_the_database_address_is_masked(tmp_path: Path, live_url: str) -> None:
    with open_installation(live_url, tmp_path) as installation:
        address = installation.bugspark.engine.url.set(password=PASSWORD)
        url = address.render_as_string(hide_password=False)
        installation.configure(database={"url": url})
        for arguments in (("config",), ("config", "--json"), ("--all", "--json"), ("check",), ("status",)):
            done = installation.reconcile(*arguments, RECONCILER_LOG__LEVEL="debug")
            assert PASSWORD not in done.out + done.err
