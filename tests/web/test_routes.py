"""The JSON API: who has access, which projects they see, and its answers."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.routing import Route

from reconciler.model.fields import Status
from tests.web.harness import WebHarness, issue_event, open_web
from tests.web.users import BUGSPARK, JWT_SECRET, bearer, join, owner_of, token


@pytest.fixture
async def harness(migrated: str) -> AsyncIterator[WebHarness]:
    async with open_web(migrated, **BUGSPARK) as opened:
        yield opened


async def names(harness: WebHarness, user: UUID) -> list[str]:
    """Return the projects that a user sees."""
    answer = await harness.client.get("/api/v1/projects", headers=bearer(harness, user))
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()]


def paths(harness: WebHarness, report: UUID | None = None) -> list[str]:
    return [f"/api/v1/projects/{harness.project}", f"/api/v1/reports/{report or uuid4()}"]


async def test_without_a_token_nothing_is_revealed(harness: WebHarness) -> None:
    report = harness.bugspark.add_report(harness.project)
    for path in ("/api/v1/projects", *paths(harness, report), "/api/v1/projects/no-id"):
        answer = await harness.client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "Shop" not in answer.text


async def test_bugsparks_cookie_and_the_same_token_as_bearer_let_its_user_in(harness: WebHarness) -> None:
    owner = owner_of(harness, harness.project)
    assert await names(harness, owner) == ["Shop"]
    cookie = {"Cookie": f"bugspark_access_token={token(owner, harness.clock.now())}"}
    answer = await harness.client.get("/api/v1/projects", headers=cookie)
    assert [each["name"] for each in answer.json()] == ["Shop"]


@pytest.mark.parametrize(
    "claims",
    [
        {"type": "refresh"},
        {"type": None},
        {"sub": "no-id"},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 99_999_999_999},
        {"secret": "another secret that is long enough"},
        {"algorithm": "HS512"},
    ],
    ids=str,
)
async def test_a_token_that_is_not_bugsparks_access_token_is_refused(
    harness: WebHarness, claims: dict[str, Any]
) -> None:
    made = token(owner_of(harness, harness.project), harness.clock.now(), **claims)
    answer = await harness.client.get("/api/v1/projects", headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 401


async def test_an_unsigned_or_mangled_token_is_refused(harness: WebHarness) -> None:
    owner = owner_of(harness, harness.project)
    good = token(owner, harness.clock.now())
    head, claims, mac = good.split(".")
    unsigned = token(owner, harness.clock.now(), secret="", algorithm="none")
    other = token(uuid4(), harness.clock.now()).split(".")[1]
    for bad in (
        unsigned,
        f"{head}.{claims}.",
        f"{head}.{other}.{mac}",
        f"{head}.{claims}",
        "..",
        "a.b.c",
        "é.é.é",
    ):
        headers = [(b"Authorization", f"Bearer {bad}".encode())]
        assert (await harness.client.get("/api/v1/projects", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "values",
    [{"is_active": False}, {"beta_status": "pending"}, {"beta_status": "rejected"}],
    ids=str,
)
async def test_a_user_who_may_not_use_bugspark_may_not_come_in_here(
    harness: WebHarness, values: dict[str, Any]
) -> None:
    user = harness.bugspark.add_user("Mallory", **values)
    harness.bugspark.add_project("Hers", owner=user)
    assert (await harness.client.get("/api/v1/projects", headers=bearer(harness, user))).status_code == 401


async def test_a_deleted_or_unknown_user_is_not_signed_in(harness: WebHarness) -> None:
    assert (await harness.client.get("/api/v1/projects", headers=bearer(harness, uuid4()))).status_code == 401


async def test_only_owners_accepted_members_and_superadmins_see_a_project(
    harness: WebHarness,
) -> None:
    add = harness.bugspark.add_user
    approved, member, invited, root, other = (
        add("A", beta_status="approved"),
        add("M"),
        add("I"),
        add("R", role="superadmin"),
        add("O", role="admin"),
    )
    join(harness, member, harness.project)
    join(harness, invited, harness.project, accepted=False)
    assert await names(harness, owner_of(harness, harness.project)) == ["Shop"]
    assert await names(harness, member) == ["Shop"]
    assert await names(harness, root) == ["Shop"]
    assert [await names(harness, each) for each in (invited, other, approved)] == [[], [], []]


async def test_only_the_owner_and_superadmins_may_change(harness: WebHarness) -> None:
    member, root = harness.bugspark.add_user("M"), harness.bugspark.add_user("R", role="superadmin")
    join(harness, member, harness.project)
    found = {}
    for user in (owner_of(harness, harness.project), member, root):
        answer = await harness.client.get(paths(harness)[0], headers=bearer(harness, user))
        found[user] = answer.json()["may_change"]
    assert list(found.values()) == [True, False, True]


async def test_every_route_answers_another_projects_user_as_if_there_were_nothing(
    harness: WebHarness,
) -> None:
    other_user = harness.bugspark.add_user("Stranger")
    theirs = harness.bugspark.add_project("Theirs", owner=other_user)
    harness.bugspark.add_integration(theirs, owner="acme", repo="theirs")
    report = harness.bugspark.add_report(harness.project)
    ids = {"project_id": str(harness.project), "report_id": str(report)}
    asked = 0
    for path in (path for path in described(harness) if "{" in path and "webhooks" not in path):
        real = path.format(**ids)
        unknown = path.format(project_id=uuid4(), report_id=uuid4())
        misspelt = path.format(**{name: f"{value}x" for name, value in ids.items()})
        answers = [
            await harness.client.get(each, headers=bearer(harness, other_user))
            for each in (real, unknown, misspelt)
        ]
        assert [each.status_code for each in answers] == [404, 404, 404], path
        assert len({each.text for each in answers}) == 1
        mine = await harness.client.get(real, headers=bearer(harness, owner_of(harness, harness.project)))
        assert mine.status_code == 200, path
        asked += 1
    assert asked >= 2
    assert await names(harness, other_user) == ["Theirs"]


def described(harness: WebHarness) -> list[str]:
    """The paths of every route there is with a GET, so that a new one can't be forgotten."""
    app: Any = harness.app
    return [each.path for each in every_route(app.routes) if "GET" in (each.methods or set())]


