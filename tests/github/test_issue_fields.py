"""Issue fields: what rows and events show, one field set at a time, and which fields the organisation has."""

from typing import Any

import pytest

from reconciler.demo.github.faults import Reply
from reconciler.demo.github.rows import Level
from reconciler.errors import CredentialError, GitHubNotFoundError
from reconciler.model.fields import Field
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Confirmed, OutcomeUnknown, Refused
from tests.github.client_harness import ClientHarness
from tests.support.github import GitHub

HIGH = {"id": 2, "name": "High", "color": "gray"}


@pytest.fixture
def number(github: GitHub) -> IssueNumber:
    github.web.add_field()
    return IssueNumber(github.web.open_issue("One", by="alice").number)


def field_id(github: GitHub, name: str = "Priority") -> int:
    return github.web.field_named(name).id


def show(github: GitHub, number: int, values: Any) -> None:
    """Let GitHub show these values of an issue."""
    row = github.web.issue(number)
    github.simulator.views.edits[row.id] = lambda shown: shown.update(issue_field_values=values)


async def test_choices_are_read_from_the_issue_and_from_the_list(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    assert (await harness.repository.issue(number)).choices == ()
    github.web.choose(number, "High", by="alice")
    chosen = ((field_id(github), "High"),)
    assert (await harness.repository.issue(number)).choices == chosen
    rows = [row async for page in harness.repository.all_issues() for row in page.rows]
    assert [row.choices for row in rows] == [chosen]


async def test_without_the_member_choices_are_not_known(harness: ClientHarness, github: GitHub) -> None:
    issue = github.web.open_issue("One", by="alice")
    assert (await harness.repository.issue(IssueNumber(issue.number))).choices is None


@pytest.mark.parametrize(
    ("values", "choices"),
    [
        (None, None),
        ("High", None),
        ({}, None),
        ([{"issue_field_id": 7, "data_type": "single_select", "single_select_option": HIGH}], ((7, "High"),)),
        ([{"issue_field_id": 7, "data_type": "single_select", "single_select_option": None}], None),
        ([{"issue_field_id": 7, "data_type": "single_select", "value": 2}], None),
        ([{"data_type": "single_select", "single_select_option": HIGH}], None),
        ([{"issue_field_id": 7, "data_type": "text", "value": "High"}, 5, None], ()),
    ],
)
async def test_values_of_another_shape_are_not_known_and_cost_no_issue(
    harness: ClientHarness, github: GitHub, number: IssueNumber, values: Any, choices: Any
) -> None:
    show(github, number, values)
    assert (await harness.repository.issue(number)).choices == choices


async def test_one_field_is_set_and_the_others_stay(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.add_field("Effort", ("High", "Low"))
    github.web.choose(number, "Low", by="alice", name="Effort")
    answer = await harness.repository.choose_option(number, field_id(github), "Urgent")
    assert isinstance(answer, Confirmed)
    assert set(answer.value) == {(field_id(github), "Urgent"), (field_id(github, "Effort"), "Low")}
    (sent,) = (seen for seen in github.simulator.requests if seen.write)
    values = [{"field_id": field_id(github), "value": "Urgent"}]
    assert (sent.method, sent.json()) == ("POST", {"issue_field_values": values})


async def test_a_refusal_names_its_reason_and_an_answer_that_says_nothing_is_no_answer(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    unknown = await harness.repository.choose_option(number, field_id(github), "Soon")
    assert isinstance(unknown, Refused)
    assert (unknown.status, unknown.is_final) == (422, False)
    github.web.allow("bugspark-bot", Level.TRIAGE)
    forbidden = await harness.repository.choose_option(number, field_id(github), "High")
    assert isinstance(forbidden, Refused)
    assert forbidden.status == 403
    github.web.allow("bugspark-bot", Level.WRITE)
    github.simulator.faults.add(Reply(status=200, body=b"{}"), method="POST")
    assert isinstance(
        await harness.repository.choose_option(number, field_id(github), "High"), OutcomeUnknown
    )


async def test_the_organisations_single_selects_are_listed(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    (found,) = await harness.repository.organisation_fields()
    assert (found.id, found.name, found.options) == (
        field_id(github),
        "Priority",
        ("Urgent", "High", "Medium", "Low"),
    )


async def test_no_fields_and_fields_without_permission_are_distinguished(
    harness: ClientHarness, github: GitHub
) -> None:
    with pytest.raises(GitHubNotFoundError):
        await harness.repository.organisation_fields()
    github.web.add_field()
    github.hide_fields()
    with pytest.raises(CredentialError, match="Issue Fields: read"):
        await harness.repository.organisation_fields()


@pytest.mark.parametrize("reading", ["named", "bare", "none"])
async def test_events_give_the_time_of_a_field_change_where_github_has_it(
    harness: ClientHarness, github: GitHub, number: IssueNumber, reading: str
) -> None:
    github.world.assume(field_events=reading)
    github.web.choose(number, "High", by="alice")
    github.web.choose(number, "Low", by="alice")
    github.web.clear_field(number, by="alice")
    events = await harness.repository.field_events(number, lambda _: None)
    value = str(field_id(github)) if reading == "named" else ""
    expected = [] if reading == "none" else [(value, True), (value, True), (value, False)]
    assert [(event.value, event.added) for event in events] == expected
    assert all(event.is_choice and event.field is Field.SEVERITY for event in events)
