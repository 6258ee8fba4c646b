"""A project's own settings as people see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """One version in the history."""

    version: int
    author: str | None  # a user's name, None if that is gone
    by_operator: bool
    at: datetime
    content: str  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """The settings of one project. Source: docs/reference/contract.md, Owners' settings."""

    version: int  # 0: none were ever stored
    settings: JsonObject  # the project's own
    effective: JsonObject  # what is in force
    kept_groups: tuple[str, ...]  # that the operator keeps
    history: tuple[SettingsVersion, ...]  # the newest first
    problem: str | None = None  # why the stored settings can't be used, if so
