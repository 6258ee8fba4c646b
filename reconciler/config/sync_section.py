"""The section `[sync]`: what is synced, and the operator's defaults of projects' own settings."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from reconciler.config import validators
from reconciler.config.section import SettingsSection, secret_validator
from reconciler.model.fields import Category, Severity, Status
from reconciler.model.policy import LabelMapping
from reconciler.model.secret import Secret

LabelNames = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_label_names)]
OptionalLabelNames = Annotated[
    tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_optional_label_names)
]
BotNames = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_bot_names)]
DirectionName = Literal["both", "to_github", "to_bugspark", "off"]
SeverityName = Literal["critical", "high", "medium", "low"]
CategoryName = Literal["bug", "ui", "performance", "crash", "other"]
SectionName = Literal["description", "screenshot", "console", "environment", "reporter"]
SECTION_NAMES: tuple[SectionName, ...] = get_args(SectionName)


class SeverityLabels(SettingsSection):
    """Labels for each severity: the first is written, all are read."""

    critical: LabelNames = ("critical",)
    high: LabelNames = ("high-priority", "high")
    medium: LabelNames = ("medium-priority", "medium")
    low: LabelNames = ("low-priority", "low")


class CategoryLabels(SettingsSection):
    """Labels for each category. If an issue has several: crash before performance before ui."""

    ui: LabelNames = ("ui",)
    performance: LabelNames = ("performance",)
    crash: LabelNames = ("crash",)


class DirectionsSection(SettingsSection):
    """Which way each field, and comments, go. `title`: "" for what `sync.title` says."""

    status: DirectionName = "both"
    severity: DirectionName = "both"
    category: DirectionName = "both"
    stage: DirectionName = "both"
    assignee: DirectionName = "both"
    title: DirectionName | Literal[""] = ""
    comments: DirectionName = "both"


class ExportOnlySection(SettingsSection):
    """Which reports `export = "all"` exports; an empty list admits every value."""

    severity: Annotated[tuple[SeverityName, ...], Field(strict=False)] = ()
    category: Annotated[tuple[CategoryName, ...], Field(strict=False)] = ()


class StageLabels(SettingsSection):
    """Labels for each stage of an open report; in progress comes before triaging."""

    triaging: OptionalLabelNames = ()
    in_progress: OptionalLabelNames = ()


class SyncSection(SettingsSection):
    """What is synced, and which side wins a conflict."""

    conflict: Literal["newest", "github", "bugspark"] = "newest"
    export: Literal["manual", "all"] = "manual"
    discover: Literal["auto", "manual"] = "auto"
    title: Literal["off", "both"] = "off"
    marker_key: Annotated[Secret, secret_validator()] = Secret("")
    comments_from: Literal["everyone", "collaborators"] = "everyone"
    delete_in_bugspark: bool = True
    delete_on_github: bool = True
    bots: BotNames = ()
    severity_as: Literal["label", "priority"] = "label"
    private_prefix: Annotated[str, AfterValidator(validators.validate_private_prefix)] = ""
    redact: Literal["off", "auto", "on"] = "auto"
    sections: Annotated[tuple[SectionName, ...], Field(strict=False)] = SECTION_NAMES
    labels: OptionalLabelNames = ()  # of new issues
    milestone: Annotated[int, Field(ge=0, lt=2**31)] = 0  # of new issues, as the next one; 0: none
    type: Annotated[str, AfterValidator(validators.validate_issue_type)] = ""
    assignee: Annotated[str, AfterValidator(validators.validate_assignee)] = ""
    link_comment: bool = False
    people_may_ping: bool = False
    resolution_comment: bool = False
    export_only: ExportOnlySection = ExportOnlySection()
    directions: DirectionsSection = DirectionsSection()
    severity: SeverityLabels = SeverityLabels()
    category: CategoryLabels = CategoryLabels()
    stage: StageLabels = StageLabels()

    def label_mapping(self) -> LabelMapping:
        """Return the mappings, in order of priority."""
        return LabelMapping(
            severity={value: getattr(self.severity, value.value) for value in Severity},
            category={
                value: getattr(self.category, value.value)
                for value in (Category.CRASH, Category.PERFORMANCE, Category.UI)
            },
            stage={
                value: names
                for value in (Status.IN_PROGRESS, Status.TRIAGING)
                if (names := getattr(self.stage, value.value))
            },
        )
