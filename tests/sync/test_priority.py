"""The severity in the organisation's field *Priority*: both ways, and only where GitHub has that field."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.demo.github.faults import Drop, error
from reconciler.model.fields import Field, Severity, Side
from reconciler.model.passes import NullProgress
from reconciler.model.viewer import OPERATOR
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.compare_plan import compare
from tests.sync.test_project_settings import configure

VALUES = "/issue-field-values"


async def prioritised(sync: Sync, **settings: Any) -> None:
    """A project whose severities are in Priority, and whose organisation has that field."""
    sync.github.web.add_field()
    await configure(sync, severity_as="priority", **settings)
    await sync.run()
    sync.github.clock.advance(5)


def chosen(sync: Sync, number: int) -> str | None:
    return sync.github.web.chosen(number).get("Priority")


def rename_option(sync: Sync, option: str, to: str) -> None:
    """Rename an option of the organisation's field; issues that have it keep the old name."""
    (known,) = (sync.github.web.fields or {}).values()
    options = tuple(to if each == option else each for each in known.options)
    sync.github.web.fields = {known.id: replace(known, options=options)}
    sync.github.world.forget_rendered()


def fields_asked_for(sync: Sync) -> int:
    """How often the last pass asked for the organisation's fields."""
    return sum("/orgs/" in seen.path for seen in sync.asked)


def stored(sync: Sync) -> list[tuple[Any, ...]]:
    return [
        (row["base_severity"], row["base_choices"], row["seen_choices"])
        for row in sync.bugspark.rows_of("sync_links")
    ]


async def test_with_labels_nothing_of_a_field_is_asked_written_or_stored(sync: Sync) -> None:
    sync.github.web.add_field()
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    sync.change(report, severity="critical")
    await sync.settle()
    assert (chosen(sync, number), sync.labels(number)) == ("Low", {"bug", "critical"})
    assert stored(sync) == [("critical", None, None)]
    assert [row["priority"] for row in sync.bugspark.rows_of("sync_projects")] == [None]
    assert not [seen.path for seen in sync.github.simulator.requests if "field" in seen.path]


