from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.decide.fields import FieldChangeTimes
from reconciler.decide.link import (
    decide_link,
    has_new_information,
    is_other_issue,
    is_possibly_outdated,
    seen_issue,
)
from reconciler.model.fields import Base, Field, IssueState, Severity, Side, Status
from reconciler.model.ids import IssueNumber, RemoteCommentId
from reconciler.model.link import CommentPairState, LinkObservation, LinkOrigin, LinkState, SeenIssue
from reconciler.model.plan import (
    DeleteRemoteComment,
    ImportComment,
    LinkPlan,
    PostComment,
    RemoveLocalComment,
    SetIssueState,
    SetReportField,
)
from reconciler.model.policy import ConflictPolicy, SanitizationPolicy, SyncPolicy
from reconciler.text import comment_to_bugspark, comment_to_github
from tests.support.factories import (
    AFTER,
    BEFORE,
    OURS,
    a_base,
    a_link,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    a_report,
    a_seen_issue,
    an_issue,
    an_observation,
    ids,
    local_id,
)
from tests.support.tiny_world import AFTER_GITHUB, BEFORE_GITHUB, TinyWorld

POLICY = SyncPolicy()
SECOND = timedelta(seconds=1)
HOURS = timedelta(hours=5)


def decided(view: LinkObservation, policy: SyncPolicy = POLICY) -> LinkPlan:
    plan = decide_link(view, policy, {}, ids())
    assert isinstance(plan, LinkPlan)
    return plan


def test_without_a_change_the_plan_is_empty() -> None:
    plan = decided(an_observation())
    assert plan.is_idle
    assert plan.after == plan.link


def test_without_a_row_of_this_pass_the_last_seen_issue_counts() -> None:
    link = a_link(seen=a_seen_issue("high", state=IssueState.CLOSED))
    (action,) = decided(an_observation(link=link, report=a_report(status=Status.NEW))).actions
    assert isinstance(action, SetReportField)
    assert action.to == "resolved"


def test_the_seen_issue_is_stored_even_if_nothing_is_written() -> None:
    issue = an_issue("high-priority", "wontfix", comments=4, locked=True)
    plan = decided(an_observation(issue=issue))
    assert plan.actions == ()
    assert not plan.is_idle
    assert plan.after == replace(plan.link, seen=seen_issue(issue))


def test_fields_and_comments_are_decided_in_one_plan() -> None:
    view = an_observation(
        issue=an_issue("critical"),
        report=a_report(status=Status.RESOLVED),
        comments=(a_remote_comment(),),
        local_comments=(a_local_comment(),),
    )
    plan = decided(view)
    assert [type(a) for a in plan.actions] == [SetIssueState, SetReportField, ImportComment, PostComment]
    assert len(plan.pairs) == 2
    assert plan.after.base == a_base(severity=Severity.CRITICAL)
    assert (plan.link, plan.report) == (view.link, view.report)


def test_the_initial_sync_makes_a_link_active_and_clears_its_problem() -> None:
    link = a_new_link(reason="not readable", quarantined_until=AFTER)
    plan = decided(an_observation(link=link, issue=an_issue("high"), is_complete=True))
    after = plan.after
    assert (after.state, after.reason, after.quarantined_until) == (LinkState.ACTIVE, None, None)
    assert after.base == a_base()


def test_an_issue_that_another_database_wrote_on_first_is_only_read() -> None:
    view = an_observation(
        issue=an_issue("critical"),
        report=a_report(status=Status.RESOLVED),
        comments=(
            a_remote_comment(1),
            a_remote_comment(2, "[BugSpark] Eve:\n\nHello", author=OURS, marker_instance="other-db"),
        ),
        local_comments=(a_local_comment(),),
        is_complete=True,
        owner_instance="other-db",
    )
    plan = decided(view)
    assert [type(a) for a in plan.actions] == [SetReportField, ImportComment]
    assert {(pair.remote_id, pair.state) for pair in plan.pairs} == {
        (1, CommentPairState.LIVE),
        (2, CommentPairState.SKIPPED),
    }
    assert plan.after.owner_instance == "other-db"


@pytest.mark.parametrize(
    ("known", "another"),
    [
        (None, False),
        (a_seen_issue(id=7001), False),
        (a_seen_issue(id=7002), True),
        (replace(a_seen_issue(), id=None), False),  # stored before ids were
    ],
)
def test_an_issue_of_the_same_number_is_another_by_its_id(known: SeenIssue | None, *, another: bool) -> None:
    assert is_other_issue(a_link(seen=known), an_issue(id=7001)) is another


def test_a_conflict_needs_the_events_of_its_fields_and_is_recorded() -> None:
    view = an_observation(issue=an_issue("low"), report=a_report(severity=Severity.CRITICAL))
    assert decide_link(view, POLICY, {}, ids()) == frozenset({Field.SEVERITY})
    times = {Field.SEVERITY: FieldChangeTimes(local=AFTER, remote=AFTER)}
    plan = decide_link(view, POLICY, times, ids())
    assert isinstance(plan, LinkPlan)
    (conflict,) = plan.conflicts
    assert (conflict.field, conflict.lost) == (Field.SEVERITY, "critical")


