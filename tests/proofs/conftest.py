"""The fault matrix, shown when the session ends; it comes from the workers with their reports."""

from typing import Any

import pytest

NAME = "fault matrix"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line per endpoint and fault."""
    reports = (each for each in terminalreporter.getreports("") if isinstance(each, pytest.TestReport))
    rows: list[Any] = [value for report in reports for name, value in report.user_properties if name == NAME]
    if not rows:
        return
    terminalreporter.section("fault matrix: endpoint, fault, outcome, copies, lost")
    for row in rows:
        terminalreporter.write_line("{:28} {:22} {:8} {:6} {:4}".format(*row))
