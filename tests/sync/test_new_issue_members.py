"""A project's milestone and type are given to new issues only; one that GitHub does not have stops none."""

import pytest

from reconciler.cli.why import report_as_json
from reconciler.demo.github.faults import error
from reconciler.model.passes import NullProgress, Outcome
from tests.support.sync import Sync
from tests.sync.test_project_settings import configure


async def test_new_issues_get_the_milestone_and_the_type(sync: Sync) -> None:
    sync.github.web.milestones[3] = "Beta"
    sync.github.web.issue_types.append("Bug")
    _, before = await sync.linked()
    await configure(sync, milestone=3, type="Bug")
    _, number = await sync.linked()
    old, new = sync.github.web.issue(before), sync.github.web.issue(number)
    assert (old.milestone, old.type, new.milestone, new.type) == (None, None, 3, "Bug")


@pytest.mark.parametrize("reading", ["refused", "dropped"])
async def test_without_them_on_github_the_issue_is_made_and_the_problem_named(
    sync: Sync, reading: str
) -> None:
    sync.github.world.assume(unknown_issue_members=reading)
    sync.github.web.issue_types.append("Bug")
    await configure(sync, milestone=7, type="Bug")
    report = sync.bugspark.add_report(sync.project)
    await sync.app.export((str(report),), NullProgress())
    issue = sync.github.web.issue(sync.number(report))
    assert (issue.milestone, issue.type) == (None, "Bug")
    assert len(sync.github.web.issues) == 1
    history = report_as_json(await sync.app.explain_report(str(report)))["story"]
    (named,) = [line["rule"] for line in history if "milestone 7" in line["rule"]]
    assert "correct the project's setting milestone" in named
    assert (await sync.settle()).outcome is Outcome.OK


async def test_the_pass_that_made_the_issue_names_the_problem(sync: Sync) -> None:
    await configure(sync, type="Task", export="all")
    await sync.run()
    report = sync.bugspark.add_report(sync.project, at=sync.github.clock.now())
    result = await sync.run(seconds=70)
    assert sync.number(report) > 0
    assert result.outcome is Outcome.PARTIAL
    assert result.error is not None
    assert "type Task" in result.error.message


async def test_a_refusal_that_names_neither_leaves_both_out_once(sync: Sync) -> None:
    sync.github.web.milestones[3] = "Beta"
    await configure(sync, milestone=3, type="Bug")
    sync.github.simulator.faults.add(error(422, "Validation Failed"), method="POST", path="/issues$", times=1)
    report = sync.bugspark.add_report(sync.project)
    await sync.app.export((str(report),), NullProgress())
    issue = sync.github.web.issue(sync.number(report))
    assert (issue.milestone, issue.type) == (None, None)
    assert len(sync.github.web.issues) == 1


async def test_a_refusal_for_another_reason_stays_a_refusal(sync: Sync) -> None:
    await configure(sync, milestone=3)
    sync.github.simulator.faults.add(error(422, "Validation Failed"), method="POST", path="/issues$", times=9)
    report = sync.bugspark.add_report(sync.project)
    (made,) = await sync.app.export((str(report),), NullProgress())
    assert made.url is None
    assert len(sync.github.web.issues) == 0
    assert len([seen for seen in sync.github.simulator.requests if seen.method == "POST"]) == 2


async def test_the_preview_shows_both(sync: Sync) -> None:
    await configure(sync, milestone=3, type="Bug")
    report = sync.bugspark.add_report(sync.project)
    await sync.settle()
    preview = await sync.app.preview_export(str(report))
    assert (preview.milestone, preview.type) == (3, "Bug")


async def test_without_these_settings_the_request_and_the_stored_intent_have_no_trace_of_them(
    sync: Sync,
) -> None:
    report = sync.bugspark.add_report(sync.project)
    sync.github.simulator.faults.add(error(422, "Validation Failed"), method="POST", path="/issues$", times=1)
    await sync.app.export((str(report),), NullProgress())
    (desired,) = [row["wish"] for row in sync.bugspark.rows_of("sync_intents")]
    assert "milestone" not in desired
    assert "type" not in desired
    (sent,) = [seen.body for seen in sync.github.simulator.requests if seen.method == "POST"]
    assert b"milestone" not in sent
    assert b'"type"' not in sent
