"""What is in force for a project, and what an owner may not ask for."""

from dataclasses import replace

import pytest

from reconciler.bootstrap.operator_settings import operator_settings
from reconciler.config.settings import Settings
from reconciler.errors import OperatorOnlySettingError, WrongSettingError
from reconciler.model.fields import Category, Severity
from reconciler.model.policy import ConflictPolicy, Direction, SyncPolicy
from reconciler.owner_settings.effective import policy_in_force, require_allowed, settings_in_force
from reconciler.owner_settings.history import SettingsHistory
from reconciler.owner_settings.values import (
    NO_SETTINGS,
    CommentsFrom,
    Export,
    ProjectSettings,
    Redact,
    Section,
    SettingGroup,
)

OPERATOR = operator_settings(Settings(), SyncPolicy())


def test_without_settings_the_operators_policy_is_in_force() -> None:
    assert settings_in_force(OPERATOR, NO_SETTINGS) == OPERATOR.defaults
    policy = policy_in_force(OPERATOR, OPERATOR.defaults, SettingsHistory(), is_public=False)
    assert replace(policy, sections=None) == OPERATOR.policy
    assert all(policy.shows_section(section) for section in Section)


def test_auto_redacts_where_the_repository_is_public_and_leaves_the_reporter_out_there() -> None:
    found = settings_in_force(OPERATOR, ProjectSettings(redact=Redact.AUTO))
    for is_public in (True, False):
        policy = policy_in_force(OPERATOR, found, SettingsHistory(), is_public=is_public)
        assert policy.text.redacts is is_public
        assert policy.shows_section(Section.REPORTER) is not is_public
        assert policy.shows_section(Section.DESCRIPTION)


def test_a_value_of_the_project_counts_and_the_others_stay_the_operators() -> None:
    own = ProjectSettings(
        severity={Severity.CRITICAL: ("sev1",)},
        conflict=ConflictPolicy.GITHUB,
        export=Export.ALL,
        comments_from=CommentsFrom.COLLABORATORS,
    )
    found = settings_in_force(OPERATOR, own)
    assert found.severity is not None
    assert found.severity[Severity.CRITICAL] == ("sev1",)
    assert found.severity[Severity.HIGH] == ("high-priority", "high")
    policy = policy_in_force(OPERATOR, found, SettingsHistory(), is_public=False)
    assert (policy.conflict, policy.export_all, policy.collaborators_only) == (
        ConflictPolicy.GITHUB,
        True,
        True,
    )
    assert policy.directions == OPERATOR.policy.directions


@pytest.mark.parametrize(
    ("own", "key"),
    [
        (ProjectSettings(severity={Severity.CRITICAL: ("HIGH",)}), "severity.critical"),
        (ProjectSettings(category={Category.UI: ("Critical",)}), "category.ui"),
        (
            ProjectSettings(severity={Severity.LOW: ("same",)}, category={Category.UI: ("same",)}),
            "category.ui",
        ),
        (ProjectSettings(labels=("ui",)), "labels"),
    ],
)
def test_a_label_name_stands_once_over_all_maps_in_force(own: ProjectSettings, key: str) -> None:
    with pytest.raises(WrongSettingError) as caught:
        settings_in_force(OPERATOR, own)
    assert caught.value.key == key


def test_a_name_may_move_from_one_value_to_another() -> None:
    own = ProjectSettings(severity={Severity.CRITICAL: ("high",), Severity.HIGH: ("sev2",)})
    found = settings_in_force(OPERATOR, own)
    assert found.severity is not None
    assert found.severity[Severity.CRITICAL] == ("high",)


def test_an_owner_may_not_change_what_the_operator_keeps_but_may_send_it_back() -> None:
    kept = replace(OPERATOR, may=frozenset(SettingGroup) - {SettingGroup.DIRECTIONS})
    before = ProjectSettings(conflict=ConflictPolicy.BUGSPARK)
    require_allowed(kept, before, before, by_operator=False)
    for own in (NO_SETTINGS, ProjectSettings(conflict=ConflictPolicy.GITHUB)):
        with pytest.raises(OperatorOnlySettingError) as caught:
            require_allowed(kept, own, before, by_operator=False)
        assert caught.value.key == "conflict"
        require_allowed(kept, own, before, by_operator=True)


def test_an_owner_may_ask_for_more_privacy_and_not_for_less() -> None:
    strict = replace(
        OPERATOR,
        defaults=replace(
            OPERATOR.defaults, redact=Redact.AUTO, sections=(Section.DESCRIPTION, Section.CONSOLE)
        ),
    )
    more = ProjectSettings(redact=Redact.ON, sections=(Section.DESCRIPTION,))
    require_allowed(strict, more, NO_SETTINGS, by_operator=False)
    assert settings_in_force(strict, more).sections == (Section.DESCRIPTION,)
    for own, key in (
        (ProjectSettings(redact=Redact.OFF), "redact"),
        (ProjectSettings(sections=(Section.REPORTER,)), "sections"),
    ):
        with pytest.raises(OperatorOnlySettingError) as caught:
            require_allowed(strict, own, NO_SETTINGS, by_operator=False)
        assert caught.value.key == key
    stored_before = ProjectSettings(redact=Redact.OFF, sections=(Section.REPORTER, Section.CONSOLE))
    found = settings_in_force(strict, stored_before)
    assert (found.redact, found.sections) == (Redact.AUTO, (Section.CONSOLE,))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Direction.BOTH, Direction.OFF, Direction.OFF),
        (Direction.BOTH, Direction.TO_GITHUB, Direction.TO_GITHUB),
        (Direction.TO_GITHUB, Direction.TO_BUGSPARK, Direction.OFF),
        (Direction.BOTH, Direction.BOTH, Direction.BOTH),
    ],
)
def test_a_narrowed_direction_leads_where_both_lead(
    one: Direction, other: Direction, both: Direction
) -> None:
    assert one.narrowed_to(other) is other.narrowed_to(one) is both
