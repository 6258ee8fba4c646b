"""Apps made from a manifest: the page on the web host, and the exchange of the code.

Source: docs/reference/github.md, Credentials and versions, App manifest flow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from reconciler.demo.github.messages import Answer, Problem, answered, not_found
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Hook
from reconciler.demo.github.world.manifests import PendingApp, make_key_pair

_REQUIRED = ("url", "redirect_url")


def submit_manifest(call: Exchange) -> Answer:
    """Answer `POST /settings/apps/new` as if the person had agreed at once: a redirect with a code.

    The App belongs to the organization in the path, or to the first account. A form of another host is what
    GitHub expects, so neither a sign-in nor an origin is checked.
    """
    form = dict(parse_qsl(call.request.body.decode("ascii", "replace"), keep_blank_values=True))
    manifest = _decode_manifest(form.get("manifest", ""))
    try:
        owner = call.world.user(call.param("org")) if "org" in call.params else call.world.first_account()
    except KeyError:
        raise not_found() from None
    code = call.world.manifests.add(PendingApp(owner=owner.login, manifest=manifest, at=call.world.moment()))
    query = {"code": code} | ({"state": call.request.query["state"]} if "state" in call.request.query else {})
    return Answer(status=302, headers={"Location": f"{manifest['redirect_url']}?{urlencode(query)}"})


def convert_code(call: Exchange) -> Answer:
    """Answer `POST /app-manifests/{code}/conversions`: once, within an hour."""
    pending = call.world.manifests.take(call.param("code"), call.world.moment())
    if pending is None:
        raise not_found()
    private_key, public_key = make_key_pair()
    name = str(pending.manifest.get("name") or "app")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    secret = f"{call.world.next_id():040x}"
    hook = _hook_of(call, pending.manifest, secret)
    app = call.world.add_app(slug, pending.owner, public_key, [], hook=hook)
    shown = call.views.app(app.id) | {
        "pem": private_key,
        "webhook_secret": secret,
        "client_id": f"Iv1.{app.id:016x}",
        "client_secret": f"{app.id:040x}",
    }
    return answered(shown, 201)


def _hook_of(call: Exchange, manifest: Mapping[str, Any], secret: str) -> Hook | None:
    attributes = manifest.get("hook_attributes")
    if not attributes:
        return None
    now = call.world.second()
    return Hook(
        id=call.world.next_id(),
        url=attributes["url"],
        events=tuple(manifest.get("default_events", ())),
        secret=secret,
        content_type="json",
        active=attributes.get("active", True),
        created=now,
        updated=now,
    )


def _decode_manifest(text: str) -> dict[str, Any]:
    try:
        manifest = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Problem(422, "Invalid GitHub App configuration") from error
    hook = manifest.get("hook_attributes", {"url": "-"})
    missing = [name for name in _REQUIRED if not manifest.get(name)]
    if missing or not (isinstance(hook, dict) and hook.get("url")):
        raise Problem(422, "Invalid GitHub App configuration", errors='"url" wasn\'t supplied.')
    return manifest