def test_an_issue_never_read_cannot_be_decided() -> None:
    with pytest.raises(ValueError, match="has never been read"):
        decided(an_observation(link=a_new_link()))


@pytest.mark.parametrize(
    ("link", "noted"),
    [
        (a_link(seen=a_seen_issue("high")), True),
        (a_link(seen=a_seen_issue("high", "low")), False),
        (a_link(seen=None), True),
        (a_new_link(seen=a_seen_issue("high", "low")), True),
    ],
)
def test_several_labels_are_noted_once(link: Any, *, noted: bool) -> None:
    notes = decided(an_observation(link=link, issue=an_issue("high", "low"))).notes
    assert notes == ("several labels speak of severity (high, low): high counts",) * noted


@pytest.mark.parametrize(
    ("known", "row", "news", "is_doubtful"),
    [
        (None, an_issue(), True, False),
        (an_issue("a"), an_issue("a"), False, False),
        (an_issue("a"), an_issue("a", updated_at=AFTER + SECOND), True, False),
        (an_issue("a"), an_issue("b", updated_at=AFTER + SECOND), True, False),
        (an_issue("a"), an_issue("b", updated_at=AFTER - SECOND), False, False),  # a lagging list
        (an_issue("a"), an_issue("b"), True, True),  # perhaps older than our own write
        (an_issue("a"), an_issue("a", state=IssueState.CLOSED), True, True),
        (an_issue("a"), an_issue("a", comments=1), True, True),
        # what is known is ahead of GitHub's clock, which was corrected since
        (an_issue("a", updated_at=AFTER + HOURS), an_issue("b", updated_at=AFTER - SECOND), True, True),
        (an_issue("a", updated_at=AFTER + HOURS), an_issue("b", updated_at=AFTER + SECOND), True, True),
    ],
)
def test_a_row_is_news_unless_it_is_known_or_older(
    known: Any, row: Any, *, news: bool, is_doubtful: bool
) -> None:
    link = a_link(seen=None if known is None else seen_issue(known))
    assert has_new_information(link, row, AFTER) is news
    assert is_possibly_outdated(link, row, AFTER) is is_doubtful


# --- random states ----------------------------------------------------------------------------------------

Step = Callable[[TinyWorld, int], None]


def from_github(world: TinyWorld, number: int) -> None:
    remote = a_remote_comment(number, f"original {number}")
    local = a_local_comment(number, comment_to_bugspark("octocat", remote.body), source="github", author=None)
    pair = a_pair(Side.GITHUB, local, remote)
    world.local[local.id], world.remote[remote.id], world.ledger[pair.id] = local, remote, pair


def from_bugspark(world: TinyWorld, number: int) -> None:
    local = a_local_comment(number, f"original {number}")
    body = comment_to_github("Ada", local.body, "<!-- signed -->", SanitizationPolicy())
    remote = a_remote_comment(number, body, author=OURS, marker_comment_id=local.id)
    pair = a_pair(Side.BUGSPARK, local, remote)
    world.local[local.id], world.remote[remote.id], world.ledger[pair.id] = local, remote, pair


def delete_local(world: TinyWorld, number: int) -> None:
    world.local.pop(local_id(number), None)


def delete_remote(world: TinyWorld, number: int) -> None:
    world.remote.pop(RemoteCommentId(number), None)


def edit_remote(world: TinyWorld, number: int) -> None:
    row = world.remote[RemoteCommentId(number)]
    world.remote[row.id] = replace(row, body=f"{row.body}!", updated_at=AFTER + SECOND)


def edit_local(world: TinyWorld, number: int) -> None:
    row = world.local[local_id(number)]
    world.local[row.id] = replace(row, body=f"{row.body}?")


def wait(world: TinyWorld, number: int) -> None:
    """Make a comment whose post has an unknown outcome."""
    pair = next(pair for pair in world.ledger.values() if pair.local_id == local_id(number))
    world.ledger[pair.id] = replace(pair, state=CommentPairState.PENDING, remote_id=None, remote_digest=None)


def double(world: TinyWorld, number: int) -> None:
    row = world.remote[RemoteCommentId(number)]
    world.remote[RemoteCommentId(number + 1_000)] = replace(row, id=RemoteCommentId(number + 1_000))


def forget(world: TinyWorld, number: int) -> None:
    """Remove the comment's rows from the ledger."""
    kept = {key: pair for key, pair in world.ledger.items() if pair.local_id != local_id(number)}
    world.ledger.clear()
    world.ledger.update(kept)


