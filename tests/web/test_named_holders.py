"""Which report an issue is linked to is shown only to those who may see its project."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from reconciler.cli.why import report_as_json
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress
from tests.support.github import GitHub, github
from tests.support.sync import Sync, open_sync
from tests.web.browsing import HTML, page
from tests.web.page_fixtures import ServedPages, client, queue, served
from tests.web.users import JWT_SECRET, token

__all__ = ["client", "github", "queue", "served"]


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github, bugspark={"jwt_secret": JWT_SECRET}) as world:
        yield world


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetingProject:
    """A report that holds an issue, and reports of another owner's project that name it or may be linked."""

    project: ProjectId
    owner: UUID
    name: str  # of the holder, for those who may see it
    issue: str
    contested: ReportId
    unlinked: ReportId


@pytest.fixture
async def competing(sync: Sync) -> CompetingProject:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    owner = sync.bugspark.add_user("Rival")
    project = sync.bugspark.add_project("Competing", owner=owner)
    sync.bugspark.add_integration(project, token=sync.github.token)
    contested = sync.bugspark.add_report(project, github_issue_number=number, github_repo="acme/web")
    await sync.run(project)
    return CompetingProject(
        project=project,
        owner=owner,
        name=f'{row["tracking_id"]} of project "Shop"',
        issue=f"acme/web#{number}",
        contested=contested,
        unlinked=sync.bugspark.add_report(project),
    )


async def press_link(client: httpx.AsyncClient, competing: CompetingProject, headers: dict[str, str]) -> str:
    """Link the other report by its page; return what the page says then."""
    at = f"/reports/{competing.unlinked}"
    seen = await page(client, at, headers)
    form = next(form for form in seen.forms if form.action.endswith("/link"))
    fields = form.fields | {"issue": competing.issue}
    answer = await client.post(
        form.action, data=fields, headers=HTML | headers | {"Origin": str(client.base_url).rstrip("/")}
    )
    assert answer.status_code == 303
    client.cookies.update(answer.cookies)
    return (await page(client, at, headers)).shown_text


async def test_an_owner_is_told_that_it_is_a_report_of_another_project(
    sync: Sync, served: ServedPages, competing: CompetingProject
) -> None:
    headers = {"Authorization": f"Bearer {token(competing.owner, sync.clock.now())}"}
    shown = (await page(served.client, f"/reports/{competing.contested}", headers)).shown_text
    reason = (await served.client.get(f"/api/v1/reports/{competing.contested}", headers=headers)).json()[
        "reason"
    ]
    refusal = await press_link(served.client, competing, headers)
    assert reason == "a report of another project is already linked to it"
    for text in (shown, refusal):
        assert "a report of another project" in text
        assert "Shop" not in text and competing.name not in text


async def test_the_operator_is_told_which_report_holds_it(
    sync: Sync, client: httpx.AsyncClient, competing: CompetingProject
) -> None:
    shown = (await page(client, f"/reports/{competing.contested}")).shown_text
    reason = (await client.get(f"/api/v1/reports/{competing.contested}")).json()["reason"]
    refusal = await press_link(client, competing, {})
    view = await sync.app.explain_report(str(competing.contested))
    assert report_as_json(view)["reason"] == reason
    assert reason == f"{competing.name} is already linked to it" and reason in shown
    assert f"{competing.issue} belongs to {competing.name}; unlink that first" in refusal
    left = sync.bugspark.report(competing.unlinked)
    assert left is not None and left["github_issue_number"] is None


async def test_who_owns_both_projects_is_told_which_report_holds_it(
    sync: Sync, served: ServedPages, competing: CompetingProject
) -> None:
    sync.bugspark.execute("UPDATE projects SET owner_id = :owner", owner=competing.owner)
    headers = {"Authorization": f"Bearer {token(competing.owner, sync.clock.now())}"}
    assert (
        competing.name in (await page(served.client, f"/reports/{competing.contested}", headers)).shown_text
    )
    assert competing.name in await press_link(served.client, competing, headers)


async def test_the_export_of_a_contested_report_names_it_and_the_holder(
    sync: Sync, competing: CompetingProject
) -> None:
    issues = len(sync.github.web.issues)
    (refused,) = await sync.app.export((str(competing.contested),), NullProgress())
    row = sync.bugspark.report(competing.contested)
    assert row is not None and refused.error is not None
    assert refused.error == (
        f'{row["tracking_id"]} of project "Competing" is tied to {competing.issue}, which is contested '
        f"({competing.name} is already linked to it): reconcile unlink {competing.contested}, then export it"
    )
    assert (refused.url, len(sync.github.web.issues)) == (None, issues)
