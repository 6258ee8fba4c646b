"""Fixtures: each command runs in an empty directory, and logging is reset afterwards."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import logs


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    root, ours = logging.getLogger(), logging.getLogger(logs.ROOT_LOGGER)
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
