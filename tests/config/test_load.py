"""The sources of configuration values, and their order of priority."""

import os
from pathlib import Path

import pytest

from reconciler.config.load import LoadedConfiguration, load_configuration
from reconciler.config.settings import Settings
from reconciler.config.sources import environment_variable_of_key, known_keys
from reconciler.errors import ConfigurationError
from reconciler.model.fields import Category, Field, Severity
from reconciler.model.policy import (
    ConflictPolicy,
    Direction,
    GuardPolicy,
    LabelMapping,
    PassTiming,
    RateLimitPolicy,
    SyncPolicy,
)

ROOT = Path(__file__).parents[2]
KEY_A = "0" * 43 + "="
KEY_B = "1" * 42 + "0="


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(directory: Path, text: str, name: str = "config.toml") -> Path:
    path = directory / name
    path.write_text(text)
    return path


def source(loaded: LoadedConfiguration, key: str) -> str:
    return next(shown.source for shown in loaded.effective_values() if shown.key == key)


def test_without_anything_the_defaults_hold() -> None:
    loaded = load_configuration(None, {})
    assert loaded.settings == Settings()
    assert loaded.file is None
    assert {shown.source for shown in loaded.effective_values()} == {"default"}


def test_the_example_file_names_every_key_with_its_default() -> None:
    loaded = load_configuration(ROOT / "config.example.toml", {})
    assert loaded.settings == Settings()
    assert {shown.key for shown in loaded.effective_values() if shown.source != "default"} == set(
        known_keys()
    )


def test_every_key_of_the_example_is_explained() -> None:
    lines = (ROOT / "config.example.toml").read_text().splitlines()
    groups = "\n".join(lines).split("\n\n")[1:]
    assert all("#" in group for group in groups if group.strip())


def test_the_defaults_give_the_policies_their_defaults() -> None:
    settings = Settings()
    assert settings.sync_policy() == SyncPolicy()
    assert settings.guard_policy() == GuardPolicy()
    assert settings.rate_limits() == RateLimitPolicy()
    assert settings.timing() == PassTiming()
    assert list(settings.sync.label_mapping().category) == list(LabelMapping().category)


def test_the_policies_follow_the_settings(empty_directory: Path) -> None:
    write(
        empty_directory,
        """
        [sync]
        conflict = "bugspark"
        export = "all"
        discover = "manual"
        title = "both"
        comments_from = "collaborators"
        delete_in_bugspark = false
        bots = ["@acme-deploy", "helper[bot]"]
        severity.high = ["P1"]
        category.ui = ["design", "ui"]
        [guard]
        max_deletions = 1
        max_share = 0.5
        [write]
        min_interval_seconds = 0
        settle_seconds = 0.2
        """,
    )
    settings = load_configuration(None, {}).settings
    policy = settings.sync_policy()
    assert (policy.conflict, policy.export_all, policy.discover) == (ConflictPolicy.BUGSPARK, True, False)
    assert (policy.direction(Field.TITLE), policy.collaborators_only) == (Direction.BOTH, True)
    assert (policy.delete_in_bugspark, policy.delete_on_github) == (False, True)
    assert settings.sync.bots == ("acme-deploy", "helper")
    assert policy.labels.severity[Severity.HIGH] == ("P1",)
    assert policy.labels.severity[Severity.LOW] == ("low-priority", "low")
    assert policy.labels.category[Category.UI] == ("design", "ui")
    assert settings.guard_policy() == GuardPolicy(max_deletions=1, max_share=0.5)
    assert settings.rate_limits().min_interval == 0.0
    assert settings.timing().settle_seconds == 0.2


def test_flags_win_over_environment_over_credentials_over_file(empty_directory: Path) -> None:
    path = write(
        empty_directory,
        "[poll]\ninterval_seconds = 1\nverify_seconds = 1\n[keep]\ndays = 1\n[web]\nport = 1\n",
    )
    credentials = empty_directory / "credentials"
    credentials.mkdir()
    for name in ("keep.days", "poll.verify_seconds", "poll.interval_seconds"):
        write(credentials, "2\n", name)
    environ = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "RECONCILER_POLL__VERIFY_SECONDS": "3",
        "RECONCILER_POLL__INTERVAL_SECONDS": "3",
    }
    loaded = load_configuration(path, environ, {"poll.interval_seconds": 4})
    settings = loaded.settings
    assert (settings.web.port, settings.keep.days) == (1, 2)
    assert (settings.poll.verify_seconds, settings.poll.interval_seconds) == (3.0, 4.0)
    assert source(loaded, "web.port") == f"file {path}"
    assert source(loaded, "keep.days") == "credential keep.days"
    assert source(loaded, "poll.verify_seconds") == "environment variable RECONCILER_POLL__VERIFY_SECONDS"
    assert source(loaded, "poll.interval_seconds") == "command's own settings"
    assert source(loaded, "log.level") == "default"


