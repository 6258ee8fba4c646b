"""The end of a token and of an API version is reported in advance: `check`, status, pages, an alert."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.project_status import ProjectStatusKind, project_status
from reconciler.web.pages.next_step import attention_notice
from tests.support.alert_listener import Listener
from tests.support.sync import Sync

EXPIRING, NEW = "github_pat_expiring", "github_pat_new"


def use_token(sync: Sync, value: str, *, days: float) -> None:
    """Connect the project with another token of the same account, which expires in so many days."""
    expires = sync.github.clock.now() + timedelta(days=days, minutes=10)
    sync.github.world.add_token("bugspark-bot", value, kind="fine", expires=expires)
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, token=value)


async def status(sync: Sync) -> tuple[ProjectStatusKind, str]:
    ((health,), _) = await sync.app.status(await sync.app.find_project("Shop"))
    found = project_status(health, sync.clock.now(), UTC)
    notice = attention_notice(health, found, may_change=True)
    if found.state is ProjectStatusKind.ATTENTION:
        assert notice is not None
        assert notice.step.path.endswith("/setup"), "the button leads to the set-up"
    return found.state, found.reason or ""


async def check(sync: Sync, name: str) -> tuple[str, str] | None:
    found = {line.name: line for line in await sync.app.run_self_check()}.get(f"Shop: {name}")
    return None if found is None else (found.level.value, found.message)


async def test_an_expiring_token_is_reported_fourteen_days_before(sync: Sync, listener: Listener) -> None:
    use_token(sync, EXPIRING, days=14.5)
    await sync.settle()
    assert (await status(sync))[0] is ProjectStatusKind.SYNCED
    assert (await check(sync, "token") or ("",))[0] == "ok"
    assert listener.changes == []
    sync.github.clock.advance(timedelta(days=1).total_seconds())
    await sync.settle()
    state, reason = await status(sync)
    assert (state, "(in 13 days)" in reason) == (
        ProjectStatusKind.ATTENTION,
        True,
    )
    assert (await check(sync, "token") or ("",))[0] == "warn"
    assert listener.changes == [(["token_expiry"], [])], "once"
    use_token(sync, NEW, days=90)
    await sync.settle()
    assert (await status(sync))[0] is ProjectStatusKind.SYNCED
    assert listener.changes[1:] == [([], ["token_expiry"])]


async def test_a_pass_that_github_did_not_answer_leaves_the_warning(sync: Sync, listener: Listener) -> None:
    use_token(sync, EXPIRING, days=3)
    await sync.settle()
    await sync.app.pause("Shop")
    await sync.run()
    assert listener.changes == [(["token_expiry"], [])]


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        (datetime(2099, 3, 10, tzinfo=UTC), ProjectStatusKind.SYNCED),
        (datetime(2026, 3, 10, tzinfo=UTC), ProjectStatusKind.ATTENTION),
    ],
)
async def test_the_end_of_the_api_version_is_reported(
    sync: Sync,
    listener: Listener,
    ends: datetime,
    state: ProjectStatusKind,
) -> None:
    assert await check(sync, "API version") is None
    sunset = f"{ends:%a, %d %b %Y %H:%M:%S} GMT"
    sync.github.world.assume(ending_versions={"2022-11-28": sunset})
    await sync.settle()
    found, reason = await status(sync)
    expected = f"GitHub ends version 2022-11-28 of its API on {ends:%Y-%m-%d}"
    assert (found, expected in reason) == (state, True)
    level, message = await check(sync, "API version") or ("", "")
    assert (level, message.startswith(expected)) == ("warn", True)
    assert listener.changes == [(["api_version"], [])]
