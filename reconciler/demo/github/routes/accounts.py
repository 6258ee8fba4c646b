"""Accounts, limits, and endpoints of GitHub Apps (docs/reference/github.md, Credentials and versions)."""

from __future__ import annotations

from datetime import timedelta

from reconciler.demo.github.messages import Answer, Problem, answered, not_found
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.views import stamp
from reconciler.demo.github.world import App

_LIFETIME = timedelta(hours=1)


def get_self(call: Exchange) -> Answer:
    """Answer `GET /user`: refused to app installations."""
    if call.via_app:
        raise call.caller.refusal()
    return answered(call.views.account(call.user()))


def get_user(call: Exchange) -> Answer:
    """Answer `GET /users/{login}`."""
    try:
        return answered(call.views.account(call.world.user(call.param("login"))))
    except KeyError:
        raise not_found() from None


def get_limits(call: Exchange) -> Answer:
    """Answer `GET /rate_limit`, which costs nothing."""
    return answered(call.limits.overview(call.caller.account, call.world.moment()))


def get_app(call: Exchange) -> Answer:
    """Answer `GET /app`."""
    return answered(call.views.app(_app(call).id))


def get_installation(call: Exchange) -> Answer:
    """Answer `GET /repos/{owner}/{repo}/installation`."""
    app = _app(call)
    repository_id = call.world.names.get(f"{call.param('owner')}/{call.param('name')}".lower())
    for installation, repositories in app.installations.items():
        if repository_id in repositories:
            return answered(_installation(call, app, installation))
    raise not_found()


def make_token(call: Exchange) -> Answer:
    """Answer `POST /app/installations/{id}/access_tokens`: a token for an hour."""
    app, installation = _app(call), int(call.params["installation"])
    if installation not in app.installations:
        raise not_found()
    token = call.world.install_token(app, installation, call.world.clock.now() + _LIFETIME)
    expires = token.expires or call.world.clock.now()
    shown = {
        "token": token.value,
        "expires_at": stamp(expires.timestamp()),
        "permissions": {"issues": "write", "metadata": "read"},
        "repository_selection": "selected",
    }
    return answered(shown, 201)


def _app(call: Exchange) -> App:
    if call.caller.app is None:
        raise Problem(401, "A JSON web token could not be decoded")
    return call.caller.app


def _installation(call: Exchange, app: App, installation: int) -> dict[str, object]:
    url = f"{call.views.api}/app/installations/{installation}"
    made = stamp(call.world.users[app.bot].created)
    return {
        "id": installation,
        "account": call.views.user(app.owner),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{call.views.api}/installation/repositories",
        "html_url": f"{call.views.web}/settings/installations/{installation}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": app.owner,
        "target_type": "User",
        "permissions": {"issues": "write", "metadata": "read"},
        "events": ["issues", "issue_comment", "label"],
        "created_at": made,
        "updated_at": made,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
    }