def test_config_flag_wins_over_variable_over_working_directory(empty_directory: Path) -> None:
    write(empty_directory, "[keep]\ndays = 1\n")
    named = write(empty_directory, "[keep]\ndays = 2\n", "named.toml")
    flagged = write(empty_directory, "[keep]\ndays = 3\n", "flagged.toml")
    environ = {"RECONCILER_CONFIG": str(named)}
    assert load_configuration(flagged, environ).settings.keep.days == 3
    assert load_configuration(None, environ).settings.keep.days == 2
    assert load_configuration(None, {}).settings.keep.days == 1


def test_each_kind_of_value_is_read_from_the_environment() -> None:
    project = "0b5e1f6c-6d0e-4ac2-9f5e-0d4f0a5a0001"
    key_file = Path(__file__)
    environ = {
        "RECONCILER_DATABASE__URL": "postgresql://u:p@h/d",
        "RECONCILER_BUGSPARK__NOTIFY_WEBHOOKS": "true",
        "RECONCILER_SYNC__SEVERITY": '{"high": ["P1", "high"]}',
        "RECONCILER_SYNC__CATEGORY__UI": '["design"]',
        "RECONCILER_GUARD__MAX_SHARE": "1",
        "RECONCILER_GITHUB__APP__ID": "12345",
        "RECONCILER_GITHUB__APP__PRIVATE_KEY_FILE": str(key_file),
        "RECONCILER_GITHUB__APP__REPOSITORIES": f'{{"{project.upper()}": "acme/web"}}',
        "RECONCILER_GITHUB__APP__WEBHOOK_SECRET": "made up",
        "PATH": "/bin",
        "reconciler_lower": "not ours",
    }
    settings = load_configuration(None, environ).settings
    assert settings.database.url.reveal() == "postgresql+psycopg://u:p@h/d?sslmode=require"
    assert settings.bugspark.notify_webhooks is True
    assert settings.sync.severity.high == ("P1", "high")
    assert settings.sync.severity.low == ("low-priority", "low")
    assert settings.sync.category.ui == ("design",)
    assert settings.guard.max_share == 1.0
    assert settings.github.app.id == "12345"
    assert settings.github.app.repositories == {project: "acme/web"}
    assert settings.github.app.webhook_secret.reveal() == "made up"
    assert settings.github.app.webhook_secret in settings.secrets()


@pytest.mark.parametrize(
    ("endpoint", "given", "region"),
    [
        ("https://account.r2.cloudflarestorage.com", "", "auto"),
        ("https://store.test/r2.cloudflarestorage.com", "", "us-east-1"),
        ("https://store.test", "", "us-east-1"),
        ("https://account.r2.cloudflarestorage.com", "weur", "weur"),
    ],
)
def test_the_object_store_comes_from_the_environment_and_a_credential_and_its_key_is_masked(
    empty_directory: Path, endpoint: str, given: str, region: str
) -> None:
    write(empty_directory, "canary\n", "bugspark.s3.secret_key")
    environ = {
        "CREDENTIALS_DIRECTORY": str(empty_directory),
        "RECONCILER_BUGSPARK__S3__ENDPOINT_URL": f"{endpoint}/",
        "RECONCILER_BUGSPARK__S3__BUCKET_NAME": "uploads",
        "RECONCILER_BUGSPARK__S3__ACCESS_KEY": "key",
        "RECONCILER_BUGSPARK__S3__REGION": given,
        "RECONCILER_BUGSPARK__S3__LIFETIME_SECONDS": "60",
    }
    loaded = load_configuration(None, environ)
    s3 = loaded.settings.bugspark.s3
    assert (s3.endpoint_url, s3.lifetime_seconds, s3.signing_region) == (endpoint, 60, region)
    assert s3.secret_key.reveal() == "canary"
    assert s3.secret_key in loaded.settings.secrets()
    assert "canary" not in repr(loaded.settings)
    assert [each.value for each in loaded.effective_values() if each.key == "bugspark.s3.secret_key"] == [
        "***"
    ]


def test_app_repositories_are_replaced_not_merged(empty_directory: Path) -> None:
    first, second = ("0b5e1f6c-6d0e-4ac2-9f5e-0d4f0a5a000" + digit for digit in "12")
    path = write(
        empty_directory,
        f'[github.app]\nid = 7\nprivate_key_file = "{Path(__file__)}"\n'
        f'repositories = {{"{first}" = "acme/web"}}\n',
    )
    environ = {"RECONCILER_GITHUB__APP__REPOSITORIES": f'{{"{second}": "acme/app"}}'}
    assert load_configuration(path, environ).settings.github.app.repositories == {second: "acme/app"}


