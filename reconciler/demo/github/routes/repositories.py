"""A repository and its webhooks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from reconciler.demo.github.messages import NO_CONTENT, Answer, answered, invalid, not_found
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Hook, Level
from reconciler.demo.github.views_repository import hook as hook_view
from reconciler.demo.github.views_repository import repository as repository_view
from reconciler.demo.github.world import Repository


def get_repository(call: Exchange) -> Answer:
    """Answer `GET /repos/{owner}/{repo}` and `GET /repositories/{id}`."""
    found = call.repository()
    return answered(repository_view(call.views, found, call.caller.level(found)))


def list_hooks(call: Exchange) -> Answer:
    """Answer `GET …/hooks`."""
    repository = _administered(call)
    return answered([hook_view(call.views, repository, hook) for hook in repository.hooks.values()])


def get_hook(call: Exchange) -> Answer:
    """Answer `GET …/hooks/{id}`."""
    repository = _administered(call)
    return answered(hook_view(call.views, repository, _hook(call, repository)))


def make_hook(call: Exchange) -> Answer:
    """Answer `POST …/hooks`; a second one for the same address is refused."""
    repository, body = _administered(call), call.body()
    config = body.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("url"), str):
        raise invalid("Hook", "config", "url cannot be blank", "missing_field")
    if any(hook.url == config["url"] for hook in repository.hooks.values()):
        raise invalid("Hook", "config", "Hook already exists on this repository")
    hook = repository.add_hook(
        config["url"],
        tuple(body.get("events", ["push"])),
        secret=config.get("secret"),
        content_type=_content_type(config),
        active=bool(body.get("active", True)),
        insecure_ssl=str(config.get("insecure_ssl", "0")),
    )
    return answered(hook_view(call.views, repository, hook), 201)


def change_hook(call: Exchange) -> Answer:
    """Answer `PATCH …/hooks/{id}`; a given `config` replaces the whole one, a missing secret included."""
    repository, body = _administered(call), call.body()
    hook = _hook(call, repository)
    changes: dict[str, Any] = {"updated": call.world.second()}
    config = body.get("config")
    if isinstance(config, dict):
        changes |= {
            "url": config.get("url", hook.url),
            "secret": config.get("secret"),
            "content_type": _content_type(config),
            "insecure_ssl": str(config.get("insecure_ssl", "0")),
        }
    if "events" in body:
        changes["events"] = tuple(body["events"])
    if "active" in body:
        changes["active"] = bool(body["active"])
    changed = repository.hooks[hook.id] = replace(hook, **changes)
    return answered(hook_view(call.views, repository, changed))


def ping_hook(call: Exchange) -> Answer:
    """Answer `POST …/hooks/{id}/pings`."""
    repository = _administered(call)
    call.world.ping(repository.id, _hook(call, repository))
    return Answer(status=NO_CONTENT)


def _administered(call: Exchange) -> Repository:
    """Return the repository; without admin rights, raises Problem 403 for an app and 404 for others."""
    repository = call.repository()
    call.user()
    if call.may(repository, Level.ADMIN):
        return repository
    token = call.caller.token
    raise (
        call.caller.refusal("repository_hooks=write")
        if token is not None and token.kind != "classic"
        else not_found()
    )


def _hook(call: Exchange, repository: Repository) -> Hook:
    hook = repository.hooks.get(int(call.params["hook"]))
    if hook is None:
        raise not_found()
    return hook


def _content_type(config: dict[str, Any]) -> Literal["json", "form"]:
    return "json" if config.get("content_type") == "json" else "form"
