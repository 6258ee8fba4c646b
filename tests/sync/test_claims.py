"""Who may claim an issue: squatters who may only read keep nobody out."""

from uuid import UUID

import pytest

from reconciler.errors import RefusedError
from reconciler.model.fields import Status
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.views import CheckLevel
from tests.support.sync import Sync

NEEDS_ROLE = "at least the Triage role"


@pytest.fixture
async def claimant(sync: Sync) -> ProjectId:
    """Another project of this BugSpark, on the same public repository, whose account may only read it."""
    sync.github.world.add_user("mallory")
    sync.github.world.add_token("mallory", "github_pat_mallory_0123456789")
    project = sync.bugspark.add_project("Squatter")
    sync.bugspark.add_integration(project, token="github_pat_mallory_0123456789")
    return project


def an_issue(sync: Sync) -> int:
    return sync.github.web.open_issue("It breaks", "steps", by="alice").number


def a_claim(sync: Sync, project: ProjectId, number: int) -> ReportId:
    """A report whose columns name the issue."""
    return sync.bugspark.add_report(project, github_issue_number=number, github_repo="acme/web")


def link_of(sync: Sync, report: ReportId) -> tuple[str, str]:
    (row,) = [row for row in sync.bugspark.rows_of("sync_links") if UUID(str(row["report_id"])) == report]
    return row["state"], row["reason"] or ""


async def test_a_claim_by_columns_of_an_account_that_may_only_read_holds_nothing(
    sync: Sync, claimant: ProjectId
) -> None:
    number = an_issue(sync)
    taken = a_claim(sync, claimant, number)
    await sync.run(claimant)
    state, reason = link_of(sync, taken)
    assert state == "contested"
    assert NEEDS_ROLE in reason
    victim = a_claim(sync, sync.project, number)
    await sync.settle()
    assert link_of(sync, victim)[0] == "active"
    sync.github.web.close(number, by="alice")
    await sync.run()
    await sync.run(claimant)
    assert (sync.status(victim), sync.status(taken)) == ("resolved", "new")


async def test_a_refused_claim_is_tried_again_when_the_role_was_given(
    sync: Sync, claimant: ProjectId
) -> None:
    report = a_claim(sync, claimant, an_issue(sync))
    await sync.run(claimant)
    sync.github.web.allow("mallory", "triage")
    await sync.run(claimant)
    assert link_of(sync, report) == ("active", "")


@pytest.mark.parametrize("role", ["triage", "write", "admin"])
async def test_triage_or_more_is_enough(sync: Sync, claimant: ProjectId, role: str) -> None:
    sync.github.web.allow("mallory", role)
    report = a_claim(sync, claimant, an_issue(sync))
    await sync.run(claimant)
    assert link_of(sync, report)[0] == "active"


async def test_the_commands_and_the_check_say_the_reason_and_what_to_do(
    sync: Sync, claimant: ProjectId
) -> None:
    number = an_issue(sync)
    report = sync.bugspark.add_report(claimant, status=Status.NEW)
    with pytest.raises(RefusedError, match=NEEDS_ROLE):
        await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    assert sync.bugspark.rows_of("sync_links") == []
    checks = await sync.app.run_self_check()
    failed = [each for each in checks if each.level is CheckLevel.FAIL and each.name.endswith("claims")]
    assert [NEEDS_ROLE in each.message for each in failed] == [True]


async def test_between_two_projects_with_access_the_older_link_wins_and_no_foreign_id_is_shown(
    sync: Sync, claimant: ProjectId
) -> None:
    sync.github.web.allow("mallory", "triage")
    holder, number = await sync.linked()
    competitor = a_claim(sync, claimant, number)
    await sync.run(claimant)
    assert link_of(sync, competitor)[0] == "contested"
    other = sync.bugspark.add_report(claimant)
    with pytest.raises(RefusedError, match="another project") as refused:
        await sync.app.link(str(other), f"acme/web#{number}", backfill=False)
    assert str(holder) not in str(refused.value)
    assert str(sync.project) not in str(refused.value)
    await sync.settle()
    assert link_of(sync, holder)[0] == "active"


async def test_an_owner_who_reconnects_with_another_token_loses_nothing(
    sync: Sync, claimant: ProjectId
) -> None:
    sync.github.web.allow("mallory", "triage")
    holder, number = await sync.linked()
    sync.bugspark.execute("DELETE FROM integrations WHERE project_id = :id", id=sync.project)
    competitor = a_claim(sync, claimant, number)
    await sync.run(claimant)
    sync.github.world.add_token("bugspark-bot", "github_pat_new_0123456789")
    sync.bugspark.add_integration(sync.project, token="github_pat_new_0123456789")
    await sync.settle()
    assert (link_of(sync, holder)[0], link_of(sync, competitor)[0]) == ("active", "contested")


async def test_a_claimant_without_access_gives_the_issue_up_to_a_project_with_access(
    sync: Sync, claimant: ProjectId
) -> None:
    number = an_issue(sync)
    sync.github.web.allow("mallory", "triage")
    contested = a_claim(sync, claimant, number)
    await sync.run(claimant)
    sync.github.web.allow("mallory", "read")
    victim = a_claim(sync, sync.project, number)
    await sync.run()
    assert link_of(sync, victim)[0] == "contested"
    await sync.run(claimant)
    assert link_of(sync, contested)[0] == "contested"
    await sync.settle()
    assert link_of(sync, victim)[0] == "active"


async def test_an_issue_that_this_program_made_is_no_claim(sync: Sync, claimant: ProjectId) -> None:
    report = sync.bugspark.add_report(claimant)
    await sync.app.export((str(report),), NullProgress())
    assert link_of(sync, report)[0] == "active"
