"""Due times of projects: spread out, measured by the monotonic clock, not affected by a set wall clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from reconciler.daemon.due_times import LATE_SECONDS, MAX_JITTER_SHARE, QUEUE_AGAIN_SECONDS, ProjectDueTimes
from reconciler.model.ids import Fingerprint, OwnerId, ProjectId
from reconciler.model.passes import Outcome, ScheduledProject

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
INTERVAL = 60.0


def a_project(number: int = 1, *, ago: float | None = 0.0, **values: object) -> ScheduledProject:
    """Return a project whose last pass succeeded `ago` seconds before NOW."""
    last = None if ago is None else NOW - timedelta(seconds=ago)
    base = ScheduledProject(
        project_id=ProjectId(UUID(int=number)), name="Shop", config="c", outcome=Outcome.OK, last_pass_at=last
    )
    return replace(base, **values)  # type: ignore[arg-type]  # a test's shorthand


def due(
    pacer: ProjectDueTimes, projects: list[ScheduledProject], wall: datetime, monotonic: float
) -> list[ProjectId]:
    """Read the whole schedule, and ask what is due."""
    pacer.replace_all(projects, wall, monotonic)
    return pacer.select_due(monotonic)


def first_due(pacer: ProjectDueTimes, projects: list[ScheduledProject], wall: datetime = NOW) -> float:
    """Return when the first project is due, in monotonic seconds; the wall clock stands still."""
    return next(at / 4 for at in range(10_000) if due(pacer, projects, wall, at / 4))


def test_a_project_without_a_pass_is_due_at_once() -> None:
    each = a_project(ago=None)
    assert due(ProjectDueTimes(INTERVAL), [each], NOW, 0.0) == [each.project_id]


def test_a_project_is_due_an_interval_after_its_pass_and_a_little_later() -> None:
    spread = {first_due(ProjectDueTimes(INTERVAL), [a_project(number)]) for number in range(1, 20)}
    assert min(spread) >= INTERVAL
    assert max(spread) <= INTERVAL * (1 + MAX_JITTER_SHARE) + 0.25
    assert len(spread) > 5


def test_a_pass_of_any_process_counts() -> None:
    pacer, each = ProjectDueTimes(INTERVAL), a_project()
    due(pacer, [each], NOW, 0.0)
    again = replace(each, last_pass_at=NOW + timedelta(seconds=50))
    assert due(pacer, [again], NOW + timedelta(seconds=50), 50.0) == []
    assert due(pacer, [again], NOW + timedelta(seconds=100), 100.0) == []
    assert due(pacer, [again], NOW + timedelta(seconds=117), 117.0) == [each.project_id]


def test_a_wall_clock_that_jumps_moves_no_interval() -> None:
    for jump in (timedelta(days=-400), timedelta(hours=-1), timedelta(hours=1), timedelta(days=400)):
        pacer, each = ProjectDueTimes(INTERVAL), a_project()
        assert due(pacer, [each], NOW, 0.0) == []
        assert due(pacer, [each], NOW + jump, 30.0) == []
        assert due(pacer, [each], NOW + jump, 67.0) == [each.project_id]


def test_a_pass_recorded_by_a_clock_that_was_wrong_holds_nothing_up() -> None:
    future = a_project(ago=-86_400.0)
    assert first_due(ProjectDueTimes(INTERVAL), [future]) <= INTERVAL * MAX_JITTER_SHARE


def test_what_was_put_off_waits_its_time_also_when_the_scan_finds_it() -> None:
    pacer, each = ProjectDueTimes(INTERVAL), a_project(next_at=NOW + timedelta(seconds=300))
    assert due(pacer, [each], NOW, 0.0) == []
    assert not pacer.may_run_early(each.project_id, 299.0)
    assert due(pacer, [each], NOW, 299.0) == []
    assert pacer.may_run_early(each.project_id, 300.0)
    assert due(pacer, [each], NOW, 300.0) == [each.project_id]


def test_a_changed_integration_is_due_at_once() -> None:
    pacer, each = ProjectDueTimes(INTERVAL), a_project()
    assert due(pacer, [each], NOW, 0.0) == []
    assert due(pacer, [replace(each, config="another")], NOW, 1.0) == [each.project_id]


def test_an_unusable_integration_is_due_so_that_it_is_recorded() -> None:
    pacer, each = ProjectDueTimes(INTERVAL), a_project(ago=None, problem="two integrations")
    assert due(pacer, [each], NOW, 0.0) == [each.project_id]


def test_a_new_daemon_does_not_wait_for_a_back_off_but_for_a_limit() -> None:
    later = NOW + timedelta(minutes=30)
    failing, limited = a_project(failures=3, next_at=later), a_project(next_at=later)
    assert due(ProjectDueTimes(INTERVAL), [failing], NOW, 0.0) == [failing.project_id]
    assert due(ProjectDueTimes(INTERVAL), [limited], NOW, 0.0) == []


def test_paused_and_removed_projects_are_not_due() -> None:
    pacer = ProjectDueTimes(INTERVAL)
    each = a_project(ago=None, paused=True)
    assert due(pacer, [each], NOW, 0.0) == []
    assert not pacer.may_run_early(each.project_id, 0.0)
    due(pacer, [a_project(ago=None)], NOW, 1.0)
    assert len(pacer) == 1
    assert due(pacer, [], NOW, 2.0) == []
    assert len(pacer) == 0


def test_a_pass_that_left_no_trace_is_tried_again_after_a_while() -> None:
    pacer, each = ProjectDueTimes(INTERVAL), a_project(ago=None)
    assert due(pacer, [each], NOW, 0.0) == [each.project_id]
    pacer.mark_queued([each.project_id], 0.0)
    assert due(pacer, [each], NOW, QUEUE_AGAIN_SECONDS - 0.1) == []
    assert due(pacer, [each], NOW, QUEUE_AGAIN_SECONDS) == [each.project_id]


def test_the_longest_overdue_comes_first() -> None:
    pacer = ProjectDueTimes(INTERVAL)
    young, old = a_project(1, ago=70.0), a_project(2, ago=200.0)
    assert due(pacer, [young, old], NOW, 0.0) == [old.project_id, young.project_id]


def test_a_new_interval_counts_from_the_next_pass() -> None:
    pacer, each = ProjectDueTimes(3600.0), a_project()
    assert due(pacer, [each], NOW, 0.0) == []
    pacer.interval_seconds = 10.0
    pacer.reset()
    assert due(pacer, [each], NOW + timedelta(seconds=20), 20.0) == [each.project_id]


def test_between_two_readings_of_the_schedule_the_times_in_memory_decide() -> None:
    pacer, each, other = ProjectDueTimes(INTERVAL), a_project(1), a_project(2)
    assert due(pacer, [each, other], NOW, 0.0) == []
    assert pacer.select_due(0.5 * INTERVAL) == []
    assert sorted(pacer.select_due(1.2 * INTERVAL)) == [each.project_id, other.project_id]


def test_only_projects_that_are_read_again_change_and_one_that_is_not_found_is_forgotten() -> None:
    pacer, each, other = ProjectDueTimes(INTERVAL), a_project(1), a_project(2)
    due(pacer, [each, other], NOW, 0.0)
    later = replace(each, last_pass_at=NOW + timedelta(seconds=60))
    pacer.update([each.project_id, other.project_id], [later], NOW + timedelta(seconds=61), 61.0)
    assert len(pacer) == 1
    assert pacer.select_due(1.2 * INTERVAL) == []
    assert pacer.select_due(2.2 * INTERVAL) == [each.project_id]
    pacer.update([each.project_id], [replace(later, paused=True)], NOW, 2.3 * INTERVAL)
    assert pacer.select_due(2.4 * INTERVAL) == []


def test_credentials_alternate_and_one_with_many_projects_does_not_block_others() -> None:
    pacer = ProjectDueTimes(INTERVAL)
    many = [a_project(number, ago=500.0 - number, credential="busy") for number in range(1, 5)]
    few = [a_project(number, ago=100.0, credential="calm") for number in (5, 6)]
    pacer.replace_all([*many, *few], NOW, 0.0)
    ids = [project.project_id for project in (*many, *few)]
    first = pacer.select_due(0.0, 3)
    assert (first[0], first[1] in ids[4:], first[2]) == (ids[0], True, ids[1])
    crowded = pacer.select_due(0.0, room={Fingerprint("busy"): 1})
    assert len(crowded) == 3
    assert set(crowded) == {ids[0], *ids[4:]}
    assert pacer.select_due(0.0, skipped=ids[:5]) == [ids[5]]


def test_owners_take_turns_however_many_tokens_they_have_and_a_crowded_one_leaves_room() -> None:
    pacer, owner = ProjectDueTimes(INTERVAL), OwnerId(UUID(int=1))
    many = [a_project(number, ago=500.0, owner=owner, credential=f"token {number}") for number in range(1, 5)]
    few = [a_project(number, ago=100.0, owner=OwnerId(UUID(int=2)), credential="one") for number in (5, 6)]
    pacer.replace_all([*many, *few], NOW, 0.0)
    ids = [project.project_id for project in (*many, *few)]
    owners = [pacer.owner_of(each) for each in pacer.select_due(0.0)]
    assert [each == owner for each in owners[:4]].count(True) == 2
    assert owners[4:] == [owner, owner]
    assert set(pacer.select_due(0.0, room={owner: 1})) == {ids[0], *ids[4:]}
    assert pacer.select_overdue(0.0, (), {owner: 0}) == []
    given = replace(many[0], owner=OwnerId(UUID(int=3)))
    pacer.update([given.project_id], [given], NOW, 0.0)
    assert pacer.owner_of(given.project_id) == given.owner
    assert len(pacer.owners) == 3


def test_a_project_that_has_been_due_for_an_interval_is_overdue_the_longest_first_a_few_at_once() -> None:
    pacer = ProjectDueTimes(INTERVAL)
    projects = [a_project(number, ago=60.0 * number) for number in range(1, 6)]
    pacer.replace_all(projects, NOW, 0.0)
    assert pacer.select_overdue(0.0, ()) == [projects[4].project_id, projects[3].project_id]
    assert pacer.select_overdue(0.0, [projects[4].project_id])[0] == projects[3].project_id
    pacer.mark_queued([projects[4].project_id, projects[3].project_id], 0.0)
    assert pacer.select_overdue(1.0, ()) == [projects[2].project_id]
    assert len(pacer.select_overdue(QUEUE_AGAIN_SECONDS, ())) == 2


def test_a_project_of_another_daemon_is_taken_only_when_it_is_late() -> None:
    pacer, mine, theirs = ProjectDueTimes(INTERVAL), a_project(1, ago=None), a_project(2, ago=None)
    pacer.replace_all([mine, theirs], NOW, 10.0)

    def is_own(project_id: ProjectId) -> bool:
        return project_id == mine.project_id

    assert pacer.select_due(10.0, is_own=is_own) == [mine.project_id]
    assert pacer.select_due(10.0 + LATE_SECONDS - 0.1, is_own=is_own) == [mine.project_id]
    assert set(pacer.select_due(10.0 + LATE_SECONDS, is_own=is_own)) == {mine.project_id, theirs.project_id}
