"""What a pass leaves behind for the next one: when it may be, and why."""

from datetime import timedelta

from reconciler.demo.github.faults import error
from reconciler.model.passes import Outcome
from tests.support.sync import Sync


async def test_failures_put_the_next_pass_off_further_and_a_good_one_ends_it(sync: Sync) -> None:
    await sync.settle()
    sync.github.simulator.faults.add(error(404), path="/repos/.*", times=1_000)
    waits = []
    for failures in (1, 2, 3):
        assert (await sync.run()).outcome is Outcome.FAILED
        found = await sync.scheduled()
        assert found.failures == failures
        assert found.next_at is not None
        waits.append((found.next_at - sync.clock.now()) / timedelta(minutes=1))
    assert all(0.75 * 2**n <= wait <= 2**n for n, wait in enumerate(waits, 1)), waits
    (health,), _ = await sync.app.status(None)
    assert (health.failures, health.next_at) == (3, (await sync.scheduled()).next_at)
    sync.github.simulator.faults.clear()
    assert (await sync.run()).outcome is Outcome.OK, "by hand our own back-off is ignored"
    found = await sync.scheduled()
    assert (found.failures, found.next_at) == (0, None)


async def test_idle_passes_leave_the_time_of_the_last_change_alone(sync: Sync) -> None:
    await sync.linked()
    changed = (await sync.scheduled()).changed_at
    assert changed is not None
    await sync.settle()
    found = await sync.scheduled()
    assert found.changed_at == changed
    assert found.last_pass_at == sync.clock.now()
    assert found.outcome is Outcome.OK
    assert found.verification_due is not None


async def test_the_schedule_has_new_configs_and_their_problems(sync: Sync) -> None:
    before = await sync.scheduled()
    assert (before.last_pass_at, before.problem) == (None, None)
    sync.bugspark.add_integration(sync.project)
    after = await sync.scheduled()
    assert after.config != before.config
    assert "two active github integrations" in str(after.problem)
    assert await sync.scheduled() == after
