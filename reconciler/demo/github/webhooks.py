"""Webhook deliveries: rendered when something happens, signed over the raw body, sent in the background."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec

from reconciler.demo.github.rows import Hook
from reconciler.demo.github.views import Views
from reconciler.demo.github.views_repository import hook as hook_view
from reconciler.demo.github.world import App, Repository, World


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One message to one webhook, and the status of its answer."""

    id: str
    hook: int
    url: str
    event: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    time: float
    status: int | None = None
    """The answer's status; 0 when the receiver could not be reached, None while it waits."""


class Deliveries:
    """Sent and waiting deliveries. `held` delays messages, to arrive late or reordered."""

    def __init__(self, world: World, views: Views) -> None:
        self._world = world
        self._views = views
        self.all: list[Delivery] = []
        self.waiting: deque[Delivery] = deque()
        self.held = False
        self.lost = False
        """Messages are recorded but never sent."""
        self.on_waiting: Callable[[], None] | None = None
        world.on_notice = self.notice
        world.on_ping = self.ping

    def notice(self, repository_id: int, event: str, notice: Mapping[str, Any], by: int) -> None:
        """Render an event and enqueue it for every webhook that subscribes to it, also those of apps."""
        repository = self._world.repositories[repository_id]
        wanted = [hook for hook in repository.hooks.values() if _announces(hook, event)]
        installed = [
            (app.hook, installation)
            for app in self._world.apps.values()
            for installation, repositories in app.installations.items()
            if app.hook is not None and repository_id in repositories and _announces(app.hook, event)
        ]
        if wanted or installed:
            payload = self._payload(repository, notice, by)
            for hook in wanted:
                self._send(hook, event, msgspec.json.encode(payload))
            for hook, installation in installed:
                whose = {"installation": {"id": installation}}
                self._send(hook, event, msgspec.json.encode(payload | whose), target="integration")

    def ping_app(self, app: App) -> None:
        """Enqueue a `ping` for an app's webhook, which names no repository and no installation."""
        if app.hook is not None:
            body = {"zen": "Keep it logically awesome.", "hook_id": app.hook.id, "app_id": app.id}
            self._send(app.hook, "ping", msgspec.json.encode(body), target="integration")

    def ping(self, repository_id: int, hook: Hook) -> None:
        """Enqueue a `ping` for one webhook."""
        repository = self._world.repositories[repository_id]
        body = {
            "zen": "Keep it logically awesome.",
            "hook_id": hook.id,
            "hook": hook_view(self._views, repository, hook),
        }
        self._send(hook, "ping", msgspec.json.encode(body | {"repository": self._short(repository)}))

    def record_answer(self, delivery: Delivery, status: int) -> None:
        """Record how a message was answered; 0: not at all."""
        delivery.status = status
        self._world.hook_answers[delivery.hook] = status

    def redeliver(self, delivery: Delivery) -> None:
        """Send a message again, under the same id (docs/reference/github.md, Webhooks)."""
        self._enqueue(delivery)

    def release(self, *, reverse: bool = False) -> None:
        """Send held messages, in their order or in the reverse one."""
        self.held = False
        if reverse:
            self.waiting.reverse()
        self._wake()

    def _send(self, hook: Hook, event: str, body: bytes, *, target: str = "repository") -> None:
        raw, kind = body, "application/json"
        if hook.content_type == "form":
            raw, kind = urlencode({"payload": body.decode()}).encode(), "application/x-www-form-urlencoded"
        delivery_id = str(uuid.UUID(int=self._world.next_id() << 64, version=4))
        headers = {
            "User-Agent": "GitHub-Hookshot/5im0000",
            "Content-Type": kind,
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery_id,
            "X-GitHub-Hook-ID": str(hook.id),
            "X-GitHub-Hook-Installation-Target-Type": target,
        }
        if hook.secret:
            headers["X-Hub-Signature-256"] = signature(hook.secret, raw)
        delivery = Delivery(
            id=delivery_id,
            hook=hook.id,
            url=hook.url,
            event=event,
            headers=headers,
            body=raw,
            time=self._world.moment(),
        )
        self.all.append(delivery)
        self._enqueue(delivery)

    def _enqueue(self, delivery: Delivery) -> None:
        if not self.lost:
            self.waiting.append(delivery)
            self._wake()

    def _wake(self) -> None:
        if self.on_waiting is not None and not self.held:
            self.on_waiting()

    def _payload(self, repository: Repository, notice: Mapping[str, Any], by: int) -> dict[str, Any]:
        payload: dict[str, Any] = {"action": notice["action"]}
        if "number" in notice:
            payload["issue"] = self._views.issue(repository, repository.issue(notice["number"]))
        if "comment" in notice:
            row = repository.comments.get(notice["comment"])
            payload["comment"] = None if row is None else self._views.comment(repository, row)
        if "label" in notice:
            payload["label"] = self._views.label(repository, repository.labels[notice["label"]])
        if "changes" in notice:
            payload["changes"] = notice["changes"]
        return payload | {"repository": self._short(repository), "sender": self._views.user(by)}

    def _short(self, repository: Repository) -> dict[str, Any]:
        return {
            "id": repository.id,
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
            "owner": self._views.user(repository.owner),
            "html_url": f"{self._views.web}/{repository.full_name}",
        }


def _announces(hook: Hook, event: str) -> bool:
    return hook.active and ("*" in hook.events or event in hook.events)


def signature(secret: str, body: bytes) -> str:
    """Return the `X-Hub-Signature-256` of a raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
