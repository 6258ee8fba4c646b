"""Where alerts are POSTed to in tests."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.alerts.post import AlertPoster
from reconciler.bootstrap.application import Application
from reconciler.model.secret import Secret


@dataclass
class Listener:
    """Takes alerts, or refuses them with `status`."""

    status: int = 200
    asked: int = 0
    taken: list[Any] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.status == 200:
            self.taken.append(json.loads(request.content))
        return httpx.Response(self.status)

    def tell(self, app: Application) -> None:
        transport = httpx.MockTransport(self.answer)
        app._container.alert_poster = AlertPoster(
            Secret("https://a.test"), user_agent="test", inner=transport
        )

    @property
    def changes(self) -> list[tuple[list[str], list[str]]]:
        """What entered and what left, batch by batch."""
        return [
            ([each["what"] for each in batch["entered"]], [each["what"] for each in batch["left"]])
            for batch in self.taken
        ]
