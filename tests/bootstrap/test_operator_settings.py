"""The operator's defaults of projects' settings, from a configuration file."""

from dataclasses import fields
from pathlib import Path

import pytest

from reconciler.bootstrap.operator_settings import operator_settings
from reconciler.config.load import load_configuration
from reconciler.config.settings import Settings
from reconciler.config.sources import known_keys
from reconciler.errors import ConfigurationError
from reconciler.model.fields import Category, Severity
from reconciler.model.policy import ExportFilter
from reconciler.owner_settings.values import ProjectSettings, SeverityAs

KEPT_ELSEWHERE = {"mail", "people"}  # [owners] mail; people are a project's own


def load(directory: Path, text: str) -> Settings:
    file = directory / "config.toml"
    file.write_text(text)
    return load_configuration(file, {}).settings


def test_every_setting_of_a_project_has_a_default_of_its_name_under_sync() -> None:
    under_sync = {key.split(".")[1] for key in known_keys() if key.startswith("sync.")}
    assert {each.name for each in fields(ProjectSettings)} - under_sync == KEPT_ELSEWHERE


def test_what_the_operator_writes_under_sync_is_the_default_of_projects(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [sync]
        severity_as = "label"
        assignee = "alice"
        link_comment = true
        people_may_ping = true
        export_only = { severity = ["critical"], category = ["crash", "bug"] }
        """,
    )
    defaults = operator_settings(settings, settings.sync_policy()).defaults
    assert (defaults.severity_as, defaults.assignee) == (SeverityAs.LABEL, "alice")
    assert (defaults.link_comment, defaults.people_may_ping) == (True, True)
    assert defaults.export_only == ExportFilter(
        severity=(Severity.CRITICAL,), category=(Category.CRASH, Category.BUG)
    )


def test_without_them_no_project_has_an_assignee_a_filter_or_a_link_comment() -> None:
    defaults = operator_settings(Settings(), Settings().sync_policy()).defaults
    assert (defaults.assignee, defaults.export_only) == (None, None)
    assert (defaults.link_comment, defaults.people_may_ping) == (False, False)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('assignee = "@alice"', "sync.assignee"),
        ('severity_as = "field"', "sync.severity_as"),
        ('export_only.severity = ["urgent"]', "sync.export_only.severity"),
    ],
)
def test_a_wrong_default_is_refused_by_name(tmp_path: Path, line: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{key} "):
        load(tmp_path, f"[sync]\n{line}\n")
