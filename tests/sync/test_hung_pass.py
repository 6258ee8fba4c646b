"""A pass that was cut because it hung: its project says so, and the next pass runs."""

from reconciler.bootstrap.runtime import ReloadableRuntime
from reconciler.daemon.comparison_schedule import ComparisonSchedule
from reconciler.daemon.pass_queue import QueuedPass
from reconciler.daemon.runtime import PassProgressCounter
from reconciler.daemon.worker import PassRunner
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.secret import NoLearntSecrets
from tests.support.sync import Sync


async def test_a_cut_pass_is_a_failure_of_its_project_and_is_tried_again(sync: Sync) -> None:
    import asyncio
    from uuid import uuid4

    report, number = await sync.linked()
    entered, results = asyncio.Event(), list[PassResult]()
    runtime = ReloadableRuntime(NoLearntSecrets())
    await runtime.reload(sync.app._container.settings)
    clock = sync.app._container.clock

    class Hanging:
        async def run_pass(
            self, project_id: object, activity: PassProgressCounter, *, compares: bool, due: None
        ) -> PassResult | None:
            del compares, due
            async with sync.app._container.stores.project_locks.acquire(sync.project, wait=False):
                entered.set()
                await asyncio.Event().wait()
            return None

        record_hung_pass = runtime.record_hung_pass

    runner = PassRunner(Hanging(), clock, uuid4, results.append, ComparisonSchedule())  # type: ignore[arg-type]  # two methods do
    running = asyncio.create_task(runner.run_pass(QueuedPass(project_id=sync.project, is_nudged=True), None))
    await asyncio.wait_for(entered.wait(), 60)
    runner.cut_hung_passes()
    assert not running.done()
    sync.github.clock.advance(601)
    runner.cut_hung_passes()
    await asyncio.wait_for(running, 60)
    assert not runner.has_stuck_pass()
    (result,) = results
    assert (result.outcome, result.error.kind if result.error else None) == (Outcome.FAILED, "hung")
    health, _ = await sync.app.status(None)
    assert "nothing happened in its pass for 600 s" in str(health[0])
    sync.change(report, status="closed")
    await sync.settle()
    assert sync.github.web.issue(number).state == "closed"
    await runtime.aclose()
