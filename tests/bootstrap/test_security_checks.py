"""What `reconcile check` warns about: readable secrets, a short JWT secret, a cheap password hash."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from reconciler.bootstrap.security_checks import cookie_checks, security_checks
from reconciler.config.load import load_configuration
from reconciler.config.settings import Settings
from reconciler.model.secret import Secret
from reconciler.store.schema.migrate import migrate


def warned(settings: Settings, secrets_file: Path | None = None) -> list[str]:
    return [check.name for check in security_checks(settings, secrets_file)]


def test_files_with_secrets_that_others_may_read_are_named(tmp_path: Path) -> None:
    database, key, file = tmp_path / "b.db", tmp_path / "key.pem", tmp_path / "config.toml"
    for each in (database, key, file):
        each.touch(mode=0o600)
    settings = Settings.model_validate(
        {
            "database": {"url": f"sqlite:///{database}"},
            "github": {"app": {"id": "1", "private_key_file": str(key), "repositories": {}}},
        }
    )
    assert warned(settings, file) == []
    for each in (database, key, file):
        each.chmod(0o640)
    assert warned(settings, file) == ["configuration file", "private key", "database file"]
    assert warned(settings) == ["private key", "database file"]


def test_only_a_configuration_file_that_has_secrets_in_it_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[poll]\ninterval_seconds = 5\n")
    assert load_configuration(file, {}).secrets_file is None
    assert load_configuration(file, {"RECONCILER_BUGSPARK__JWT_SECRET": "x"}).secrets_file is None
    file.write_text('[bugspark]\njwt_secret = "x"\n')
    assert load_configuration(file, {}).secrets_file == file


@pytest.mark.parametrize(("length", "names"), [(0, []), (31, ["JWT secret"]), (32, [])])
def test_a_jwt_secret_that_can_be_guessed_is_named(length: int, names: list[str]) -> None:
    assert warned(Settings.model_validate({"bugspark": {"jwt_secret": Secret("x" * length)}})) == names


def test_a_cheap_password_hash_is_named() -> None:
    cheap, usual = (
        PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"),
        PasswordHasher().hash("x"),
    )
    assert warned(Settings.model_validate({"web": {"password_hash": cheap}})) == ["password hash"]
    assert warned(Settings.model_validate({"web": {"password_hash": usual}})) == []


def test_a_database_file_that_the_program_makes_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "made.db"
    migrate(f"sqlite:///{file}")
    modes = {each.name: oct(each.stat().st_mode & 0o777) for each in tmp_path.iterdir()}
    assert modes["made.db"] == "0o600"
    assert set(modes.values()) == {"0o600"}


@pytest.mark.parametrize(
    ("public", "dashboard", "level", "word"),
    [
        ("https://sync.example.com", "https://app.example.com/x", "ok", "COOKIE_DOMAIN=.example.com"),
        ("https://a.sync.example.com", "https://sync.example.com", "ok", "COOKIE_DOMAIN=.sync.example.com"),
        ("https://example.com/sync", "https://example.com", None, ""),
        ("https://sync.example.com", "https://app.example.org", "warn", "share no parent domain"),
        ("https://sync.com", "https://app.com", "warn", "share no parent domain"),
        ("https://10.0.0.5", "https://10.1.0.5", "warn", "share no parent domain"),
        ("", "https://app.example.com", None, ""),
    ],
)
def test_check_says_whether_the_sign_in_cookie_can_arrive_and_what_bugspark_needs(
    public: str, dashboard: str, level: str | None, word: str
) -> None:
    settings = Settings.model_validate(
        {
            "bugspark": {"jwt_secret": "x" * 40, "dashboard_url": dashboard},
            "web": {"public_url": public},
        }
    )
    found = list(cookie_checks(settings))
    assert [each.level.value for each in found] == ([] if level is None else [level])
    assert all(word in each.message for each in found)
    without = settings.model_copy(
        update={"bugspark": settings.bugspark.model_copy(update={"jwt_secret": Secret("")})}
    )
    assert list(cookie_checks(without)) == []
