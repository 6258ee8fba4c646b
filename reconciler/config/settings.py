"""Every section, key and default of docs/reference/contract.md, Configuration, as frozen typed values."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from reconciler.config import validators
from reconciler.model.fields import Category, Severity, Status
from reconciler.model.fields import Field as SyncedFieldName
from reconciler.model.policy import (
    ConflictPolicy,
    Direction,
    GuardPolicy,
    LabelMapping,
    PassTiming,
    RateLimitPolicy,
    SyncPolicy,
)
from reconciler.model.secret import Secret, passwords_in_url


def _secret_validator(check: Any = lambda text: text) -> PlainValidator:
    def wrap(value: object) -> Secret:
        if isinstance(value, Secret):
            value = value.reveal()
        if not isinstance(value, str):
            raise validators.invalid_value_error("is not text", "put it in quotes")
        return Secret(check(value))

    return PlainValidator(wrap)


def _number_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


PositiveInt = Annotated[int, Field(ge=1)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LabelNames = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_label_names)]
OptionalLabelNames = Annotated[
    tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_optional_label_names)
]
BotNames = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_bot_names)]
WebUrl = Annotated[str, AfterValidator(validators.validate_web_url)]


LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1")


class SettingsSection(BaseModel):
    """A frozen section: unknown keys are errors, and values are not converted between types."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class DatabaseSection(SettingsSection):
    """The database with the tables of BugSpark and of this program."""

    url: Annotated[Secret, _secret_validator(validators.validate_database_url)] = Secret(
        "sqlite:///bugspark.db"
    )
    insecure: bool = False


class BugsparkSection(SettingsSection):
    """Values that are shared with BugSpark."""

    encryption_key: Annotated[Secret, _secret_validator(validators.validate_fernet_keys)] = Secret("")
    jwt_secret: Annotated[Secret, _secret_validator()] = Secret("")
    dashboard_url: WebUrl = ""
    dashboard_origins: Annotated[
        tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_origins)
    ] = ()
    notify_webhooks: bool = False

    @property
    def encryption_keys(self) -> tuple[Secret, ...]:
        """The Fernet keys, newest first; empty in a development set-up."""
        parts = (part.strip() for part in self.encryption_key.reveal().split(","))
        return tuple(Secret(part) for part in parts if part)


class AppSection(SettingsSection):
    """A GitHub App that is used instead of the integrations' tokens, for the listed projects only."""

    id: Annotated[str, BeforeValidator(_number_as_text)] = ""
    private_key_file: str = ""
    repositories: Annotated[dict[str, str], AfterValidator(validators.validate_repositories)] = Field(
        default_factory=dict
    )
    webhook_secret: Annotated[Secret, _secret_validator()] = Secret("")


class GithubSection(SettingsSection):
    """The GitHub server. Only the operator chooses it, never a project."""

    api_url: Annotated[str, AfterValidator(validators.validate_api_url)] = "https://api.github.com"
    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = "2022-11-28"
    ca_file: Annotated[str, AfterValidator(validators.validate_ca_file)] = ""
    proxy: Annotated[Secret, _secret_validator(validators.validate_proxy)] = Secret("")
    trust_environment: bool = False
    app: AppSection = AppSection()


class LimitsSection(SettingsSection):
    """Points per credential and minute: reads 1, writes 5."""

    points_per_minute: PositiveInt = 800
    verify_points_per_minute: PositiveInt = 300


class PollSection(SettingsSection):
    """How often projects are polled and verified."""

    interval_seconds: PositiveSeconds = 60.0
    verify_seconds: PositiveSeconds = 21600.0
    overlap_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 120.0
    concurrency: PositiveInt = 8


class WriteSection(SettingsSection):
    """The rate of writes to GitHub."""

    min_interval_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    per_minute: PositiveInt = 80
    per_hour: PositiveInt = 500
    settle_seconds: PositiveSeconds = 60.0


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
    marker_key: Annotated[Secret, _secret_validator()] = Secret("")
    comments_from: Literal["everyone", "collaborators"] = "everyone"
    delete_in_bugspark: bool = True
    delete_on_github: bool = True
    bots: BotNames = ()
    severity: SeverityLabels = SeverityLabels()
    category: CategoryLabels = CategoryLabels()
    stage: StageLabels = StageLabels()

    def labels(self) -> LabelMapping:
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


class OwnersSection(SettingsSection):
    """What owners of projects may set for themselves."""

    may: Annotated[
        tuple[Literal["labels", "stage", "people", "export", "content", "directions"], ...],
        Field(strict=False),
    ] = ("labels", "stage", "people", "export", "content", "directions")


