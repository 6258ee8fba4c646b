"""Rows of GitHub's that are not as documented: what can be read is read, the rest rests one link alone."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import Drop
from reconciler.github.wire import CommentRow, EventRow, IssueRow, LabelRow, RenameRow, UserRow
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome
from reconciler.store.schema.tables import deliveries
from tests.support.sync import Sync

LONG = 7 * 3600.0  # longer than verify_seconds with its jitter


def issue_id(sync: Sync, number: int) -> int:
    return sync.github.web.issue(number).id


def show_as(sync: Sync, row_id: int, **members: Any) -> None:
    """GitHub shows the row with these members from now on."""
    sync.github.simulator.views.edits[row_id] = lambda row: row.update(members)


async def test_a_null_pull_request_is_an_issue(sync: Sync) -> None:
    report, number = await sync.linked()
    show_as(sync, issue_id(sync, number), pull_request=None)
    sync.github.web.close(number, by="bob")
    assert (await sync.settle()).outcome is Outcome.OK
    assert sync.status(report) == "resolved", "the list's row is an issue's"
    sync.github.web.comment(number, "still here", by="bob")
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nstill here"]
    sync.change(report, status="new")
    await sync.settle()
    assert sync.github.web.issue(number).state == "open", "the single row is an issue's"


# --- every member of every row --------------------------------------------------------------------------


ABSENT, WRONG = object(), {"x": [1]}
"""A member that is not there; one of a type that no member has."""
VARIATIONS = {"absent": ABSENT, "null": None, "another type": WRONG}
SEEN_BY = {"absent": "lists", "null": "deliveries", "another type": "verification"}
"""What shows the rows first, besides the lists; all lead to the same reads."""
NESTED: dict[str, type[msgspec.Struct]] = {
    "user": UserRow,
    "actor": UserRow,
    "labels": LabelRow,
    "label": LabelRow,
    "rename": RenameRow,
}
Path = tuple[str, ...]


def members(kind: type[msgspec.Struct]) -> Iterator[tuple[Path, bool, bool]]:
    """Every member of a row and of the rows in it: its path, whether it is needed, whether it stays raw."""
    for each in msgspec.structs.fields(kind):
        yield (each.name,), each.required, each.type is msgspec.Raw
        if each.name in NESTED:
            for path, needed, raw in members(NESTED[each.name]):
                yield (each.name, *path), needed, raw


def spoil(row: dict[str, Any], path: Path, value: object) -> None:
    """Show one member of the row like that; of a list, in its first row."""
    for name in path[:-1]:
        found = row[name]
        row = found[0] if isinstance(found, list) else found
    if value is ABSENT:
        row.pop(path[-1], None)
    else:
        row[path[-1]] = [7] if value is WRONG and path[-1] in ("pull_request", "label") else value


def rests(value: object, *, needed: bool, raw: bool) -> bool:
    return not raw and (needed or value is WRONG)


async def linked(sync: Sync, count: int) -> dict[ReportId, int]:
    made = [sync.bugspark.add_report(sync.project) for _ in range(count)]
    await sync.app.export(tuple(map(str, made)), NullProgress())
    await sync.settle()
    return {report: sync.number(report) for report in made}


def use_both_sides(sync: Sync, report: ReportId, number: int) -> None:
    sync.github.web.comment(number, "from GitHub", by="alice")
    sync.github.web.label(number, "critical", by="alice")
    sync.add_comment(report, "from BugSpark")
    sync.change(report, status="resolved")


def is_synced(sync: Sync, report: ReportId, number: int) -> bool:
    """Whether everything of `use_both_sides` arrived, once."""
    there = [body for body in sync.texts_on_github(number) if "from BugSpark" in body]
    here = [body for body in sync.texts_in_bugspark(report) if "from GitHub" in body]
    state = (sync.github.web.issue(number).state, sync.severity(report), sync.status(report))
    return state == ("closed", "critical", "resolved") and len(there) == len(here) == 1


def is_untouched(sync: Sync, report: ReportId, number: int) -> bool:
    """Whether nothing of `use_both_sides` went from one side to the other."""
    there, here = sync.texts_on_github(number), sync.texts_in_bugspark(report)
    state = (sync.github.web.issue(number).state, sync.severity(report))
    return state == ("open", "medium") and not any("BugSpark" in body for body in there) and len(here) == 1


async def resting(sync: Sync) -> dict[str, str]:
    """The reason of each link that rests, by the issue's number."""
    shown, _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    items = [item for item in shown[0].attention if item.what == "resting"]
    return {str(item.issue).partition("#")[2]: item.reason for item in items}


def tell(sync: Sync, numbers: Iterable[int]) -> None:
    """A webhook named these issues."""
    with sync.bugspark.engine.begin() as connection:
        for number in numbers:
            row = {"project_id": sync.project, "id": str(uuid4()), "event": "issue_comment"}
            connection.execute(
                sa.insert(deliveries), [{**row, "number": number, "at": sync.github.clock.now()}]
            )


