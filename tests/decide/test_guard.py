"""The guard withholds suspicious deletions, and everything else proceeds (docs/design.md, Guard)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.decide.guard import (
    GuardResult,
    are_deletions_suspicious,
    deletions_digest,
    deletions_in_plans,
    withhold_suspicious_deletions,
    without_unaccepted_deletions,
)
from reconciler.model.fields import Field, Side
from reconciler.model.ids import CommentPairId
from reconciler.model.link import CommentPairState, FirstReading, Presence, Verification
from reconciler.model.plan import (
    DeleteRemoteComment,
    Deletion,
    LinkPlan,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
)
from reconciler.model.policy import GuardPolicy
from tests.support.factories import AFTER, a_local_comment, a_pair, a_plan, a_remote_comment, ids, missing

GITHUB, BUGSPARK = Side.GITHUB, Side.BUGSPARK
POLICY = GuardPolicy()
MANY = {GITHUB: 5_000, BUGSPARK: 5_000}
DELETED = Why(rule=Rule.COMMENT_DELETED)
SET = SetReportField(field=Field.STATUS, to="resolved", why=Why(rule=Rule.REMOTE_MOVED))


def removal(number: int) -> RemoveLocalComment:
    return RemoveLocalComment(
        pair=a_pair(GITHUB, a_local_comment(number), a_remote_comment(number)), why=DELETED
    )


def deletion(number: int) -> DeleteRemoteComment:
    return DeleteRemoteComment(
        pair=a_pair(BUGSPARK, a_local_comment(number), a_remote_comment(number)), why=DELETED
    )


def removals(count: int, start: int = 0) -> tuple[Deletion, ...]:
    return tuple(removal(number) for number in range(start, start + count))


@pytest.mark.parametrize(
    ("count", "live_counts", "policy", "held"),
    [
        (20, MANY, POLICY, False),
        (21, MANY, POLICY, True),
        (3, MANY, GuardPolicy(max_deletions=2), True),
        (2, MANY, GuardPolicy(max_deletions=2), False),
        (1, MANY, GuardPolicy(max_deletions=0), True),
        (0, MANY, GuardPolicy(max_deletions=0), False),
        (6, {GITHUB: 40, BUGSPARK: 20}, POLICY, False),  # a tenth is allowed
        (6, {GITHUB: 39, BUGSPARK: 20}, POLICY, True),
        (6, {GITHUB: 59}, POLICY, True),
        (6, {GITHUB: 60}, POLICY, False),
        (5, {GITHUB: 6, BUGSPARK: 0}, POLICY, False),  # up to five are allowed at any share
        (5, {GITHUB: 5, BUGSPARK: 5_000}, POLICY, True),  # all comments of a side that has five or more
        (6, {GITHUB: 6, BUGSPARK: 5_000}, POLICY, True),
        (6, {GITHUB: 7, BUGSPARK: 5_000}, POLICY, False),
        (4, {GITHUB: 4, BUGSPARK: 0}, POLICY, False),  # all comments, but fewer than five
        (6, {GITHUB: 10}, GuardPolicy(max_share=0.6), False),
        (7, {GITHUB: 10}, GuardPolicy(max_share=0.6), True),
    ],
)
def test_deletions_are_withheld_exactly_beyond_the_thresholds(
    count: int, live_counts: dict[Side, int], policy: GuardPolicy, *, held: bool
) -> None:
    plan = a_plan(*removals(count), SET)
    result = withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts=live_counts, accepted=(), policy=policy
    )
    assert bool(result.withheld) is held
    (after,) = result.plans
    assert len(deletions_in_plans([after])) == (0 if held else count)
    assert len(after.withheld) == (count if held else 0)
    assert SET in after.actions


def test_an_empty_side_is_detected_among_the_other_sides_deletions() -> None:
    candidates: list[Deletion] = [*(deletion(number) for number in range(5)), removal(9)]
    assert are_deletions_suspicious(candidates, {GITHUB: 5_000, BUGSPARK: 5}, POLICY)
    assert not are_deletions_suspicious(candidates, {GITHUB: 5_000, BUGSPARK: 6}, POLICY)
    assert not are_deletions_suspicious(removals(5), {GITHUB: 5_000, BUGSPARK: 5}, POLICY)


def test_both_directions_count_together() -> None:
    candidates = (*removals(11), *(deletion(number) for number in range(20, 30)))
    assert are_deletions_suspicious(candidates, MANY, POLICY)
    assert not are_deletions_suspicious(candidates[1:], MANY, POLICY)


def held_back(*plans: LinkPlan) -> GuardResult:
    return withhold_suspicious_deletions(
        plans, now=AFTER, live_counts=MANY, accepted=(), policy=GuardPolicy(max_deletions=1)
    )


def test_a_pair_does_not_end_while_its_deletion_is_withheld() -> None:
    gone, kept = removal(1), a_pair(GITHUB, a_local_comment(7), a_remote_comment(7))
    ended = replace(gone.pair, state=CommentPairState.ENDED)
    result = held_back(a_plan(gone, pairs=(ended, kept)), a_plan(removal(2)))
    assert result.plans[0].pairs == (kept,)
    assert result.plans[0].actions == ()


def test_a_second_copy_stays_recorded_while_its_deletion_is_withheld() -> None:
    second = a_pair(BUGSPARK, None, a_remote_comment(4))
    double = DeleteRemoteComment(pair=second, why=Why(rule=Rule.COMMENT_DOUBLED))
    result = held_back(a_plan(double, removal(1), pairs=(second,)))
    assert result.plans[0].pairs == (second,)
    assert result.plans[0].withheld == (double, removal(1))


def test_plans_without_deletions_are_untouched() -> None:
    plain, heavy = a_plan(SET), a_plan(*removals(2))
    assert held_back(plain, heavy).plans[0] is plain


def test_accepted_deletions_are_neither_counted_nor_withheld() -> None:
    accepted = {item.pair.id for item in removals(20)}
    plan = a_plan(*removals(25))
    assert withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts=MANY, accepted=accepted, policy=POLICY
    ).plans == (plan,)
    few = withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts={GITHUB: 25}, accepted=accepted, policy=GuardPolicy(max_deletions=4)
    )
    assert few.plans[0].actions == removals(20)
    assert few.plans[0].withheld == removals(5, start=20)
    assert few.withheld == removals(5, start=20)


def test_deletions_after_a_withheld_one_are_withheld() -> None:
    first = withhold_suspicious_deletions(
        [a_plan(*removals(21))], now=AFTER, live_counts=MANY, accepted=(), policy=POLICY
    )
    second_result = withhold_suspicious_deletions(
        [a_plan(removal(30), SET)],
        now=AFTER,
        live_counts=MANY,
        accepted=(),
        policy=POLICY,
        withheld=first.withheld,
    )
    assert second_result.plans[0].actions == (SET,)
    assert second_result.plans[0].withheld == (removal(30),)
    assert deletions_digest(second_result.withheld) == deletions_digest((*removals(21), removal(30)))


def test_a_withheld_deletion_is_counted_once_for_many_decisions() -> None:
    first = withhold_suspicious_deletions(
        [a_plan(*removals(21))], now=AFTER, live_counts=MANY, accepted=(), policy=POLICY
    )
    second_result = withhold_suspicious_deletions(
        [a_plan(*removals(21))],
        now=AFTER,
        live_counts=MANY,
        accepted=(),
        policy=POLICY,
        withheld=first.withheld,
    )
    assert deletions_digest(second_result.withheld) == deletions_digest(first.withheld)


def test_deletions_of_earlier_observations_are_counted() -> None:
    plan = a_plan(*removals(6, start=20))
    assert not withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts=MANY, accepted=(), policy=POLICY
    ).withheld
    assert withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts=MANY, accepted=(), policy=POLICY, applied=removals(15)
    ).withheld == removals(6, start=20)


def test_a_postponed_deletion_keeps_its_pair_and_makes_the_link_due() -> None:
    checked = Verification(at=AFTER, due=AFTER, etags=None)
    ended = replace(removal(1).pair, state=CommentPairState.ENDED)
    plan = replace(a_plan(removal(1), SET), pairs=(ended,))
    plan = replace(plan, after=replace(plan.after, verification=checked))
    later = without_unaccepted_deletions(plan, ())
    assert (later.actions, later.pairs, later.withheld) == ((SET,), (), ())
    assert later.after == replace(plan.after, verification=None)
    assert without_unaccepted_deletions(plan, [ended.id]) == plan  # an accepted deletion is not withheld
    quiet = replace(plan, actions=(SET,), pairs=())
    assert without_unaccepted_deletions(quiet, ()) == quiet


def test_no_deletions_have_no_hash() -> None:
    assert deletions_digest(()) is None


def test_the_hash_is_of_exactly_these_deletions_in_any_order() -> None:
    candidates = removals(6)
    assert deletions_digest(candidates) == deletions_digest(tuple(reversed(candidates)))
    others = {
        deletions_digest(candidates[:5]),
        deletions_digest((*candidates[:5], removal(9))),
        deletions_digest((*candidates[:5], deletion(5))),
    }
    assert len(others | {deletions_digest(candidates)}) == 4


def test_the_hash_is_the_same_for_a_row_with_a_new_id() -> None:
    second = a_pair(BUGSPARK, None, a_remote_comment(4))
    new_pair = replace(second, id=CommentPairId(ids()()))
    one, other = (DeleteRemoteComment(pair=pair, why=DELETED) for pair in (second, new_pair))
    assert deletions_digest([one]) == deletions_digest([other])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 6), st.integers(0, 60), st.integers(0, 60))
def test_the_guard_neither_loses_nor_adds_an_action(
    ours: int, theirs: int, parts: int, local: int, remote: int
) -> None:
    candidates = (*removals(theirs), *(deletion(number) for number in range(50, 50 + ours)))
    plans = [a_plan(SET, *candidates[part::parts]) for part in range(parts)]
    live_counts = {GITHUB: local, BUGSPARK: remote}
    result = withhold_suspicious_deletions(
        plans, now=AFTER, live_counts=live_counts, accepted=(), policy=POLICY
    )
    withheld = [item for plan in result.plans for item in plan.withheld]
    assert sorted([*withheld, *deletions_in_plans(result.plans)], key=repr) == sorted(candidates, key=repr)
    assert sorted(withheld, key=repr) == sorted(result.withheld, key=repr)
    assert not (withheld and deletions_in_plans(result.plans))
    assert all(SET in plan.actions for plan in result.plans)
    if not withheld:
        assert len(candidates) <= 20


def test_comments_that_one_reading_did_not_show_count_with_the_deletions() -> None:
    """The second readings of a large deletion fall into several passes."""
    plan = a_plan(*removals(3))
    rest = [missing(item.pair) for item in removals(2, start=10)]
    live = {GITHUB: 5, BUGSPARK: 0}
    alone = withhold_suspicious_deletions([plan], now=AFTER, live_counts=live, accepted=(), policy=POLICY)
    together = withhold_suspicious_deletions(
        [plan], now=AFTER, live_counts=live, accepted=(), policy=POLICY, missing=rest
    )
    assert (alone.withheld, together.withheld) == ((), removals(3))
    same = withhold_suspicious_deletions(
        [plan],
        now=AFTER,
        live_counts=live,
        accepted=(),
        policy=POLICY,
        missing=[missing(item.pair) for item in removals(3)],
    )
    assert same.withheld == (), "the comments of these deletions are not counted twice"


def test_a_comment_whose_deletion_is_withheld_is_read_again_an_hour_later() -> None:
    pair = missing(removal(1).pair)
    ended = replace(pair, state=CommentPairState.ENDED, first_reading=None)
    plan = replace(a_plan(RemoveLocalComment(pair=pair, why=DELETED), deletion(2)), pairs=(ended,))
    policy = GuardPolicy(max_deletions=0)
    result = withhold_suspicious_deletions([plan], now=AFTER, live_counts=MANY, accepted=(), policy=policy)
    (row,) = result.plans[0].pairs
    assert (row.state, row.first_reading) == (
        CommentPairState.LIVE,
        FirstReading(presence=Presence.ABSENT, at=AFTER, second_due=AFTER + timedelta(hours=1)),
    )
