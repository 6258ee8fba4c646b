"""The operator's part of projects' settings, from the configuration."""

from collections.abc import Mapping

from reconciler.config.settings import Settings
from reconciler.model.fields import Severity
from reconciler.model.policy import ConflictPolicy, Direction, SyncPolicy
from reconciler.owner_settings.effective import OperatorSettings
from reconciler.owner_settings.values import (
    MAPPED_CATEGORIES,
    CommentsFrom,
    Export,
    ProjectSettings,
    Redact,
    Section,
    SettingGroup,
    SeverityAs,
    Synced,
)


def operator_settings(settings: Settings, policy: SyncPolicy) -> OperatorSettings:
    """Return a value for every key, and the groups that owners may set.

    `policy`: that of a project without settings of its own.
    """
    labels = settings.sync.labels()
    return OperatorSettings(
        defaults=ProjectSettings(
            severity={value: labels.severity[value] for value in Severity},
            category={value: labels.category[value] for value in MAPPED_CATEGORIES},
            stage={value: names for value, names in labels.stage.items() if names},
            severity_as=SeverityAs.LABEL,
            people={},
            people_may_ping=False,
            export=Export(settings.sync.export),
            labels=(),
            link_comment=False,
            redact=Redact.OFF,
            sections=tuple(Section),
            comments_from=CommentsFrom(settings.sync.comments_from),
            resolution_comment=False,
            mail=False,
            directions=_directions(settings),
            conflict=ConflictPolicy(settings.sync.conflict),
        ),
        policy=policy,
        may=frozenset(SettingGroup(group) for group in settings.owners.may),
    )


def _directions(settings: Settings) -> Mapping[Synced, Direction]:
    synced = (Synced.STATUS, Synced.SEVERITY, Synced.CATEGORY, Synced.STAGE, Synced.COMMENTS)
    return {**dict.fromkeys(synced, Direction.BOTH), Synced.TITLE: Direction(settings.sync.title)}
