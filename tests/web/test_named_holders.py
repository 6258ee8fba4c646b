"""Which report holds an issue is told to those who may see its project, and to nobody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from reconciler.cli.why import report_as_json
from reconciler.model.ids import ProjectId, ReportId
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
class Rivals:
    """A report that holds an issue, and reports of another owner's project that name it or may be linked."""

    project: ProjectId
    owner: UUID
    name: str  # of the holder, for those who may see it
    issue: str
    contested: ReportId
    unlinked: ReportId


@pytest.fixture
async def rivals(sync: Sync) -> Rivals:
    holder, number = await sync.linked()
    row = sync.bugspark.report(holder)
    assert row is not None
    owner = sync.bugspark.add_user("Rival")
    project = sync.bugspark.add_project("Rivals", owner=owner)
    sync.bugspark.add_integration(project, token=sync.github.token)
    contested = sync.bugspark.add_report(project, github_issue_number=number, github_repo="acme/web")
    await sync.run(project)
    return Rivals(
        project=project,
        owner=owner,
        name=f'{row["tracking_id"]} of project "Shop"',
        issue=f"acme/web#{number}",
        contested=contested,
        unlinked=sync.bugspark.add_report(project),
    )


async def press_link(client: httpx.AsyncClient, rivals: Rivals, headers: dict[str, str]) -> str:
    """Link the other report by its page; return what the page says then."""
    at = f"/reports/{rivals.unlinked}"
    seen = await page(client, at, headers)
    form = next(form for form in seen.forms if form.action.endswith("/link"))
    fields = form.fields | {"issue": rivals.issue}
    answer = await client.post(
        form.action, data=fields, headers=HTML | headers | {"Origin": str(client.base_url).rstrip("/")}
    )
    assert answer.status_code == 303
    client.cookies.update(answer.cookies)
    return (await page(client, at, headers)).words


async def test_an_owner_is_told_that_it_is_a_report_of_another_project(
    sync: Sync, served: ServedPages, rivals: Rivals
) -> None:
    headers = {"Authorization": f"Bearer {token(rivals.owner, sync.clock.now())}"}
    shown = (await page(served.client, f"/reports/{rivals.contested}", headers)).words
    said = (await served.client.get(f"/api/v1/reports/{rivals.contested}", headers=headers)).json()["reason"]
    told = await press_link(served.client, rivals, headers)
    assert said == "a report of another project is already linked to it"
    for text in (shown, told):
        assert "a report of another project" in text
        assert "Shop" not in text and rivals.name not in text


async def test_the_operator_is_told_which_report_holds_it(
    sync: Sync, client: httpx.AsyncClient, rivals: Rivals
) -> None:
    shown = (await page(client, f"/reports/{rivals.contested}")).words
    said = (await client.get(f"/api/v1/reports/{rivals.contested}")).json()["reason"]
    told = await press_link(client, rivals, {})
    view = await sync.app.explain_report(str(rivals.contested))
    assert report_as_json(view)["reason"] == said
    assert said == f"{rivals.name} is already linked to it" and said in shown
    assert f"{rivals.issue} belongs to {rivals.name}; unlink that first" in told
    left = sync.bugspark.report(rivals.unlinked)
    assert left is not None and left["github_issue_number"] is None


async def test_who_owns_both_projects_is_told_which_report_holds_it(
    sync: Sync, served: ServedPages, rivals: Rivals
) -> None:
    sync.bugspark.execute("UPDATE projects SET owner_id = :owner", owner=rivals.owner)
    headers = {"Authorization": f"Bearer {token(rivals.owner, sync.clock.now())}"}
    assert rivals.name in (await page(served.client, f"/reports/{rivals.contested}", headers)).words
    assert rivals.name in await press_link(served.client, rivals, headers)