def test_a_credential_brings_the_apps_private_key_itself(empty_directory: Path) -> None:
    write(empty_directory, "-----BEGIN", "github.app.private_key")
    write(empty_directory, "9", "github.app.id")
    write(empty_directory, '{"0b5e1f6c-6d0e-4ac2-9f5e-0d4f0a5a0001": "a/b"}', "github.app.repositories")
    write(empty_directory, "another service's", "tls.pem")
    write(empty_directory, "made up\n", "github.app.webhook_secret")
    app = load_configuration(None, {"CREDENTIALS_DIRECTORY": str(empty_directory)}).settings.github.app
    assert app.private_key_file == str(empty_directory / "github.app.private_key")
    assert app.id == "9"
    assert app.webhook_secret.reveal() == "made up"


def test_a_reload_keeps_the_credentials_the_service_was_started_with(
    empty_directory: Path,
) -> None:
    credentials = empty_directory / "credentials"
    credentials.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    write(credentials, "first\n", "bugspark.jwt_secret")
    begun = load_configuration(None, environ)
    write(credentials, "second\n", "bugspark.jwt_secret")
    write(empty_directory, "[keep]\ndays = 3\n")
    again = load_configuration(None, environ, credentials=begun.credentials).settings
    assert (again.bugspark.jwt_secret.reveal(), again.keep.days) == ("first", 3)
    assert load_configuration(None, environ).settings.bugspark.jwt_secret.reveal() == "second"
    assert "first" not in repr(begun)


def test_a_credentials_line_end_is_not_part_of_the_secret(empty_directory: Path) -> None:
    write(empty_directory, f"{KEY_A},{KEY_B}\n", "bugspark.encryption_key")
    settings = load_configuration(None, {"CREDENTIALS_DIRECTORY": str(empty_directory)}).settings
    assert [key.reveal() for key in settings.bugspark.encryption_keys] == [KEY_A, KEY_B]


def test_every_key_has_a_variable_and_every_variable_its_key() -> None:
    for key in known_keys():
        assert environment_variable_of_key(key).removeprefix("RECONCILER_").lower().replace("__", ".") == key


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings.poll, "interval_seconds", 1.0)  # noqa: B010 - mypy would not let it pass


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    canary = "canary-5f0c"
    environ = {
        "RECONCILER_DATABASE__URL": f"postgresql+psycopg://user:{canary}@host:5432/db?password={canary}",
        "RECONCILER_BUGSPARK__ENCRYPTION_KEY": KEY_A,
        "RECONCILER_BUGSPARK__JWT_SECRET": canary,
        "RECONCILER_SYNC__MARKER_KEY": canary,
        "RECONCILER_WEB__PASSWORD_HASH": f"$argon2id${canary}",
    }
    loaded = load_configuration(None, environ)
    shown = {item.key: item.value for item in loaded.effective_values()}
    assert shown["database.url"] == "postgresql+psycopg://user:***@host:5432/db?password=***&sslmode=require"
    assert shown["bugspark.jwt_secret"] == shown["sync.marker_key"] == shown["web.password_hash"] == "***"
    assert shown["bugspark.encryption_key"] == "***"
    everything = f"{loaded.settings!r}{loaded.settings}{loaded.effective_values()}{loaded!r}"
    assert canary not in everything
    assert KEY_A not in everything
    assert {secret.reveal() for secret in loaded.settings.secrets()} >= {canary, KEY_A, f"$argon2id${canary}"}


def test_a_secret_that_is_not_set_is_shown_as_such() -> None:
    shown = {item.key: item.value for item in load_configuration(None, {}).effective_values()}
    assert shown["bugspark.encryption_key"] == ""
    assert Settings().secrets() == ()


def test_an_unreadable_default_file_is_an_error(empty_directory: Path) -> None:
    (empty_directory / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot be read, in the file config\.toml"):
        load_configuration(None, {})


def test_a_file_of_another_user_in_the_working_directory_is_refused_for_root(
    empty_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = empty_directory / "config.toml"
    file.write_text("[poll]\ninterval_seconds = 5\n")
    owner = 4711 if os.geteuid() == 0 else os.geteuid()
    if os.geteuid() == 0:
        os.chown(file, owner, owner)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ConfigurationError, match=f"belongs to user {owner}.*--config"):
        load_configuration(None, {})
    assert load_configuration(Path("config.toml"), {}).settings.poll.interval_seconds == 5
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    assert load_configuration(None, {}).settings.poll.interval_seconds == 5


@pytest.mark.parametrize("entry", ["proxy.internal", "10.0.0.1/8", "10.0.0", ""])
def test_a_trusted_proxy_is_an_address_or_a_network(empty_directory: Path, entry: str) -> None:
    file = empty_directory / "config.toml"
    file.write_text(f'[web]\ntrusted_proxies = ["{entry}"]\n')
    with pytest.raises(ConfigurationError, match=r"web\.trusted_proxies has an entry that is neither"):
        load_configuration(file, {})
