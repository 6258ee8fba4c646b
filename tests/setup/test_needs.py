"""What is missing is known before the first test, and the command that helps fits the system."""

import platform
import sys
from pathlib import Path

import pytest

from tests.setup import needs
from tests.setup.needs import NEEDS, Missing, commands, families, report
from tests.setup.parts import PARTS

DEBIAN = {"ID": "debian"}
UBUNTU = {"ID": "ubuntu", "ID_LIKE": "debian"}
FEDORA = {"ID": "fedora"}
ROCKY = {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}
ALPINE = {"ID": "alpine"}


def missing(*names: str) -> list[Missing]:
    return [Missing(need=need, why="it is not there") for need in NEEDS if need.name in names]


def test_every_need_belongs_to_a_part() -> None:
    assert {need.part for need in NEEDS} <= set(PARTS)
    assert len({need.name for need in NEEDS}) == len(NEEDS)


@pytest.mark.parametrize(
    ("release", "found"),
    [
        (DEBIAN, ["Debian"]),
        (UBUNTU, ["Debian"]),
        (FEDORA, ["Fedora"]),
        (ROCKY, ["Fedora"]),
        (ALPINE, ["Debian", "Fedora", "macOS"]),
    ],
)
def test_the_system_is_recognised(
    release: dict[str, str], found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert families() == found


def test_macos_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert families() == ["macOS"]


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("Debian", "sudo apt-get install --no-install-recommends chromium systemd"),
        ("Fedora", "sudo dnf install chromium systemd"),
        ("macOS", "brew install chromium"),
    ],
)
def test_one_command_brings_all_that_is_missing(family: str, command: str) -> None:
    assert commands(missing("Chromium", "systemd"), [family]) == [command]


def test_no_command_is_advised_where_no_package_helps() -> None:
    assert commands(missing("namespaces"), ["Debian"]) == []
    assert commands(missing("systemd"), ["macOS"]) == []


def test_the_report_names_what_is_missing_the_command_and_what_runs_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: FEDORA)
    assert report(missing("systemd", "Chromium")) == [
        "these tests start what is missing here:",
        "  Chromium (browser): it is not there",
        "  systemd (systemd): it is not there",
        "what helps:",
        "  sudo dnf install chromium systemd",
        "or, without those tests:",
        "  make test WITHOUT=browser,systemd",
    ]


@pytest.mark.parametrize(
    ("output", "problem"),
    [("systemd 252 (252.39-1)", ""), ("systemd 247 (247.3-7)", "systemd 247"), ("?", "no known version")],
)
def test_an_old_systemd_does_not_do(
    output: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("systemd", "systemctl", "systemd-analyze"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{output}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = needs.no_systemd(tmp_path / "systemd")
    assert problem in found
    assert bool(found) == bool(problem)


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert needs.no_program("unshare", "nsenter") == "unshare, nsenter not found"
    assert needs.no_program(sys.executable) == ""


def test_without_root_the_requirements_of_the_unit_tests_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "takes root" in needs.no_namespaces()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "on Linux only" in needs.no_namespaces()
