"""Every section, key and default of docs/reference/contract.md, Configuration, as frozen typed values."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from reconciler.config import validators
from reconciler.config.section import PositiveInt, PositiveSeconds, SettingsSection, WebUrl, secret_validator
from reconciler.config.sync_section import SyncSection
from reconciler.model.fields import Field as SyncedFieldName
from reconciler.model.policy import (
    ConflictPolicy,
    Direction,
    GuardPolicy,
    PassTiming,
    RateLimitPolicy,
    SyncPolicy,
)
from reconciler.model.secret import Secret, passwords_in_url

LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1")


def _number_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


class DatabaseSection(SettingsSection):
    """The database with the tables of BugSpark and of this program."""

    url: Annotated[Secret, secret_validator(validators.validate_database_url)] = Secret(
        "sqlite:///bugspark.db"
    )
    insecure: bool = False


class S3Section(SettingsSection):
    """BugSpark's object store, where it keeps screenshots: its S3_ENDPOINT_URL, S3_BUCKET_NAME and so on."""

    endpoint_url: WebUrl = ""
    region: Annotated[str, AfterValidator(validators.validate_region)] = ""
    bucket_name: Annotated[str, AfterValidator(validators.validate_bucket_name)] = ""
    access_key: str = ""
    secret_key: Annotated[Secret, secret_validator()] = Secret("")
    lifetime_seconds: Annotated[int, Field(ge=1, le=604800)] = 900

    @property
    def signing_region(self) -> str:
        """The region in signatures; by default the one that BugSpark takes: `auto` for R2."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return self.region or ("auto" if host.endswith("r2.cloudflarestorage.com") else "us-east-1")


class BugsparkSection(SettingsSection):
    """Values that are shared with BugSpark."""

    encryption_key: Annotated[Secret, secret_validator(validators.validate_fernet_keys)] = Secret("")
    jwt_secret: Annotated[Secret, secret_validator()] = Secret("")
    dashboard_url: WebUrl = ""
    dashboard_origins: Annotated[
        tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_origins)
    ] = ()
    notify_webhooks: bool = False
    s3: S3Section = S3Section()

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
    webhook_secret: Annotated[Secret, secret_validator()] = Secret("")


class GithubSection(SettingsSection):
    """The GitHub server. Only the operator chooses it, never a project."""

    api_url: Annotated[str, AfterValidator(validators.validate_api_url)] = "https://api.github.com"
    api_version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = "2022-11-28"
    ca_file: Annotated[str, AfterValidator(validators.validate_ca_file)] = ""
    proxy: Annotated[Secret, secret_validator(validators.validate_proxy)] = Secret("")
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


class OwnersSection(SettingsSection):
    """What owners of projects may set for themselves, and whether they hear of trouble."""

    may: Annotated[
        tuple[Literal["labels", "stage", "people", "export", "content", "directions"], ...],
        Field(strict=False),
    ] = ("labels", "stage", "people", "export", "content", "directions")
    mail: bool = False  # to the owner, about trouble that lasts


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
    password_hash: Annotated[Secret, secret_validator(validators.validate_password_hash)] = Secret("")
    api_tokens: Annotated[dict[str, str], AfterValidator(validators.validate_api_tokens)] = Field(
        default_factory=dict
    )
    trusted_proxies: Annotated[
        tuple[str, ...], Field(strict=False), AfterValidator(validators.validate_networks)
    ] = ()

    @property
    def trusted_proxies_in_force(self) -> tuple[str, ...]:
        """The proxies that are believed: with a public address, by default those on this machine."""
        return self.trusted_proxies or (LOOPBACK_NETWORKS if self.public_url else ())


class QueueSection(SettingsSection):
    """auto: in-process on SQLite, procrastinate on PostgreSQL."""

    engine: Literal["auto", "in-process", "procrastinate"] = "auto"


class RetentionSection(SettingsSection):
    """How long passes, changes and deliveries are kept."""

    days: PositiveInt = 90


class AlertsSection(SettingsSection):
    """The address that gets a POST when a problem begins or ends."""

    url: Annotated[Secret, secret_validator(validators.validate_alert_url)] = Secret("")


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
    keep: RetentionSection = RetentionSection()
    alerts: AlertsSection = AlertsSection()
    log: LogSection = LogSection()

    def sync_policy(self) -> SyncPolicy:
        """Return the policy of `decide` and `sync`."""
        return SyncPolicy(
            conflict=ConflictPolicy(self.sync.conflict),
            export_all=self.sync.export == "all",
            mails_owner=self.owners.mail,
            discover=self.sync.discover == "auto",
            directions={} if self.sync.title == "both" else {SyncedFieldName.TITLE: Direction.OFF},
            collaborators_only=self.sync.comments_from == "collaborators",
            delete_in_bugspark=self.sync.delete_in_bugspark,
            delete_on_github=self.sync.delete_on_github,
            settle_seconds=self.write.settle_seconds,
            labels=self.sync.label_mapping(),
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
        more = (
            self.bugspark.s3.secret_key,
            self.sync.marker_key,
            self.web.password_hash,
            self.alerts.url,
            self.github.app.webhook_secret,
        )
        rest = (*passwords_in_url(self.database.url), *passwords_in_url(self.github.proxy))
        return tuple(secret for secret in (*keys, *more, *rest) if secret)
