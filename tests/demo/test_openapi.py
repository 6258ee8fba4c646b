"""The simulator's answers against GitHub's own OpenAPI description, in both versions of the API.

The models are generated from that description; `githubkit-schemas` (a development dependency) ships them.
"""

import importlib
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from tests.support.github import GitHub, install_app

ISSUES = "/repos/acme/web/issues"
VERSIONS = {"2022-11-28": "v2022_11_28", "2026-03-10": "v2026_03_10"}


@dataclass(frozen=True, slots=True)
class Description:
    """The models of one version of the API."""

    version: str

    def check(self, answer: httpx.Response, model: str, *, many: bool = False) -> Any:
        """Validate an answer strictly against a model; returns its JSON."""
        assert answer.is_success, answer.text
        models = importlib.import_module(f"githubkit_schemas.{VERSIONS[self.version]}.models")
        kind: Any = getattr(models, model)
        adapter: TypeAdapter[Any] = TypeAdapter(list[kind] if many else kind)
        adapter.validate_json(answer.content)
        return answer.json()


@pytest.fixture(params=VERSIONS)
def described(request: pytest.FixtureRequest, bot: httpx.AsyncClient) -> Description:
    bot.headers["X-GitHub-Api-Version"] = request.param
    return Description(request.param)


@pytest.fixture(autouse=True)
def some_rows(github: GitHub) -> None:
    github.web.open_issue("Broken", "Text", by="alice", labels=["bug"])
    github.web.open_issue("No text", by="bob")
    github.web.open_issue("Change", by="bob", pull_request=True)
    github.web.close(2, by="alice", reason="not_planned")
    github.web.comment(1, "Hello", by="bob")


async def test_issues(bot: httpx.AsyncClient, described: Description) -> None:
    listed = described.check(await bot.get(ISSUES, params={"state": "all"}), "Issue", many=True)
    assert len(listed) == 3
    for number in (1, 2, 3):
        described.check(await bot.get(f"{ISSUES}/{number}"), "Issue")
    described.check(await bot.post(ISSUES, json={"title": "New", "labels": ["high"]}), "Issue")
    for state in ("closed", "open"):
        described.check(await bot.patch(f"{ISSUES}/1", json={"state": state}), "Issue")


async def test_the_issue_of_a_deleted_account(
    github: GitHub, bot: httpx.AsyncClient, described: Description
) -> None:
    github.world.assume(deleted_account="null")
    github.world.delete_user("bob")
    described.check(await bot.get(f"{ISSUES}/2"), "Issue")
    described.check(await bot.get(f"{ISSUES}/comments"), "IssueComment", many=True)


async def test_comments(bot: httpx.AsyncClient, described: Description) -> None:
    made = described.check(await bot.post(f"{ISSUES}/1/comments", json={"body": "Hi"}), "IssueComment")
    described.check(await bot.get(f"{ISSUES}/1/comments"), "IssueComment", many=True)
    described.check(await bot.get(f"{ISSUES}/comments"), "IssueComment", many=True)
    described.check(await bot.get(made["url"]), "IssueComment")
    described.check(await bot.patch(made["url"], json={"body": "Ho"}), "IssueComment")


async def test_labels(bot: httpx.AsyncClient, described: Description) -> None:
    described.check(await bot.post(f"{ISSUES}/1/labels", json={"labels": ["a b"]}), "Label", many=True)
    described.check(await bot.get(f"{ISSUES}/1/labels"), "Label", many=True)
    described.check(await bot.get("/repos/acme/web/labels"), "Label", many=True)
    described.check(await bot.delete(f"{ISSUES}/1/labels/a%20b"), "Label", many=True)


async def test_assignees(bot: httpx.AsyncClient, described: Description) -> None:
    change = {"assignees": ["alice"]}
    described.check(await bot.post(f"{ISSUES}/1/assignees", json=change), "Issue")
    described.check(await bot.request("DELETE", f"{ISSUES}/1/assignees", json=change), "Issue")


async def test_events(github: GitHub, bot: httpx.AsyncClient, described: Description) -> None:
    github.web.unlabel(1, "bug", by="alice")
    github.web.retitle(1, "Other", by="alice")
    github.web.lock(1, by="alice", reason="spam")
    github.web.close(1, by="alice")
    github.web.reopen(1, by="alice")
    github.web.assign(1, "alice", by="alice")
    github.web.unassign(1, "alice", by="alice")
    events = (await bot.get(f"{ISSUES}/1/events")).json()
    models = importlib.import_module(f"githubkit_schemas.{VERSIONS[described.version]}.models")
    special = {
        "labeled": models.LabeledIssueEvent,
        "unlabeled": models.UnlabeledIssueEvent,
        "renamed": models.RenamedIssueEvent,
        "locked": models.LockedIssueEvent,
        "assigned": models.AssignedIssueEvent,
        "unassigned": models.UnassignedIssueEvent,
    }
    for event in events:
        special.get(event["event"], models.StateChangeIssueEvent).model_validate(event)
        models.IssueEvent.model_validate(event)
    assert [event["event"] for event in events] == [
        "labeled", "unlabeled", "renamed", "locked", "closed", "reopened", "assigned", "unassigned",
    ]  # fmt: skip


async def test_repositories_and_accounts(
    github: GitHub, bot: httpx.AsyncClient, described: Description
) -> None:
    described.check(await bot.get("/repos/acme/web"), "FullRepository")
    described.check(await bot.get(f"/repositories/{github.web.id}"), "FullRepository")
    described.check(await bot.get("/user"), "PublicUser")
    described.check(await bot.get("/users/acme"), "PublicUser")
    described.check(await bot.get("/rate_limit"), "RateLimitOverview")


async def test_hooks(github: GitHub, bot: httpx.AsyncClient, described: Description) -> None:
    github.web.allow("bugspark-bot", "admin")
    config = {"url": "http://127.0.0.1:1/", "content_type": "json", "secret": "x"}
    made = described.check(await bot.post("/repos/acme/web/hooks", json={"config": config}), "Hook")
    described.check(await bot.get("/repos/acme/web/hooks"), "Hook", many=True)
    described.check(await bot.patch(f"/repos/acme/web/hooks/{made['id']}", json={"active": False}), "Hook")


async def test_apps(github: GitHub, bot: httpx.AsyncClient, described: Description) -> None:
    headers = install_app(github).headers(github.clock)
    described.check(await bot.get("/app", headers=headers), "Integration")
    shown = described.check(await bot.get("/repos/acme/web/installation", headers=headers), "Installation")
    made = described.check(await bot.post(shown["access_tokens_url"], headers=headers), "InstallationToken")
    async with github.client(made["token"]) as client:
        described.check(await client.post(ISSUES, json={"title": "By app"}), "Issue")
        described.check(await client.post(f"{ISSUES}/1/comments", json={"body": "By app"}), "IssueComment")


async def test_the_check_can_fail(bot: httpx.AsyncClient, described: Description) -> None:
    with pytest.raises(ValidationError):
        described.check(await bot.get("/user"), "Issue")


async def test_errors(bot: httpx.AsyncClient, described: Description) -> None:
    models = importlib.import_module(f"githubkit_schemas.{VERSIONS[described.version]}.models")
    refused = await bot.post(ISSUES, json={"title": " "})
    models.ValidationError.model_validate_json(refused.content)
    for path in ("/repos/acme/none", f"{ISSUES}/99"):
        models.BasicError.model_validate_json((await bot.get(path)).content)
