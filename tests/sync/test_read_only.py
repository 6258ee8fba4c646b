"""A database that takes no writes, as a standby does, is not shown as synced."""

from datetime import UTC

import pytest
from sqlalchemy import make_url

from reconciler.bootstrap.application import open_application
from reconciler.model.project_status import ProjectStatusKind, project_status
from tests.support.sync import Sync, settings_for


@pytest.mark.parametrize("world_url", ["postgresql"], indirect=True)
async def test_a_read_only_database_is_a_failure_in_status_and_check(sync: Sync, world_url: str) -> None:
    await sync.settle()
    options = {"options": "-c default_transaction_read_only=on"}
    standby = make_url(world_url).update_query_dict(options).render_as_string(hide_password=False)
    async with open_application(settings_for(standby, sync.github.api), sync.clock) as app:
        ((health,), _) = await app.status(await app.find_project("Shop"))
        found = project_status(health, sync.clock.now(), UTC)
        assert (found.state, "standby" in (found.reason or "")) == (ProjectStatusKind.FAILED, True)
        checked = {line.name: line for line in await app.run_self_check()}["database"]
        assert (checked.level.value, "standby" in checked.message) == ("fail", True)
    ((health,), _) = await sync.app.status(await sync.app.find_project("Shop"))
    assert project_status(health, sync.clock.now(), UTC).state is ProjectStatusKind.SYNCED
