"""The packages of the React page: installed once per lock file, which names no registry."""

import json
import shutil
from pathlib import Path

import pytest

from tests.setup import node_packages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the lock file, without packages."""
    shutil.copy(node_packages.FOLDER / node_packages.LOCK, tmp_path)
    return tmp_path


def test_the_lock_file_has_a_hash_and_no_address_for_each_package() -> None:
    text = (node_packages.FOLDER / node_packages.LOCK).read_text("utf-8")
    packages = {name: each for name, each in json.loads(text)["packages"].items() if name}
    assert len(packages) > 5
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not any("resolved" in each for each in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (node_packages.FOLDER / ".npmrc").read_text("utf-8")


def test_packages_of_another_lock_file_are_out_of_date(folder: Path) -> None:
    assert "are not installed" in node_packages.problem(folder)
    stamp = folder / node_packages.STAMP
    stamp.parent.mkdir()
    stamp.write_text("another", encoding="ascii")
    assert "has changed" in node_packages.problem(folder)


def test_npms_error_lines_are_printed_when_it_fails(folder: Path) -> None:
    """Without a package.json there is nothing to install."""
    assert node_packages.install(folder).startswith("npm error")
    assert "are not installed" in node_packages.problem(folder)


def test_node_trusts_the_certificates_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NODE_USE_SYSTEM_CA", raising=False)
    assert node_packages.run("node", "-p", "process.env.NODE_USE_SYSTEM_CA").stdout == "1\n"
