"""What the operator's own prefix and direction of comments kept back stays so when they change."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.decide.comment_exclusion import NOT_TO_GITHUB, PRIVATE
from reconciler.errors import SchemaError
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.policy import CommentRules, Direction
from reconciler.owner_settings.history import (
    OperatorHistory,
    decode_operator_history,
    encode_operator_history,
    next_operator_history,
)
from reconciler.store.schema.migrate import downgrade
from tests.support.sync import Sync, settings_for
from tests.sync.compare_plan import compare
from tests.sync.test_followers import ON_BOTH

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def operate(sync: Sync, **keys: object) -> None:
    """Let the program run with these keys of `[sync]` from now on, as after a change of its configuration."""
    container = sync.app._container
    container.settings = settings_for(container.settings.database.url.reveal(), sync.github.api, sync=keys)


def rows_of_rules(sync: Sync) -> list[str]:
    return [str(row["value"]) for row in sync.bugspark.rows_of("sync_meta") if row["key"] == "comment_rules"]


async def unlinked_with_comments(sync: Sync) -> ReportId:
    """A report without an issue, with a private comment and one that is not."""
    sync.github.clock.advance(1)
    report = sync.bugspark.add_report(sync.project, at=sync.github.clock.now())
    sync.add_comment(report, "#internal before the issue")
    sync.add_comment(report, "for all")
    sync.github.clock.advance(1)
    return report


async def exported(sync: Sync, report: ReportId) -> list[str]:
    await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    return sorted(body.splitlines()[2] for body in sync.texts_on_github(sync.number(report)))


@ON_BOTH
async def test_a_private_comment_of_an_unlinked_report_stays_when_the_operator_takes_the_prefix_away(
    sync: Sync,
) -> None:
    operate(sync, private_prefix="#internal")
    await sync.run()
    report = await unlinked_with_comments(sync)
    operate(sync)
    await sync.run()
    assert await exported(sync, report) == ["for all"]
    shown = (await sync.app.explain_report(str(report))).skipped
    assert {(each.reason, each.count) for each in shown} == {(PRIVATE, 1)}
    sync.add_comment(report, "#internal is no prefix any more")
    await compare(sync)
    assert len(sync.texts_on_github(sync.number(report))) == 2


async def test_the_first_pass_without_the_prefix_knows_of_it_and_so_do_later_changes(sync: Sync) -> None:
    operate(sync, private_prefix="#internal")
    await sync.run()
    report = await unlinked_with_comments(sync)
    operate(sync, private_prefix="#secret")
    assert await exported(sync, report) == ["for all"]
    other = await unlinked_with_comments(sync)
    sync.add_comment(other, "#secret")
    sync.github.clock.advance(1)
    operate(sync)
    assert await exported(sync, other) == ["#internal before the issue", "for all"]


async def test_what_the_operators_direction_kept_back_stays(sync: Sync) -> None:
    operate(sync, directions={"comments": "to_bugspark"})
    await sync.run()
    report = await unlinked_with_comments(sync)
    operate(sync)
    assert await exported(sync, report) == []
    shown = (await sync.app.explain_report(str(report))).skipped
    assert {(each.reason, each.count) for each in shown} == {(NOT_TO_GITHUB, 2)}


async def test_nothing_is_stored_without_a_rule_nor_again_while_it_stays(sync: Sync) -> None:
    await sync.settle()
    assert rows_of_rules(sync) == []
    operate(sync, private_prefix="#internal")
    await sync.run()
    stored = rows_of_rules(sync)
    await sync.run()
    assert (len(stored), rows_of_rules(sync)) == (1, stored)
    operate(sync, private_prefix="#secret")
    await sync.plan()
    assert rows_of_rules(sync) == stored, "a plan stores nothing"


@ON_BOTH
async def test_downgrade_refuses_while_earlier_rules_keep_comments_back(sync: Sync) -> None:
    operate(sync, private_prefix="#internal")
    await sync.run()
    url = sync.bugspark.engine.url.render_as_string(hide_password=False)
    operate(sync)
    await sync.run()
    with pytest.raises(SchemaError, match="would lose 1 lists of the operator's earlier rules"):
        downgrade(url)
    assert len(rows_of_rules(sync)) == 1
    downgrade(url, may_lose=True)


@pytest.mark.parametrize("turns", [1, 60])
def test_processes_that_alternate_with_two_configurations_add_a_bounded_number_of_rules(turns: int) -> None:
    known = OperatorHistory()
    for turn in range(turns):
        for prefix in ("#internal", None):
            known = next_operator_history(known, prefix, Direction.BOTH, NOW + timedelta(seconds=turn))
    last = NOW + timedelta(seconds=turns - 1)
    assert known.earlier == (CommentRules(private_prefixes=("#internal",), until=last),)
    assert decode_operator_history(encode_operator_history(known)) == known
    assert encode_operator_history(OperatorHistory()) is None