def every_route(routes: Iterable[Any]) -> Iterator[Route]:
    """FastAPI keeps an included router as it is."""
    for each in routes:
        if isinstance(each, Route):
            yield each
        else:
            yield from every_route(each.original_router.routes)


async def test_a_project_that_was_switched_off_is_not_there(harness: WebHarness) -> None:
    owner = owner_of(harness, harness.project)
    harness.bugspark.execute("UPDATE projects SET is_active = FALSE")
    assert await names(harness, owner) == []
    assert (await harness.client.get(paths(harness)[0], headers=bearer(harness, owner))).status_code == 404


async def test_a_project_shows_its_repository_webhook_and_health(migrated: str) -> None:
    address = {"public_url": "https://sync.example.com"}
    async with open_web(migrated, **BUGSPARK, web=address) as harness:
        headers = bearer(harness, owner_of(harness, harness.project)) | {"Host": "sync.example.com"}
        fresh = (await harness.client.get(paths(harness)[0], headers=headers)).json()
        assert fresh["repository"] == "acme/web"
        assert fresh["health"]["state"] == "Not looked at yet"
        hook = f"https://sync.example.com/api/v1/webhooks/github/{harness.project}"
        assert (fresh["webhook"]["url"], fresh["webhook"]["last_delivery"]) == (hook, None)
        assert (await harness.deliver(issue_event(), event="issues")).status_code == 202
        after = (await harness.client.get(paths(harness)[0], headers=headers)).json()
        now = harness.clock.now().isoformat().replace("+00:00", "Z")
    assert after["webhook"]["last_delivery"] == {"event": "issues", "at": now}
    assert after["webhook"]["received"] == 1


