"""What the tests of planted bugs share: a situation ends as it must, and does not with the bug."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.scenario import Scenario, open_scenario

Violations = list[str]
"""What is not as it must be, each in a sentence."""
PlantBug = Callable[[pytest.MonkeyPatch], None]
"""Takes a rule away."""
Situation = Callable[[Scenario], Awaitable[Violations]]


async def require_bug_detected(
    plant: PlantBug, situation: Situation, template: Path, folder: Path, patch: pytest.MonkeyPatch
) -> None:
    """Run the situation on two copies of `template`, a migrated SQLite file: without the bug, and with it."""
    async with open_scenario(f"sqlite:///{shutil.copy(template, folder / 'sound')}") as scenario:
        assert await situation(scenario) == []
    plant(patch)
    async with open_scenario(f"sqlite:///{shutil.copy(template, folder / 'planted')}") as scenario:
        assert await situation(scenario) != []
