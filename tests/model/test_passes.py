"""When a project's next pass is due: at the interval if active, rarely if idle, later if failing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome, ScheduledProject, back_off_wait, due_at

NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def project(**values: Any) -> ScheduledProject:
    given: dict[str, Any] = {
        "project_id": ProjectId(UUID(int=1)),
        "name": "Shop",
        "config": "c",
        "outcome": Outcome.OK,
        "last_pass_at": NOW,
        "changed_at": NOW,
    }
    return ScheduledProject(**{**given, **values})


@pytest.mark.parametrize(
    ("values", "minutes"),
    [
        ({"last_pass_at": None}, 0),  # no pass yet
        ({}, 1),  # has just changed
        ({"changed_at": NOW - 9 * MINUTE}, 1),  # still active
        ({"changed_at": NOW - 20 * MINUTE}, 2),  # becoming idle
        ({"changed_at": NOW - 45 * MINUTE}, 4.5),
        ({"changed_at": NOW - timedelta(days=30)}, 5),  # the longest interval
        ({"changed_at": NOW - timedelta(days=30), "outcome": Outcome.PARTIAL}, 1),  # work is left
        (
            {"changed_at": NOW - timedelta(days=30), "verification_due": NOW - 6 * MINUTE},
            1,
        ),  # verification is late
        ({"changed_at": NOW - timedelta(days=30), "verification_due": NOW - 4 * MINUTE}, 5),  # it is in time
        ({"changed_at": NOW + MINUTE}, 1),  # a clock stepped back
        ({"next_at": NOW + 42 * MINUTE}, 42),  # a limit or a back-off
        (
            {"next_at": NOW + 42 * MINUTE, "last_pass_at": NOW + timedelta(days=1)},
            0,
        ),  # times of a wrong clock
    ],
)
def test_a_project_is_due(values: dict[str, Any], minutes: float) -> None:
    assert due_at(project(**values), MINUTE, NOW) == NOW + minutes * MINUTE


def test_a_back_off_doubles_up_to_an_hour() -> None:
    waits = [back_off_wait(failures, MINUTE, 0) / MINUTE for failures in (1, 2, 3, 4, 5, 6, 7, 1000)]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_back_off_is_jittered_and_never_longer_than_its_cap() -> None:
    assert back_off_wait(10, MINUTE, 0.5) == timedelta(minutes=52.5)
    assert back_off_wait(1, timedelta(hours=3), 0) == timedelta(hours=3)