async def test_a_severity_goes_to_github_as_a_priority_and_no_label(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    assert (chosen(sync, number), sync.labels(number)) == ("High", {"bug"})
    sync.change(report, severity="critical")
    result = await sync.run()
    assert (chosen(sync, number), sync.labels(number)) == ("Urgent", {"bug"})
    assert [(seen.method, seen.path.endswith(VALUES)) for seen in sync.writes] == [("POST", True)]
    assert result.applied.issues_updated == 1
    assert (await sync.settle()).conflicts == 0


async def test_a_priority_on_github_gives_the_report_its_severity(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.run()
    assert sync.severity(report) == "low"
    assert not sync.writes
    await sync.settle()
    assert chosen(sync, number) == "Low"


async def test_reading_a_priority_costs_no_request(sync: Sync) -> None:
    await prioritised(sync)
    _, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.run()
    assert [seen.path.rsplit("/", 1)[-1] for seen in sync.asked] == ["issues", "comments"]


async def test_a_cleared_priority_is_no_opinion_and_is_not_set_again(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.clear_field(number, by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("high", None)
    sync.change(report, severity="low")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("low", "Low")


async def test_other_fields_of_the_issue_stay(sync: Sync) -> None:
    await prioritised(sync)
    sync.github.web.add_field("Effort", ("High", "Low"))
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice", name="Effort")
    await sync.settle()
    sync.change(report, severity="critical")
    await sync.settle()
    assert sync.github.web.chosen(number) == {"Priority": "Urgent", "Effort": "Low"}
    assert sync.severity(report) == "critical"


@pytest.mark.parametrize("events", ["named", "bare", "none"])
async def test_of_two_changes_the_newer_one_wins(sync: Sync, events: str) -> None:
    sync.github.world.assume(field_events=events)
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.change(report, severity="critical")
    sync.github.clock.advance(5)
    sync.github.web.choose(number, "Low", by="alice")
    result = await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("low", "Low")
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    sync.github.clock.advance(5)
    sync.change(report, severity="critical")
    result = await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("critical", "Urgent")
    assert result.conflicts == 0


@pytest.mark.parametrize(
    ("direction", "severity", "priority"), [("to_github", "high", "Low"), ("to_bugspark", "low", "Low")]
)
async def test_a_direction_keeps_changes_from_the_other_side(
    sync: Sync, direction: str, severity: str, priority: str
) -> None:
    await prioritised(sync, directions={"severity": direction})
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == (severity, priority)


async def test_to_bugspark_alone_writes_no_priority(sync: Sync) -> None:
    await prioritised(sync, directions={"severity": "to_bugspark"})
    report, number = await sync.linked(severity="high")
    sync.change(report, severity="critical")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("critical", "High")


@pytest.mark.parametrize("events", ["named", "bare", "none"])
async def test_neither_side_moves_because_the_severity_moves_to_priority_and_back(
    sync: Sync, events: str
) -> None:
    sync.github.world.assume(field_events=events)
    sync.github.web.add_field()
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    await configure(sync, severity_as="priority")
    await sync.settle()
    sync.github.web.retitle(number, "Seen again", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("high", "Low")
    assert sync.labels(number) == {"bug", "high-priority"}
    sync.github.web.unlabel(number, "high-priority", by="alice")
    sync.github.web.label(number, "critical", by="alice")
    await sync.settle()
    await configure(sync, severity_as="label")
    await sync.settle()
    sync.github.web.retitle(number, "Seen once more", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("high", "Low")
    assert sync.labels(number) == {"bug", "critical"}
    assert stored(sync) == [("high", None, None)]


@pytest.mark.parametrize("events", ["named", "bare"])
async def test_the_first_choice_after_the_change_of_the_settings_counts(sync: Sync, events: str) -> None:
    sync.github.world.assume(field_events=events)
    sync.github.web.add_field()
    report, number = await sync.linked(severity="high")
    await configure(sync, severity_as="priority")
    await sync.run()
    sync.github.clock.advance(5)
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("low", "Low")


async def test_what_was_chosen_while_labels_were_in_use_is_no_change_later(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    await configure(sync, severity_as="label")
    await sync.settle()
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    await configure(sync, severity_as="priority")
    await sync.settle()
    sync.github.web.retitle(number, "Seen again", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("high", "Low")


async def test_priorities_that_lists_do_not_show_are_no_opinion_and_single_reads_tell(sync: Sync) -> None:
    sync.github.world.assume(listed_issues_have_field_values=False)
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("high", "Low")
    project = await sync.app.find_project(str(sync.project))
    await sync.app.verify(project, wait=False, progress=NullProgress())
    await sync.settle()
    assert (sync.severity(report), chosen(sync, number)) == ("low", "Low")


async def test_a_change_that_moves_no_time_is_seen_when_its_row_is(sync: Sync) -> None:
    sync.github.world.assume(field_change_bumps_issue=False)
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    project = await sync.app.find_project(str(sync.project))
    await sync.app.verify(project, wait=False, progress=NullProgress())
    await sync.settle()
    assert sync.severity(report) == "low"


async def test_a_value_that_github_drops_is_a_named_problem_of_the_report(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.world.assume(field_values_are_dropped=True)
    sync.change(report, severity="critical")
    result = await sync.run()
    assert result.quarantined == 1
    assert "did not set Priority to Urgent" in str(result.error)
    assert (chosen(sync, number), sync.severity(report)) == ("High", "critical")
    for _ in range(2):
        await sync.run_due(seconds=4_000, compares=True)
        assert not sync.writes
    sync.github.world.assume(field_values_are_dropped=False)
    sync.change(report, severity="low")
    await sync.run_due(compares=True)
    assert chosen(sync, number) == "Low"


async def test_a_refused_value_is_a_named_problem_of_the_report(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.allow("bugspark-bot", "triage")
    sync.change(report, severity="critical")
    result = await sync.run()
    assert result.quarantined == 1
    assert "(403" in str(result.error)
    assert chosen(sync, number) == "High"


async def test_a_new_issue_whose_priority_is_dropped_is_named_and_not_tried_again(sync: Sync) -> None:
    await prioritised(sync)
    sync.github.world.assume(field_values_are_dropped=True)
    report = sync.bugspark.add_report(sync.project)
    await sync.app.export((str(report),), NullProgress())
    result = await sync.settle()
    assert chosen(sync, sync.number(report)) is None
    assert result.quarantined == 0
    history = sync.bugspark.rows_of("sync_changes")
    assert any("did not take priority" in str(row["rule"]) for row in history)


@pytest.mark.parametrize("case", ["personal", "missing", "renamed", "option", "unseen"])
async def test_without_a_usable_field_labels_stay_and_one_sentence_says_so(sync: Sync, case: str) -> None:
    web = sync.github.web
    match case:
        case "missing":
            web.add_field("Effort", ("High", "Low"))
        case "renamed":
            web.add_field()
            web.rename_field("Priority", "Rank")
        case "option":
            web.add_field("Priority", ("Urgent", "High", "Low"))
        case "unseen":
            web.add_field()
            sync.github.hide_fields()
        case _:
            assert web.fields is None
    await configure(sync, severity_as="priority")
    report, number = await sync.linked(severity="high")
    assert sync.labels(number) == {"bug", "high-priority"}
    sync.change(report, severity="critical")
    await sync.settle()
    assert sync.labels(number) == {"bug", "critical"}
    web.label(number, "low", by="alice")
    web.unlabel(number, "critical", by="alice")
    result = await sync.settle()
    assert sync.severity(report) == "low"
    assert (result.outcome, result.error) == ("ok", None), "labels work: nothing needs a person"
    checks = await sync.app.run_self_check()
    assert [check.message for check in checks if "labels stay in use" in check.message]


async def test_a_priority_chosen_before_the_answer_was_lost_is_not_written_twice(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.change(report, severity="critical")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=f"/issues/{number}{VALUES}")
    await sync.run()
    assert chosen(sync, number) == "Urgent"
    sync.github.web.choose(number, "Low", by="alice")
    sync.github.clock.advance(90)
    await sync.settle(6)
    assert (sync.severity(report), chosen(sync, number)) == ("low", "Low")


async def test_the_plan_is_what_the_pass_does(sync: Sync) -> None:
    await prioritised(sync)
    first, one = await sync.linked(severity="high")
    _, two = await sync.linked(severity="low")
    sync.change(first, severity="critical")
    sync.github.web.choose(two, "Medium", by="alice")
    plan = await sync.plan()
    assert sorted(action.kind for action in plan.actions) == ["set_field", "set_priority"]
    await compare(sync)
    assert chosen(sync, one) == "Urgent"


async def test_the_page_names_the_priority(sync: Sync) -> None:
    await prioritised(sync)
    report, _ = await sync.linked(severity="high")
    view = await sync.app.explain_report(str(report))
    (severity,) = (each for each in view.fields if each.field is Field.SEVERITY)
    assert (severity.bugspark, severity.github) == ("high", "Priority: High")
    assert not severity.moved & {Side.GITHUB, Side.BUGSPARK}


async def test_the_operators_value_counts_without_settings_of_the_project(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"severity_as": "priority"}) as sync:
        github.web.add_field()
        await sync.run()
        _, number = await sync.linked(severity="critical")
        assert (chosen(sync, number), sync.labels(number)) == ("Urgent", {"bug"})


async def test_a_refused_list_of_fields_ends_nothing_and_a_list_without_the_field_does(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.hide_fields()
    await sync.run(seconds=7 * 3600)
    sync.change(report, severity="critical")
    await sync.settle()
    assert chosen(sync, number) == "Urgent"
    sync.github.hide_fields(hidden=False)
    sync.github.web.rename_field("Priority", "Rank")
    await sync.run(seconds=7 * 3600)
    sync.change(report, severity="low")
    await sync.settle()
    assert sync.github.web.chosen(number) == {"Rank": "Urgent"}
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})
    assert stored(sync) == [("low", None, None)]


async def test_the_organisation_is_asked_once_for_many_passes(sync: Sync) -> None:
    await prioritised(sync)
    await sync.linked(severity="high")
    await sync.settle()
    assert len([seen for seen in sync.github.simulator.requests if "/orgs/" in seen.path]) == 1
    await sync.run(seconds=7 * 3600)
    assert len([seen for seen in sync.github.simulator.requests if "/orgs/" in seen.path]) == 2


async def test_applying_to_existing_links_gives_priorities_and_takes_those_that_are_there(sync: Sync) -> None:
    sync.github.web.add_field()
    first, one = await sync.linked(severity="high")
    second, two = await sync.linked(severity="high")
    sync.github.web.choose(two, "Low", by="alice")
    await sync.settle()
    await configure(sync, severity_as="priority")
    await sync.settle()
    assert (chosen(sync, one), sync.severity(second)) == (None, "high")
    sync.github.clock.advance(5)
    project = await sync.app.find_project(str(sync.project))
    text = b'{"severity_as": "priority"}'
    plan = await sync.app.settings.preview_settings(sync.project, text, OPERATOR)
    assert sorted(action.kind for action in plan.actions) == ["set_field", "set_priority"]
    await sync.app.apply_settings(project, plan.hash)
    await compare(sync)
    await sync.settle()
    assert (chosen(sync, one), sync.severity(first)) == ("High", "high")
    assert (chosen(sync, two), sync.severity(second)) == ("Low", "low")
    assert not any(row["adopts_mapping"] for row in sync.bugspark.rows_of("sync_links"))


@pytest.mark.parametrize(("before", "after"), [(None, "High"), ("Low", "Low")])
async def test_an_issue_that_is_linked_by_command_gets_the_priority_it_lacks(
    sync: Sync, before: str | None, after: str
) -> None:
    await prioritised(sync, link_comment=True)
    issue = sync.github.web.open_issue("Broken", by="alice")
    if before is not None:
        sync.github.web.choose(issue.number, before, by="alice")
    report = sync.bugspark.add_report(sync.project, severity=Severity.HIGH)
    await sync.app.link(str(report), f"acme/web#{issue.number}", backfill=False)
    await sync.settle()
    assert chosen(sync, issue.number) == after
    assert not sync.labels(issue.number) & {"high-priority", "low-priority"}
    assert sync.severity(report) == ("high" if before is None else "low")


async def test_a_refused_option_of_a_new_issue_is_left_out_and_named(sync: Sync) -> None:
    await prioritised(sync)
    (known,) = (sync.github.web.fields or {}).values()
    sync.github.web.fields = {known.id: replace(known, options=("Urgent", "Low"))}
    report = sync.bugspark.add_report(sync.project, severity=Severity.HIGH)
    await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    assert chosen(sync, sync.number(report)) is None
    history = sync.bugspark.rows_of("sync_changes")
    assert any("did not take priority High" in str(row["rule"]) for row in history)


async def test_the_preview_of_a_new_issue_shows_its_priority_and_no_severity_label(sync: Sync) -> None:
    await prioritised(sync)
    report = sync.bugspark.add_report(sync.project, severity=Severity.CRITICAL)
    preview = await sync.app.preview_export(report)
    assert (preview.labels, preview.priority) == (("bug",), "Urgent")


async def test_after_a_refused_option_the_next_pass_asks_for_the_field_again(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    rename_option(sync, "Low", "Someday")
    sync.change(report, severity="low")
    result = await sync.run_due(compares=True)
    assert (result.quarantined, fields_asked_for(sync)) == (1, 0)
    await sync.run_due(compares=True)
    assert fields_asked_for(sync) == 1
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})
    result = await sync.run_due(compares=True)
    assert (result.outcome, result.quarantined, fields_asked_for(sync)) == ("ok", 0, 0)


async def test_after_a_field_was_made_anew_the_next_pass_writes_to_that_one(sync: Sync) -> None:
    await prioritised(sync)
    report, number = await sync.linked(severity="high")
    sync.github.web.clear_field(number, by="alice")
    sync.github.web.fields = {}
    sync.github.web.add_field()
    sync.change(report, severity="low")
    assert (await sync.run_due(compares=True)).quarantined == 1
    result = await sync.run_due(compares=True)
    assert (chosen(sync, number), sync.severity(report), result.quarantined) == ("Low", "low", 0)


@pytest.mark.parametrize("is_dropped", [False, True])
async def test_a_new_issue_without_its_priority_has_the_next_pass_ask_for_the_field_again(
    sync: Sync, is_dropped: bool
) -> None:
    await prioritised(sync)
    if is_dropped:
        sync.github.world.assume(field_values_are_dropped=True)
    else:
        rename_option(sync, "High", "P1")
    report = sync.bugspark.add_report(sync.project, severity=Severity.HIGH)
    (done,) = await sync.app.export((str(report),), NullProgress())
    assert done.url is not None
    (note,) = done.notes
    assert note.startswith("GitHub did not take priority High for the new issue")
    await sync.run()
    assert fields_asked_for(sync) == 1
    await sync.run()
    assert fields_asked_for(sync) == 0
    (again,) = await sync.app.export((str(report),), NullProgress())
    assert (again.url, again.notes) == (done.url, ()), "it was made before"


@pytest.mark.parametrize("severity_as", ["label", "priority"])
async def test_the_history_of_a_refused_severity_has_the_value_before(sync: Sync, severity_as: str) -> None:
    sync.github.web.add_field()
    await configure(sync, severity_as=severity_as)
    report, _ = await sync.linked(severity="high")
    sync.github.simulator.faults.add(error(403, "Not now"), method="POST", times=None)
    for severity in ("low", "critical"):
        sync.change(report, severity=severity)
        sync.github.clock.advance(4_000)
        await sync.run()
    lines = [row for row in sync.bugspark.rows_of("sync_changes") if row["kind"] == "quarantine"]
    assert [(row["remote"], row["to"]) for row in lines] == [("high", "low"), ("high", "critical")]


async def test_a_priority_from_before_the_settings_is_shown_once_it_was_read(sync: Sync) -> None:
    sync.github.web.add_field()
    report, number = await sync.linked(severity="high")
    sync.github.web.choose(number, "Low", by="alice")
    await sync.settle()

    async def shown() -> str | None:
        view = await sync.app.explain_report(str(report))
        return next(each.github for each in view.fields if each.field is Field.SEVERITY)

    async def verify() -> list[int | None]:
        sync.github.clock.advance(5)
        sync.since = len(sync.github.simulator.requests)
        project = await sync.app.find_project(str(sync.project))
        await sync.app.verify(project, wait=False, progress=NullProgress())
        return [seen.status for seen in sync.asked if f"/issues/{number}" in seen.path]

    await verify()
    await configure(sync, severity_as="priority")
    await sync.settle()
    assert await shown() == "Priority not read yet"
    assert 200 in await verify()
    assert (await shown(), sync.severity(report), chosen(sync, number)) == ("Priority: Low", "high", "Low")
    assert set(await verify()) == {304}
    sync.change(report, severity="critical")
    await sync.settle()
    assert (await shown(), chosen(sync, number)) == ("Priority: Urgent", "Urgent")
