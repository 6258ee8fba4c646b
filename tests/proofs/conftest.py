"""The fault matrix and what big things took, shown when the session ends; both come from the workers with
their reports.
"""

from collections.abc import Iterator
from typing import Any

import pytest

NAME = "fault matrix"
SIZES = "sizes"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line per endpoint and fault, one per big thing."""
    if rows := list(_properties(terminalreporter, NAME)):
        terminalreporter.section("fault matrix: endpoint, fault, outcome, copies, lost")
        for row in rows:
            terminalreporter.write_line("{:28} {:22} {:8} {:6} {:4}".format(*row))
    if rows := list(_properties(terminalreporter, SIZES)):
        terminalreporter.section("big things, one pass of each: requests, seconds, peak of memory")
        for row in rows:
            terminalreporter.write_line("{:38} {:12} {:>14} {:>9} {:>10}".format(*row))


def _properties(terminalreporter: Any, what: str) -> Iterator[Any]:
    reports = (each for each in terminalreporter.getreports("") if isinstance(each, pytest.TestReport))
    return (value for report in reports for name, value in report.user_properties if name == what)
