"""Projects: integrations as owners write them, names as people type them, state and health."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from reconciler.errors import UsageError
from reconciler.model.ids import AccountId, Fingerprint, ProjectId
from reconciler.model.intent import IntentState
from reconciler.model.issue import RateLimit
from reconciler.model.passes import AppliedCounts, Outcome
from reconciler.model.secret import Secret
from reconciler.model.snapshot import PendingWork, ProjectState
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from tests.store.test_intents import an_intent_of
from tests.support.bugspark import BugSpark
from tests.support.factories import a_result
from tests.support.stores import NOW, REPOSITORY, FixedClock, digest, linked


async def test_a_usable_project_has_its_integration(stores: DatabaseStores, bugspark: BugSpark) -> None:
    id_ = bugspark.add_project("Shop")
    bugspark.add_integration(id_, owner="acme", repo="web.site_1", token="plain")
    bugspark.add_integration(id_, is_active=False)
    bugspark.add_integration(id_, provider="linear")
    (project,) = await stores.projects.list_active()
    assert (project.id, project.name, project.repository) == (id_, "Shop", "acme/web.site_1")
    assert project.integration
    assert project.integration.token == Secret("plain")
    assert "plain" not in repr(project)


async def test_the_schedule_knows_whose_a_project_is(stores: DatabaseStores, bugspark: BugSpark) -> None:
    ada = bugspark.add_user()
    for name in ("Shop", "Web"):
        bugspark.add_integration(bugspark.add_project(name, owner=ada))
    bugspark.add_integration(bugspark.add_project("Other"))
    first, second, third = sorted(await stores.projects.pass_schedule(), key=lambda each: each.name)
    assert first.owner != ada
    assert (second.owner, third.owner) == (ada, ada)


async def test_projects_without_github_or_switched_off_are_not_listed(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    bugspark.add_project("bare")
    bugspark.add_integration(bugspark.add_project("off", is_active=False))
    assert await stores.projects.list_active() == ()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("just text", "not a JSON object"),
        (["a"], "not a JSON object"),
        ({"repo": "web", "token": "x"}, "no owner"),
        ({"owner": "acme", "token": "x"}, "no repo"),
        ({"owner": "acme", "repo": "web"}, "no token"),
        ({"owner": "acme", "repo": "web", "token": " "}, "no token"),
        ({"owner": "acme", "repo": "web", "token": 5}, "no token"),
        ({"owner": "acme/../x", "repo": "web", "token": "x"}, "an owner that is no GitHub name"),
        ({"owner": "acme", "repo": "..", "token": "x"}, "a repo that is no GitHub name"),
        ({"owner": "acme", "repo": "web\n", "token": "x"}, "a repo that is no GitHub name"),
        ({"owner": "acme", "repo": 7, "token": "x"}, "a repo that is no GitHub name"),
        ({"owner": "acme", "repo": "web", "token": "gAAAAABtoken"}, "no key is configured"),
    ],
)
async def test_a_malformed_config_is_one_sentence_and_stops_no_other(
    stores: DatabaseStores, bugspark: BugSpark, config: Any, expected: str
) -> None:
    bugspark.add_integration(bugspark.add_project("A bad one"), config=config)
    bugspark.add_integration(bugspark.add_project("Fine"))
    bad, fine = await stores.projects.list_active()
    assert bad.integration is None
    assert bad.problem
    assert expected in bad.problem
    assert fine.problem is None


async def test_two_active_integrations_are_a_problem(stores: DatabaseStores, bugspark: BugSpark) -> None:
    id_ = bugspark.add_project("Shop")
    bugspark.add_integration(id_)
    bugspark.add_integration(id_)
    (project,) = await stores.projects.list_active()
    assert project.problem == (
        "Project Shop has two active github integrations: switch off all but one in BugSpark."
    )


async def test_an_app_repository_needs_no_row_and_goes_before_any(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    bare, rowed = bugspark.add_project("bare"), bugspark.add_project("rowed")
    bugspark.add_integration(rowed, owner="chosen", repo="by-owner", token="gAAAAbad")
    pairs = {str(bare): "acme/one", str(rowed).upper(): "acme/two"}
    stores = build_stores(database, StoreSettings(digest=digest, app_repositories=pairs), clock)
    found = await stores.projects.list_active()
    assert [project.repository for project in found] == ["acme/one", "acme/two"]
    assert [project.integration and project.integration.token for project in found] == [None, None]


async def test_an_app_pair_for_an_owner_takes_the_repository_from_the_row_and_not_its_token(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    wide, bare, strange = (bugspark.add_project(name) for name in ("wide", "bare", "strange"))
    bugspark.add_integration(wide, owner="ACME", repo="web", token="gAAAAbad")
    bugspark.add_integration(strange, owner="other", repo="web", token="ghp_its_own")
    pairs = dict.fromkeys(map(str, (wide, bare, strange)), "acme/*")
    stores = build_stores(database, StoreSettings(digest=digest, app_repositories=pairs), clock)
    found = {project.id: project for project in await stores.projects.list_active()}
    assert found[wide].repository == "ACME/web"
    integration = found[wide].integration
    assert integration is not None
    assert integration.token is None
    assert (found[bare].integration, found[strange].integration) == (None, None)
    assert "no active github integration" in str(found[bare].problem)
    assert found[strange].problem == (
        "The operator's GitHub App serves strange for repositories of acme only, and its github integration"
        " names another owner: correct it in BugSpark, or ask the operator."
    )


async def test_an_encrypted_token_is_read_with_any_of_the_keys(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    bugspark.add_integration(bugspark.add_project(), token=Fernet(old).encrypt(b"ghp_x").decode())
    keys = (Secret(new.decode()), Secret(old.decode()))
    stores = build_stores(database, StoreSettings(digest=digest, encryption_keys=keys), clock)
    (project,) = await stores.projects.list_active()
    assert project.integration
    assert project.integration.token == Secret("ghp_x")


async def test_a_project_is_found_by_id_and_by_name(stores: DatabaseStores, bugspark: BugSpark) -> None:
    id_ = bugspark.add_project("Shop")
    bugspark.add_integration(id_)
    assert (await stores.projects.find_project(str(id_))).id == id_
    assert (await stores.projects.find_project("Shop")).id == id_
    bare = bugspark.add_project("Bare")
    assert "no active github integration" in str((await stores.projects.find_project("Bare")).problem)
    assert (await stores.projects.find_project("Bare")).id == bare


async def test_an_unknown_project_names_the_near_ones(stores: DatabaseStores, bugspark: BugSpark) -> None:
    bugspark.add_project("Web shop")
    with pytest.raises(UsageError, match=r"no active project Web shpo\. Did you mean Web shop\?"):
        await stores.projects.find_project("Web shpo")
    with pytest.raises(UsageError, match=r"no active project \S+\.$"):
        await stores.projects.find_project(str(uuid4()))


async def test_an_ambiguous_name_lists_the_ids(stores: DatabaseStores, bugspark: BugSpark) -> None:
    ids = [bugspark.add_project("Shop"), bugspark.add_project("Shop")]
    with pytest.raises(UsageError) as caught:
        await stores.projects.find_project("Shop")
    assert all(str(id_) in str(caught.value) for id_ in ids)


async def test_reports_are_found_by_id_and_by_tracking_id(stores: DatabaseStores, bugspark: BugSpark) -> None:
    id_ = bugspark.add_project("Shop: the web")
    report = bugspark.add_report(id_, tracking_id="BUG-0042")
    project, found = await stores.reports.find_report("Shop: the web:BUG-0042")
    assert (project.id, found) == (id_, report)
    assert (await stores.reports.find_report(str(report)))[1] == report
    for text, expected in (
        ("Shop: the web:BUG-1", "no report BUG-1"),
        (str(uuid4()), "no report"),
        ("BUG-0042", "neither a report's id"),
    ):
        with pytest.raises(UsageError, match=expected):
            await stores.reports.find_report(text)


async def test_what_an_export_shows_is_read_as_stored(stores: DatabaseStores, bugspark: BugSpark) -> None:
    logs = [{"level": "error", "message": "é"}]
    report = bugspark.add_report(
        bugspark.add_project(), console_logs=logs, metadata={"os": "x"}, reporter_identifier="me@x"
    )
    ((_, details),) = (await stores.reports.details([report, report, uuid4()])).values()  # type: ignore[list-item]
    assert (details.console_logs, details.metadata) == (logs, {"os": "x"})
    assert (details.description, details.screenshot_url) == ("Steps to see it.", None)
    assert details.reporter_identifier == "me@x"


def a_project_state(project: ProjectId) -> ProjectState:
    return ProjectState(
        project_id=project,
        repository_id=REPOSITORY,
        repository="acme/web",
        private=True,
        account=AccountId(7),
        account_login="bot",
        account_credential="f00d",
        first_seen_at=NOW,
    )


async def test_the_state_is_stored_with_every_account_ever_used(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    assert await stores.projects.get_state(project) == ProjectState(project_id=project)
    state = a_project_state(project)
    await stores.projects.save_state(state)
    nothing = PendingWork(
        has_open_intents=False, has_withheld_deletions=False, verification_due=None, second_reading_due=None
    )
    assert await stores.projects.get_state(project) == replace(state, pending=nothing)
    await stores.projects.save_state(replace(state, account=AccountId(8), account_login="other"))
    assert await stores.projects.own_accounts(project) == {AccountId(7), AccountId(8)}


async def test_saving_the_state_does_not_undo_the_operator(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    before = a_project_state(project)
    await stores.projects.save_state(before)
    await stores.ledger.save_withheld_deletions(project, "h4sh", [])
    assert await stores.ledger.accept_withheld_deletions(project, "h4sh")
    await stores.projects.save_state(before)
    assert (await stores.projects.get_state(project)).accepted_digest == "h4sh"


async def test_an_idle_pass_leaves_one_row_and_a_busy_one_a_run(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    await stores.projects.record_pass(a_result(project), NOW)
    await stores.projects.record_pass(a_result(project), NOW + timedelta(minutes=1))
    assert bugspark.rows(sa.select(tables.runs)) == []
    busy = a_result(project, outcome=Outcome.PARTIAL, applied=AppliedCounts(reports_updated=3))
    await stores.projects.record_pass(busy, NOW + timedelta(minutes=2))
    failed = a_result(project, outcome=Outcome.FAILED)
    await stores.projects.record_pass(failed, NOW + timedelta(minutes=3))
    outcomes = [row["outcome"] for row in bugspark.rows(sa.select(tables.runs).order_by(tables.runs.c.id))]
    assert outcomes == ["partial", "failed"]
    assert len(bugspark.rows(sa.select(tables.projects))) == 1


async def test_health_gives_the_status_of_a_project(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    bugspark.add_integration(link.project_id)
    added = (an_intent_of(link), an_intent_of(link, local_id=uuid4(), state=IntentState.QUARANTINED))
    await stores.intents.add(added)
    result = a_result(link.project_id, conflicts=2, outcome=Outcome.LIMITED, next_at=NOW)
    await stores.projects.record_pass(a_result(link.project_id), NOW - timedelta(minutes=1))
    await stores.projects.record_pass(result, NOW)
    (health,) = await stores.queries.health()
    assert health == (await stores.queries.health(link.project_id))[0]
    assert (health.links, health.pending, health.quarantined) == ({"active": 1}, 1, 1)
    assert (health.last_pass, health.conflicts, health.next_at) == (result, 0, NOW)
    assert (health.last_pass_at, health.last_success_at) == (NOW, NOW - timedelta(minutes=1))
    assert health.repository == "acme/web"


async def test_limits_are_shown_per_credential(stores: DatabaseStores) -> None:
    seen = RateLimit(limit=5000, remaining=4321, reset_at=NOW + timedelta(minutes=30))
    await stores.rate_limiter.reserve_reads(Fingerprint("f00d"), 2, seen=seen)
    await stores.rate_limiter.block(Fingerprint("f00d"), NOW + timedelta(minutes=1), "GitHub said wait.")
    (limits,) = await stores.queries.rate_limits()
    assert (limits.credential, limits.remaining, limits.limit) == ("f00d", 4321, 5000)
    assert (limits.points_last_minute, limits.blocked_until) == (2, NOW + timedelta(minutes=1))


async def test_a_config_that_is_not_json_is_a_problem_of_its_project_alone(
    store_url: str, stores: DatabaseStores, bugspark: BugSpark
) -> None:
    id_ = bugspark.add_project()
    bugspark.add_integration(id_, config=json.loads('"broken"'))
    if store_url.startswith("sqlite"):
        bugspark.execute("UPDATE integrations SET config = '{'")
    (project,) = await stores.projects.list_active()
    assert project.problem
