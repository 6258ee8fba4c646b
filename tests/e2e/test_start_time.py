"""The CPU time of a command with nothing to do (docs/decisions/0051-values.md)."""

import resource

from tests.support.command import Done, Installation

MAX_IDLE_COMMAND_SECONDS = 1.2


def cpu_seconds(installation: Installation) -> tuple[float, Done]:
    """The CPU time of one pass by the installed command, its interpreter started for it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = installation.sync_shop(PYTHONUNBUFFERED="")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def test_an_idle_pass_by_command_takes_little_time(each_installation: Installation) -> None:
    each_installation.linked()
    times = []
    for _ in range(3):
        seconds, done = cpu_seconds(each_installation)
        assert (done.code, done.row["github"]["not_modified"]) == (0, 2)
        times.append(seconds)
    assert 0 < min(times) < MAX_IDLE_COMMAND_SECONDS