def age(world: TinyWorld, number: int) -> None:
    """Make the comment older than the link, and its copy unmarked."""
    forget(world, number)
    local, remote = world.local[local_id(number)], world.remote[RemoteCommentId(number)]
    world.local[local.id] = replace(local, created_at=BEFORE)
    world.remote[remote.id] = replace(remote, created_at=BEFORE, marker_comment_id=None)


HISTORIES: Sequence[Sequence[Step]] = (
    (from_github,),
    (from_github, edit_remote),
    (from_github, edit_local),
    (from_github, delete_remote),
    (from_github, delete_local),
    (from_github, edit_remote, delete_local),
    (from_github, delete_local, delete_remote),
    (from_github, delete_local, forget),
    (from_github, age),
    (from_bugspark,),
    (from_bugspark, edit_local),
    (from_bugspark, edit_remote),
    (from_bugspark, edit_remote, edit_local),
    (from_bugspark, delete_local),
    (from_bugspark, delete_remote),
    (from_bugspark, edit_local, delete_remote),
    (from_bugspark, delete_local, delete_remote),
    (from_bugspark, delete_remote, forget),
    (from_bugspark, wait),
    (from_bugspark, wait, delete_remote),
    (from_bugspark, wait, delete_local),
    (from_bugspark, wait, double),
    (from_bugspark, wait, double, delete_local),
    (from_bugspark, double),
    (from_bugspark, double, delete_remote),
    (from_bugspark, double, delete_local),
    (from_bugspark, double, forget),
    (from_bugspark, forget),
    (from_bugspark, age),
)


def a_world(
    histories: Sequence[Sequence[Step]], base: Base | None, policy: SyncPolicy, origin: LinkOrigin
) -> TinyWorld:
    world = TinyWorld(
        report=a_report(status=Status.TRIAGING),
        issue=an_issue("high"),
        link=a_link(base=base, origin=origin, number=IssueNumber(12)),
        policy=policy,
    )
    for number, steps in enumerate(histories, start=1):
        for step in steps:
            step(world, number)
    return world


threads = st.lists(st.sampled_from(HISTORIES), max_size=6)
policies = st.builds(
    SyncPolicy,
    conflict=st.just(ConflictPolicy.GITHUB),
    collaborators_only=st.booleans(),
    delete_in_bugspark=st.booleans(),
    delete_on_github=st.booleans(),
)
worlds = st.builds(a_world, threads, st.sampled_from([None, a_base()]), policies, st.sampled_from(LinkOrigin))


@given(worlds, st.integers(0, 12))
def test_threads_become_equal_after_any_interrupted_pass(world: TinyWorld, requests: int) -> None:
    world.requests_left = requests
    world.apply(world.decide())
    world.requests_left = 1_000
    world.settle()


@given(worlds)
def test_in_the_end_every_original_has_one_copy_or_a_reason(world: TinyWorld) -> None:
    world.settle()
    live = [pair for pair in world.ledger.values() if pair.state is CommentPairState.LIVE]
    assert all(pair.local_id in world.local and pair.remote_id in world.remote for pair in live)
    assert len({pair.local_id for pair in live}) == len({pair.remote_id for pair in live}) == len(live)
    assert set(world.local) <= {pair.local_id for pair in world.ledger.values()}
    marked = [row.marker_comment_id for row in world.remote.values() if row.marker_comment_id in world.local]
    assert len(marked) == len(set(marked))


@given(worlds)
def test_no_original_is_changed_and_no_copy_is_imported(world: TinyWorld) -> None:
    local = {key: row for key, row in world.local.items() if row.source is None}
    remote = {key: row for key, row in world.remote.items() if row.author != OURS}
    world.settle()
    assert local.items() <= world.local.items()
    assert remote.items() <= world.remote.items()
    new = [row for key, row in world.local.items() if key not in local and row.source == "github"]
    assert not any("[BugSpark]" in row.body for row in new)


@given(worlds)
def test_deciding_twice_with_the_same_ids_gives_the_same_plan(world: TinyWorld) -> None:
    world.new_id = ids()
    once = world.decide()
    world.new_id = ids()
    world.local, world.remote = dict(reversed(world.local.items())), dict(reversed(world.remote.items()))
    assert world.decide() == once


@given(worlds)
def test_the_switches_keep_copies(world: TinyWorld) -> None:
    switched = replace(world.policy, delete_in_bugspark=False, delete_on_github=False)
    world.policy = switched
    plan = world.decide()
    assert not any(isinstance(action, RemoveLocalComment) for action in plan.actions)
    deleted = [action.pair for action in plan.actions if isinstance(action, DeleteRemoteComment)]
    assert all(pair.local_id is None for pair in deleted)  # only second copies


@pytest.mark.parametrize("times", [BEFORE_GITHUB, AFTER_GITHUB])
@pytest.mark.parametrize("steps", HISTORIES)
def test_each_history_alone_becomes_equal(steps: Sequence[Step], times: Any) -> None:
    world = a_world([steps], a_base(), POLICY, LinkOrigin.COLUMNS)
    world.times = times
    world.settle()