class GuardSection(SettingsSection):
    """How much a pass may delete or create without a confirmation."""

    max_deletions: Annotated[int, Field(ge=0)] = 20
    max_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.1
    max_new_issues: Annotated[int, Field(ge=0)] = 100


class WebSection(SettingsSection):
    """Webhook receiver, API and dashboard."""

    enabled: bool = True
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    public_url: WebUrl = ""
    hosts: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_hosts)] = ()
    password_hash: Annotated[Secret, _secret_validator(validators.validate_password_hash)] = Secret("")
    api_tokens: Annotated[dict[str, str], AfterValidator(validators.validate_api_tokens)] = Field(
        default_factory=dict
    )
    trusted_proxies: Annotated[
        tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_networks)
    ] = ()

    @property
    def effective_proxies(self) -> tuple[str, ...]:
        """The proxies that are believed: with a public address, by default those on this machine."""
        return self.trusted_proxies or (LOOPBACK_NETWORKS if self.public_url else ())


class QueueSection(SettingsSection):
    """auto: in-process on SQLite, procrastinate on PostgreSQL."""

    engine: Literal["auto", "in-process", "procrastinate"] = "auto"


class KeepSection(SettingsSection):
    """How long passes, changes and deliveries are kept."""

    days: PositiveInt = 90


class AlertsSection(SettingsSection):
    """The address that gets a POST when a problem begins or ends."""

    url: Annotated[Secret, _secret_validator(validators.validate_alert_url)] = Secret("")


class LogSection(SettingsSection):
    """auto: console on a terminal, JSON otherwise."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(SettingsSection):
    """The complete configuration. `Settings()` has the defaults; `sources` reads the other values."""

    database: DatabaseSection = DatabaseSection()
    bugspark: BugsparkSection = BugsparkSection()
    github: GithubSection = GithubSection()
    limits: LimitsSection = LimitsSection()
    poll: PollSection = PollSection()
    write: WriteSection = WriteSection()
    sync: SyncSection = SyncSection()
    owners: OwnersSection = OwnersSection()
    guard: GuardSection = GuardSection()
    web: WebSection = WebSection()
    queue: QueueSection = QueueSection()
    keep: KeepSection = KeepSection()
    alerts: AlertsSection = AlertsSection()
    log: LogSection = LogSection()

    def sync_policy(self) -> SyncPolicy:
        """Return the policy of `decide` and `sync`."""
        return SyncPolicy(
            conflict=ConflictPolicy(self.sync.conflict),
            export_all=self.sync.export == "all",
            discover=self.sync.discover == "auto",
            directions={} if self.sync.title == "both" else {SyncedFieldName.TITLE: Direction.OFF},
            collaborators_only=self.sync.comments_from == "collaborators",
            delete_in_bugspark=self.sync.delete_in_bugspark,
            delete_on_github=self.sync.delete_on_github,
            settle_seconds=self.write.settle_seconds,
            labels=self.sync.labels(),
        )

    def guard_policy(self) -> GuardPolicy:
        """Return the policy of the guard."""
        return GuardPolicy(
            max_deletions=self.guard.max_deletions,
            max_share=self.guard.max_share,
            max_new_issues=self.guard.max_new_issues,
        )

    def rate_limits(self) -> RateLimitPolicy:
        """Return the policy of the rate limiter."""
        return RateLimitPolicy(
            points_per_minute=self.limits.points_per_minute,
            verify_points_per_minute=self.limits.verify_points_per_minute,
            min_interval=self.write.min_interval_seconds,
            content_per_minute=self.write.per_minute,
            content_per_hour=self.write.per_hour,
        )

    def timing(self) -> PassTiming:
        """Return the times of a pass."""
        return PassTiming(
            overlap_seconds=self.poll.overlap_seconds,
            settle_seconds=self.write.settle_seconds,
            verify_seconds=self.poll.verify_seconds,
            interval_seconds=self.poll.interval_seconds,
        )

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret that is set, with passwords in the database address, to be masked in logs."""
        keys = (*self.bugspark.encryption_keys, self.bugspark.encryption_key, self.bugspark.jwt_secret)
        more = (self.sync.marker_key, self.web.password_hash, self.alerts.url, self.github.app.webhook_secret)
        rest = (*more, *passwords_in_url(self.database.url), *passwords_in_url(self.github.proxy))
        return tuple(secret for secret in (*keys, *rest) if secret)