async def test_a_project_whose_integration_is_broken_says_so_and_shows_no_token(harness: WebHarness) -> None:
    owner = harness.bugspark.add_user("Owner")
    broken = harness.bugspark.add_project("Broken", owner=owner)
    harness.bugspark.add_integration(
        broken, config={"token": "gAAAAAtoken-that-cannot-be-read", "owner": "a", "repo": "b"}
    )
    bare = harness.bugspark.add_project("Bare", owner=owner)
    headers = bearer(harness, owner)
    details = (await harness.client.get(f"/api/v1/projects/{broken}", headers=headers)).json()
    assert details["health"]["state"] == "Failed"
    assert "no key is configured" in details["health"]["reason"]
    assert "gAAAA" not in str(details)
    answer = await harness.client.get(f"/api/v1/projects/{bare}", headers=headers)
    assert answer.status_code == 200
    assert "no active github integration" in answer.json()["health"]["reason"]


async def test_a_report_without_issue_is_unlinked(harness: WebHarness) -> None:
    report = harness.bugspark.add_report(harness.project, status=Status.TRIAGING)
    comment = harness.bugspark.add_comment(report, "Mine")
    answer = await harness.client.get(
        paths(harness, report)[1], headers=bearer(harness, owner_of(harness, harness.project))
    )
    details = answer.json()
    assert (details["state"], details["reason"], details["issue"]) == ("unlinked", None, None)
    assert details["project"] == {"id": str(harness.project), "name": "Shop"}
    assert [(each["id"], each["source"]) for each in details["comments"]] == [(str(comment), "bugspark")]


@pytest.mark.parametrize("origin", [None, "https://bugs.example.com", "https://evil.example.com", "null"])
async def test_only_bugsparks_dashboard_may_read_from_its_own_pages(
    migrated: str, origin: str | None
) -> None:
    keys = {"jwt_secret": JWT_SECRET, "dashboard_url": "https://bugs.example.com/app"}
    async with open_web(migrated, bugspark=keys) as harness:
        is_allowed = origin == "https://bugs.example.com"
        headers = bearer(harness, owner_of(harness, harness.project)) | ({"Origin": origin} if origin else {})
        read = await harness.client.get("/api/v1/projects", headers=headers)
        asking = {"Origin": origin or "x", "Access-Control-Request-Method": "GET"}
        preflight = await harness.client.options("/api/v1/projects", headers=asking)
        hook = await harness.client.options(harness.path(), headers=asking)
    assert allowed(read) == (origin if is_allowed else None)
    assert allowed(preflight) == (origin if is_allowed else None)
    assert preflight.status_code == (204 if is_allowed else 403)
    assert "Origin" in read.headers["vary"]
    assert (allowed(hook), hook.status_code) == (None, 405)


async def test_without_a_dashboard_no_other_page_may_read(harness: WebHarness) -> None:
    for origin in ("nobody", "none", "null", "https://"):
        headers = bearer(harness, owner_of(harness, harness.project)) | {"Origin": origin}
        assert allowed(await harness.client.get("/api/v1/projects", headers=headers)) is None


def allowed(answer: httpx.Response) -> str | None:
    """The origin whose pages may read the answer, cookies included."""
    origin: str | None = answer.headers.get("access-control-allow-origin")
    assert (answer.headers.get("access-control-allow-credentials") == "true") == (origin is not None)
    return origin


async def test_an_unavailable_database_is_reported_without_its_name(harness: WebHarness) -> None:
    headers = bearer(harness, owner_of(harness, harness.project))
    harness.bugspark.execute("ALTER TABLE users RENAME TO away")
    answer = await harness.client.get("/api/v1/projects", headers=headers)
    assert (answer.status_code, answer.json()) == (503, {"detail": "The database can't be used now."})