@pytest.mark.parametrize("variation", VARIATIONS)
@pytest.mark.parametrize("kind", [IssueRow, CommentRow])
async def test_a_row_that_cannot_be_read_rests_its_own_link_alone(
    sync: Sync, kind: type[msgspec.Struct], variation: str
) -> None:
    value, seen_by, cases = VARIATIONS[variation], SEEN_BY[variation], list(members(kind))
    links = await linked(sync, len(cases) + 2)
    spoiled = dict(zip(links, cases, strict=False))
    for report, number in links.items():
        use_both_sides(sync, report, number)
    for report, (path, *_) in spoiled.items():
        row_id = issue_id(sync, links[report])
        if kind is CommentRow:
            row_id = sync.github.web.comment(links[report], "spoiled", by="bob").id
        sync.github.simulator.views.edits[row_id] = partial(spoil, path=path, value=value)
    if seen_by == "deliveries":
        tell(sync, links.values())
    result = await sync.run(seconds=LONG if seen_by == "verification" else 5)
    expected = {r for r, (_, needed, raw) in spoiled.items() if rests(value, needed=needed, raw=raw)}
    assert set(await resting(sync)) == {str(links[report]) for report in expected}
    assert all("can't be read" in reason for reason in (await resting(sync)).values())
    assert result.outcome is (Outcome.PARTIAL if expected else Outcome.OK), result.error
    for report, number in links.items():
        if report in expected:
            assert is_untouched(sync, report, number), spoiled[report]
        else:
            assert is_synced(sync, report, number), spoiled.get(report, "a bystander")
    sync.github.simulator.views.edits.clear()
    await sync.run(seconds=3601)
    await sync.settle()
    assert not await resting(sync)
    for report, number in links.items():
        assert is_synced(sync, report, number), spoiled.get(report, "a bystander")
        assert sum("spoiled" in body for body in sync.texts_in_bugspark(report)) == (
            kind is CommentRow and report in spoiled
        )


@pytest.mark.parametrize("variation", VARIATIONS)
async def test_an_event_that_cannot_be_read_rests_its_own_link_alone(sync: Sync, variation: str) -> None:
    value, cases = VARIATIONS[variation], [case for case in members(EventRow) if case[0][0] != "rename"]
    links = await linked(sync, len(cases) + 2)
    spoiled = dict(zip(links, cases, strict=False))
    for report, number in links.items():
        sync.change(report, severity="low")
        sync.github.web.unlabel(number, "medium-priority", by="alice")
        sync.github.web.label(number, "critical", by="alice")
        if report in spoiled:
            event = sync.github.web.events[number][-1]
            sync.github.simulator.views.edits[event.id] = partial(spoil, path=spoiled[report][0], value=value)
    await sync.run()
    expected = {r for r, (_, needed, raw) in spoiled.items() if rests(value, needed=needed, raw=raw)}
    assert set(await resting(sync)) == {str(links[report]) for report in expected}
    for report in links.keys() - expected:
        assert sync.severity(report) in ("critical", "low")
        assert sync.labels(links[report]) >= {"critical"} or sync.severity(report) == "low"
    sync.github.simulator.views.edits.clear()
    await sync.run(seconds=3601)
    await sync.settle()
    assert not await resting(sync)
    for report, number in links.items():
        name = {"critical": "critical", "low": "low-priority"}[sync.severity(report)]
        assert sync.labels(number) == {"bug", name}


async def test_an_unknown_state_rests_its_link_and_is_named_in_every_view(sync: Sync) -> None:
    report, number = await sync.linked()
    other, bystander = await sync.linked()
    sync.github.web.comment(number, "from GitHub", by="alice")
    use_both_sides(sync, other, bystander)
    show_as(sync, issue_id(sync, number), state="triaged")
    result = await sync.run()
    assert (result.outcome, result.quarantined) == (Outcome.PARTIAL, 1)
    assert result.error is not None
    assert f"acme/web#{number}" in result.error.message
    assert is_synced(sync, other, bystander)
    (reason,) = (await resting(sync)).values()
    assert "`$.state`" in reason
    shown = await sync.app.explain_report(str(report))
    assert (shown.state, shown.reason) == ("Needs attention", reason)


async def test_an_issue_is_not_made_again_while_what_may_be_it_cannot_be_read(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=r"/issues$")
    await sync.app.export((str(report),), NullProgress())
    (number,) = sync.github.web.picture()
    show_as(sync, issue_id(sync, number), body=["?"])
    for _ in range(5):
        result = await sync.run(seconds=61)
        assert result.error is not None
        assert f"issue acme/web#{number}: GitHub's answer can't be read" in result.error.message
    assert list(sync.github.web.picture()) == [number], "not a second one"
    sync.github.simulator.views.edits.clear()
    await sync.run(seconds=61)
    assert (sync.number(report), list(sync.github.web.picture())) == (number, [number])
