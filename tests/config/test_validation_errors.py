"""Each configuration error is one sentence: the key, its source, what to do."""

from pathlib import Path

import pytest

from reconciler.config.load import load_configuration
from reconciler.errors import ConfigurationError

PROJECT = "0b5e1f6c-6d0e-4ac2-9f5e-0d4f0a5a0001"
APP = (
    f'[github.app]\nid = "1"\nprivate_key_file = "{Path(__file__)}"\nrepositories = {{"{PROJECT}" = "a/b"}}\n'
)


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problem(path: Path | None = None, /, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, environ)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def in_file(text: str) -> str:
    Path("it.toml").write_text(text)
    sentence = problem(Path("it.toml"))
    assert "it.toml" in sentence
    return sentence


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[poll]\ninterval_seconds = 0", "poll.interval_seconds", "must be greater than 0, not 0"),
        ("[poll]\ninterval_seconds = -5.5", "poll.interval_seconds", "must be greater than 0, not -5.5"),
        ("[poll]\ninterval_seconds = inf", "poll.interval_seconds", "must be a finite number"),
        ("[poll]\ninterval_seconds = nan", "poll.interval_seconds", "must be"),
        ("[poll]\ninterval_seconds = '60'", "poll.interval_seconds", "must be a number, not '60'"),
        ("[poll]\ninterval_seconds = true", "poll.interval_seconds", "must be a number"),
        ("[poll]\ninterval_seconds = 2024-01-01", "poll.interval_seconds", "must be a number"),
        ("[poll]\nconcurrency = 0", "poll.concurrency", "must be at least 1"),
        ("[poll]\nconcurrency = 1.5", "poll.concurrency", "must be a whole number"),
        ("[poll]\noverlap_seconds = -1", "poll.overlap_seconds", "must be at least 0"),
        ("[write]\nsettle_seconds = 0", "write.settle_seconds", "must be greater than 0"),
        ("[guard]\nmax_share = 1.01", "guard.max_share", "must be at most 1"),
        ("[guard]\nmax_share = -0.1", "guard.max_share", "must be at least 0"),
        ("[guard]\nmax_deletions = -1", "guard.max_deletions", "must be at least 0"),
        ("[limits]\npoints_per_minute = {}", "limits.points_per_minute", "must be a whole number"),
        ("[web]\nport = 65536", "web.port", "must be at most 65535"),
        ("[web]\nenabled = 1", "web.enabled", "must be true or false, not 1"),
        ("[web]\nhost = ''", "web.host", "must not be empty"),
        ("[web]\npassword_hash = 'hunter2'", "web.password_hash", "is not an argon2id hash, in"),
        ("[web]\npublic_url = 'bugs.example.com'", "web.public_url", "is not an http(s) address"),
        ("[sync]\nconflict = 'mine'", "sync.conflict", "write one of 'newest', 'github' or 'bugspark'"),
        ("[log]\nlevel = 3", "log.level", "write one of"),
        ("[sync]\nbots = ['a b']", "sync.bots", "has a name that is no login on GitHub"),
        ("[sync]\nbots = 'a'", "sync.bots", "must be a list of names"),
        ("[sync]\nmarker_key = 3", "sync.marker_key", "is not text"),
        ("[sync.severity]\nhigh = []", "sync.severity.high", "is an empty list"),
        ("[sync.severity]\nhigh = 'P1'", "sync.severity.high", "must be a list of names"),
        ("[sync.severity]\nhigh = [1]", "sync.severity.high", "must be text"),
        ("[sync.severity]\nhigh = [' P1']", "sync.severity.high", "has a label that is empty, or has blanks"),
        ("[sync.severity]\nhigh = [\"a\\u0007\"]", "sync.severity.high", "invisible characters"),
        (f"[sync.severity]\nhigh = ['{'x' * 51}']", "sync.severity.high", "longer than GitHub's 50"),
        ("[sync.severity]\nhigh = ['LOW']", "sync.severity.high", "'low' that sync.severity.low has too"),
        ("[sync.category]\nui = ['critical']", "sync.category.ui", "that sync.severity.critical has too"),
        ("[github]\napi_url = 'http://ghe.example.com'", "github.api_url", "over plain http"),
        ("[github]\napi_url = 'http://127.0.0.1.example.com'", "github.api_url", "over plain http"),
        ("[github]\napi_url = 'https://u:p@ghe.example.com'", "github.api_url", "user name or password, in"),
        ("[github]\napi_url = 'https://ghe.example.com?a=b'", "github.api_url", "query or fragment"),
        ("[github]\napi_url = 'https://ghe.example.com#a'", "github.api_url", "query or fragment"),
        ("[github]\napi_url = 'ftp://ghe.example.com'", "github.api_url", "is not an http(s) address"),
        ("[github]\napi_url = 'https://'", "github.api_url", "is not an http(s) address"),
        ("[github]\napi_url = 'https://a:b'", "github.api_url", "is not an address"),
        ("[github]\napi_url = 'https://[::1'", "github.api_url", "is not an address"),
        ("[github]\napi_url = 'https://a b.com'", "github.api_url", "blanks"),
        ("[github]\napi_url = ''", "github.api_url", "is not an http(s) address"),
        ("[github]\napi_version = 'newest'", "github.api_version", "is not a date"),
        ("[bugspark]\nencryption_key = 'short'", "bugspark.encryption_key", "is not a Fernet key"),
        (f"[bugspark]\nencryption_key = '{'0' * 43}=,é'", "bugspark.encryption_key", "is not a Fernet key"),
        ("[database]\nurl = 'mysql://h/d'", "database.url", "is not a database this program can use, in"),
        ("[database]\nurl = ''", "database.url", "is not a database"),
        ("[queue]\nengine = 'celery'", "queue.engine", "is none of its choices, not 'celery'"),
        ("[keep]\ndays = 0", "keep.days", "must be at least 1"),
        ("[bugspark.s3]\nendpoint_url = 'store'", "bugspark.s3.endpoint_url", "is not an http(s) address"),
        ("[bugspark.s3]\nbucket_name = 'a/b'", "bugspark.s3.bucket_name", "is no name of a bucket"),
        ("[bugspark.s3]\nregion = 'a b'", "bugspark.s3.region", "is no name of a region"),
        ("[bugspark.s3]\nlifetime_seconds = 604801", "bugspark.s3.lifetime_seconds", "must be at most"),
        ("[bugspark.s3]\nsecret_key = 7", "bugspark.s3.secret_key", "is not text"),
        ("[bugspark.s3]\nsecret_key = 'x'", "bugspark.s3.endpoint_url", "while bugspark.s3.secret_key is"),
        ("[github.app]\nid = '1'", "github.app.private_key_file", "missing while github.app.id is set"),
        (APP.replace(f'"{PROJECT}"', '"web"'), "github.app.repositories", "not a project id"),
        (APP.replace("a/b", "a/.."), "github.app.repositories", "not owner/repo"),
        (APP.replace("a/b", "a/b/c"), "github.app.repositories", "not owner/repo"),
        (APP.replace("a/b", "*/b"), "github.app.repositories", "not owner/repo"),
        (APP.replace("a/b", "*/*"), "github.app.repositories", "not owner/repo"),
        (APP.replace("a/b", "a/b*"), "github.app.repositories", "not owner/repo"),
        ("[github.app]\nwebhook_secret = 'x'", "github.app.id", "while github.app.webhook_secret is set"),
        ("[github.app]\nwebhook_secret = 7", "github.app.webhook_secret", "is not text"),
        (APP.replace("test_validation_errors", "absent"), "github.app.private_key_file", "No such file"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_is_wrong(text: str, key: str, says: str) -> None:
    sentence = in_file(text)
    assert sentence.startswith(f"{key} ")
    assert says in sentence


@pytest.mark.parametrize(
    ("text", "unknown", "known"),
    [
        ("[poll]\nintervall_seconds = 1", "poll.intervall_seconds", "poll.interval_seconds"),
        ("[poll]\nsettle_seconds = 1", "poll.settle_seconds", "write.settle_seconds"),
        ("interval_seconds = 1", "interval_seconds", "poll.interval_seconds"),
        ("[pol]\ninterval_seconds = 1", "pol", "poll"),
        ("[github.apps]\nid = '1'", "github.apps", "github.app"),
        ("[sync.severity]\nhihg = ['x']", "sync.severity.hihg", "sync.severity.high"),
        ("[sync.category]\nuii = ['x']", "sync.category.uii", "sync.category.ui"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(text: str, unknown: str, known: str) -> None:
    assert in_file(text) == f"{unknown} is unknown, in the file it.toml; did you mean {known}?"


@pytest.mark.parametrize(
    "text",
    [
        "[totally]\nunrelated = 1",
        "[sync]\nbanana = 1",
        "[sync.severity]\nurgent = ['x']",
        "[github.apps_of_ours]\nid = '1'",
        "[github.app]\nkangaroo = 1",
    ],
)
def test_a_key_far_from_any_known_one_is_not_taken_for_a_slip(text: str) -> None:
    sentence = in_file(text)
    assert "did you mean" not in sentence
    assert "the nearest known name is " in sentence


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("RECONCILER_POLL__INTERVALL_SECONDS", "RECONCILER_POLL__INTERVAL_SECONDS"),
        ("RECONCILER_POLL_INTERVAL_SECONDS", "RECONCILER_POLL__INTERVAL_SECONDS"),
        ("RECONCILER_GITHUB__APPID", "RECONCILER_GITHUB__APP__ID"),
        ("RECONCILER_CONFG", "RECONCILER_CONFIG"),
    ],
)
def test_an_unknown_variable_names_the_nearest_known_one(name: str, known: str) -> None:
    assert problem(**{name: "1"}) == f"{name} is unknown, in the environment; did you mean {known}?"


@pytest.mark.parametrize("name", ["SYNC__BANANA", "SYNC__SEVERITY__URGENT", "GITHUB__APP__ZEBRA", "ZZZ__QQQ"])
def test_a_variable_is_not_taken_for_a_slip_because_of_its_prefix_and_section(name: str) -> None:
    sentence = problem(**{f"RECONCILER_{name}": "1"})
    assert "did you mean" not in sentence
    assert "the nearest known name is RECONCILER_" in sentence


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RECONCILER_POLL__INTERVAL_SECONDS", "often", "poll.interval_seconds must be a number, not 'often'"),
        ("RECONCILER_WEB__ENABLED", "maybe", "web.enabled must be true or false, not 'maybe'"),
        ("RECONCILER_WEB__PORT", "80.5", "web.port must be a whole number, not '80.5'"),
        ("RECONCILER_SYNC__SEVERITY__HIGH", "P1", "sync.severity.high is not JSON"),
        ("RECONCILER_SYNC__SEVERITY", '["P1"]', "sync.severity is a section, not a value"),
        ("RECONCILER_SYNC__SEVERITY", '{"urgent": ["P1"]}', "sync.severity.urgent is unknown"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, says: str) -> None:
    sentence = problem(**{name: value})
    assert sentence.startswith(says)
    assert name in sentence


def test_a_wrong_credential_is_named_and_not_shown() -> None:
    Path("bugspark.encryption_key").write_text("canary")
    sentence = problem(CREDENTIALS_DIRECTORY=".")
    assert "in the credential bugspark.encryption_key" in sentence
    assert "canary" not in sentence


def test_a_misspelt_credential_names_the_nearest_known_one() -> None:
    Path("bugspark.encryptionkey").write_text("x")
    assert problem(CREDENTIALS_DIRECTORY=".").endswith("did you mean bugspark.encryption_key?")


def test_a_missing_credentials_directory_is_reported() -> None:
    assert "No such file" in problem(CREDENTIALS_DIRECTORY="absent")


def test_broken_toml_names_file_and_line() -> None:
    sentence = in_file("[poll]\ninterval_seconds = \n")
    assert "line 2" in sentence


def test_a_file_that_is_not_utf8_is_reported() -> None:
    Path("it.toml").write_bytes(b"a = '\xff'")
    assert "not UTF-8" in problem(Path("it.toml"))


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_file_named_explicitly_must_be_there(how: str) -> None:
    path = Path("absent.toml")
    sentence = problem(path) if how == "flag" else problem(RECONCILER_CONFIG=str(path))
    assert sentence == (
        "configuration cannot be read, in the file absent.toml: No such file or directory; "
        "check its path and permissions"
    )


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.7/api", "http://[::1]:9", "https://g/api/v3/"]
)
def test_an_api_address_on_loopback_or_https_is_taken(url: str) -> None:
    settings = load_configuration(None, {"RECONCILER_GITHUB__API_URL": url}).settings
    assert settings.github.api_url == url.rstrip("/")


def test_a_secret_is_never_part_of_the_sentence() -> None:
    for name, value in {
        "RECONCILER_DATABASE__URL": "mysql://u:canary@h/d",
        "RECONCILER_BUGSPARK__ENCRYPTION_KEY": "canary",
        "RECONCILER_WEB__PASSWORD_HASH": "canary",
        "RECONCILER_GITHUB__API_URL": "https://u:canary@h",
    }.items():
        assert "canary" not in problem(**{name: value})


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[poll]\ninterval_seconds = "a"\nintervall = 1\n[nope]\nx = 1\n[sync]\nconflict = "x"\n')
    environ = {
        "RECONCILER_FOO": "1",
        "RECONCILER_SYNC__SEVERITY__HIGH": "[",
        "RECONCILER_WRITE__PER_MINUTE": "0",
    }
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(file, environ)
    keys = [sentence.split(" ", 1)[0] for sentence in caught.value.sentences]
    assert sorted(keys) == [
        "RECONCILER_FOO",
        "nope",
        "poll.interval_seconds",
        "poll.intervall",
        "sync.conflict",
        "sync.severity.high",
        "write.per_minute",
    ]
    assert "(7) " in str(caught.value)


def test_keys_that_depend_on_each_other_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[sync.severity]\nhigh = ["low"]\n[github.app]\nid = "1"\n')
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(file, {"RECONCILER_DATABASE__URL": "postgresql://db.example/x?sslmode=disable"})
    clash, app, tls = caught.value.sentences
    assert "'low'" in clash
    assert app.startswith("github.app.private_key_file and github.app.repositories are missing")
    assert "sslmode=disable" in tls


@pytest.mark.parametrize("password", ["s3/cr@etx", "a@bbb", "x:y@zz/w", "q?r@zz"])
def test_an_unescaped_at_sign_in_a_password_is_refused_without_showing_it(password: str) -> None:
    sentence = problem(RECONCILER_DATABASE__URL=f"postgresql://ann:{password}@db.example/bugspark")
    assert sentence.startswith("database.url has an @ in its user or password")
    assert "%40" in sentence
    assert password.rpartition("@")[2] not in sentence.replace(
        "write it as %40 there (and / as %2F, : as %3A)", ""
    )


@pytest.mark.parametrize("password", ["s3%2Fcr%40et", "a/b", ""])
def test_an_escaped_password_is_accepted(password: str) -> None:
    environ = {"RECONCILER_DATABASE__URL": f"postgresql://ann:{password}@127.0.0.1/bugspark?options=-c%20a@b"}
    assert load_configuration(None, environ).settings.database.url
