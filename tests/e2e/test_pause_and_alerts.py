"""A project paused, checked and alerted about by the installed command."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.support.command import Installation


def test_a_paused_project_is_refused_with_the_way_out(installation: Installation) -> None:
    paused = installation.reconcile("pause", "Shop")
    assert (paused.code, "reconcile resume Shop" in paused.out) == (0, True)
    done = installation.sync_shop()
    assert (done.code, done.row["outcome"], installation.asked) == (1, "refused", [])
    assert "reconcile resume Shop" in done.err
    shown = installation.reconcile("status", "--json").rows[0]
    assert (shown["state"], shown["command"]) == ("Paused", "reconcile resume Shop")
    assert installation.reconcile("resume", "Shop").code == 0
    assert installation.sync_shop().code == 0


def test_check_says_each_thing_as_one_object_and_fails_with_one(installation: Installation) -> None:
    fine = installation.reconcile("check", "--json")
    assert (fine.code, [row for row in fine.rows if row["level"] != "ok"]) == (0, [])
    assert "Shop: limit" in {row["name"] for row in fine.rows}
    installation.github.web.allow("bugspark-bot", "read")
    bad = installation.reconcile("check", "--json")
    failed = {row["name"]: row["mend"] for row in bad.rows if row["level"] == "fail"}
    assert (bad.code, list(failed)) == (1, ["Shop: labels", "Shop: claims"])
    assert "write access" in failed["Shop: labels"]
    assert "not linked to issues" in failed["Shop: claims"]


@contextmanager
def listening(taken: list[Any]) -> Iterator[str]:
    """Somebody who takes alerts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            taken.append((dict(self.headers), json.loads(self.rfile.read(length))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/T0K3N"
        finally:
            server.shutdown()
            thread.join()


def test_a_failing_project_is_alerted_once_over_several_commands(installation: Installation) -> None:
    taken: list[Any] = []
    with listening(taken) as url:
        installation.configure(alerts={"url": url})
        installation.github.world.revoke(installation.github.token)
        results = [installation.sync_shop(), installation.sync_shop(), installation.reconcile("config")]
    assert [each.code for each in results] == [1, 1, 0]
    ((headers, body),) = taken
    assert [each["what"] for each in body["entered"]] == ["failing"]
    assert body["project"]["name"] == "Shop"
    assert "Authorization" not in headers
    assert not any("T0K3N" in each.out + each.err for each in results)
