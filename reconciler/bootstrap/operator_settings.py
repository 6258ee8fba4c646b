"""The operator's part of projects' settings, from the configuration."""

from collections.abc import Mapping

from reconciler.config.settings import Settings
from reconciler.model.fields import Category, Severity
from reconciler.model.policy import ConflictPolicy, Direction, ExportFilter, SyncPolicy
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

    `policy`: the configuration's, for what is no setting of a project.
    """
    labels = settings.sync.label_mapping()
    return OperatorSettings(
        defaults=ProjectSettings(
            severity={value: labels.severity[value] for value in Severity},
            category={value: labels.category[value] for value in MAPPED_CATEGORIES},
            stage={value: names for value, names in labels.stage.items() if names},
            severity_as=SeverityAs(settings.sync.severity_as),
            people={},
            people_may_ping=settings.sync.people_may_ping,
            export=Export(settings.sync.export),
            export_only=_build_export_filter(settings),
            labels=settings.sync.labels,
            assignee=settings.sync.assignee or None,
            milestone=settings.sync.milestone or None,
            type=settings.sync.type or None,
            link_comment=settings.sync.link_comment,
            private_prefix=settings.sync.private_prefix or None,
            redact=Redact(settings.sync.redact),
            sections=tuple(each for each in Section if each.value in settings.sync.sections),
            comments_from=CommentsFrom(settings.sync.comments_from),
            resolution_comment=settings.sync.resolution_comment,
            mail=settings.owners.mail,
            directions=_directions(settings),
            conflict=ConflictPolicy(settings.sync.conflict),
        ),
        policy=policy,
        may=frozenset(SettingGroup(group) for group in settings.owners.may),
        bounds={
            synced: direction
            for synced, direction in _directions(settings).items()
            if synced.value in settings.sync.directions.model_fields_set
        },
    )


def _build_export_filter(settings: Settings) -> ExportFilter | None:
    written = settings.sync.export_only
    return (
        ExportFilter(
            severity=tuple(Severity(each) for each in written.severity),
            category=tuple(Category(each) for each in written.category),
        )
        if written.severity or written.category
        else None
    )


def _directions(settings: Settings) -> Mapping[Synced, Direction]:
    written = settings.sync.directions
    return {
        Synced.STATUS: Direction(written.status),
        Synced.SEVERITY: Direction(written.severity),
        Synced.CATEGORY: Direction(written.category),
        Synced.STAGE: Direction(written.stage),
        Synced.ASSIGNEE: Direction(written.assignee),
        Synced.TITLE: Direction(written.title or settings.sync.title),
        Synced.COMMENTS: Direction(written.comments),
    }
