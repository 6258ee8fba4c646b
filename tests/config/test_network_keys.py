"""`github.ca_file`, `github.proxy`, `github.trust_environment`; TLS of `database.url`."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.config.load import LoadedConfiguration, load_configuration
from reconciler.errors import ConfigurationError

PROXY = "http://ann:p4ss@proxy.test:3128"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(environ: Mapping[str, str] | None = None, **keys: object) -> LoadedConfiguration:
    flags = {name.replace("__", "."): value for name, value in keys.items()}
    return load_configuration(None, environ or {}, flags)


def shown(found: LoadedConfiguration, key: str) -> tuple[object, str]:
    (value,) = [each for each in found.effective_values() if each.key == key]
    return value.value, value.source


def test_a_proxy_s_password_is_masked() -> None:
    found = loaded(github__proxy=PROXY)
    assert found.settings.github.proxy.reveal() == PROXY
    assert shown(found, "github.proxy")[0] == "http://ann:***@proxy.test:3128"
    assert "p4ss" in [secret.reveal() for secret in found.settings.secrets()]


@pytest.mark.parametrize(
    "wrong",
    ["proxy.test:3128", "socks5://proxy.test", "http://", "http://a:p4ss@proxy.test/path",
     "http://a:p4ss@p test",
     "http://a:p4ss@proxy.test?x", "http://a:p4ss@proxy.test:0", "http://ä:p4ss@proxy.test"],
)  # fmt: skip
def test_a_wrong_proxy_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^github\.proxy ") as caught:
        loaded(github__proxy=wrong)
    assert "p4ss" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), ("no certificate", "no certificates in PEM")]
)
def test_a_file_of_authorities_that_can_t_be_used_is_refused(
    tmp_path: Path, content: str | None, why: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"^github\.ca_file can't be used \({why}.*PEM"):
        loaded(github__ca_file=str(file))


CUSTOMARY = {"HTTPS_PROXY": PROXY, "SSL_CERT_FILE": "/nowhere/ca.pem"}


def test_customary_variables_count_only_if_they_are_trusted() -> None:
    settings = loaded(CUSTOMARY).settings.github
    assert (bool(settings.proxy), settings.ca_file) == (False, "")
    with pytest.raises(
        ConfigurationError, match=r"github\.ca_file.*in the environment variable SSL_CERT_FILE"
    ):
        loaded(CUSTOMARY, github__trust_environment=True)
    found = loaded({"HTTPS_PROXY": PROXY}, github__trust_environment=True)
    assert found.settings.github.proxy.reveal() == PROXY
    assert shown(found, "github.proxy")[1] == "environment variable HTTPS_PROXY"
    own = loaded({"HTTPS_PROXY": PROXY}, github__trust_environment=True, github__proxy="http://own:1")
    assert own.settings.github.proxy.reveal() == "http://own:1"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"https_proxy": "proxy.test:3128"}, "http://proxy.test:3128"),
        ({"ALL_PROXY": "http://proxy.test:3128/"}, "http://proxy.test:3128"),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost, .github.com"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "api.github.com"}, ""),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "*"}, ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "hub.com,notgithub.com,,"}, PROXY),
        ({"HTTP_PROXY": PROXY}, ""),
    ],
)
def test_a_customary_proxy_is_read_as_other_programs_read_it(environ: dict[str, str], proxy: str) -> None:
    assert loaded(environ, github__trust_environment=True).settings.github.proxy.reveal() == proxy
