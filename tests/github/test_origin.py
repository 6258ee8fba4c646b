"""The addresses that requests may go to, and the repository names that are allowed."""

import pytest

from reconciler.errors import ConfigurationError, UntrustedUrlError
from reconciler.github.origin import Origin, parse_next_link, split_repository_name

GITHUB = Origin.parse("https://api.github.com")
ENTERPRISE = Origin.parse("https://ghe.example:8443/api/v3/")


@pytest.mark.parametrize(
    ("api", "prefix"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://API.GitHub.com:443/", "https://api.github.com"),
        ("https://ghe.example:8443/api/v3/", "https://ghe.example:8443/api/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_api_address_is_read(api: str, prefix: str) -> None:
    assert Origin.parse(api).base_url == prefix


@pytest.mark.parametrize(
    "api",
    ["", "api.github.com", "ftp://api.github.com", "https://", "https://me:pw@api.github.com", "https://a b",
     "https://api.github.com?x=1", "https://api.github.com#x", "https://api.github.com:99999", "https://[x"],
)  # fmt: skip
def test_an_invalid_api_address_is_refused(api: str) -> None:
    with pytest.raises(ConfigurationError):
        Origin.parse(api)


def test_parts_are_percent_encoded() -> None:
    assert (
        GITHUB.url("repos", "a/b", "labels", "ü?#%")
        == "https://api.github.com/repos/a%2Fb/labels/%C3%BC%3F%23%25"
    )


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_an_invalid_step_of_a_path_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="step"):
        GITHUB.url("repos", part)


@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        (
            "https://api.github.com/repositories/1/issues?page=2",
            "https://api.github.com/repositories/1/issues?page=2",
        ),
        ("https://API.github.com:443/x", "https://api.github.com/x"),
        ("https://api.github.com/x#fragment", "https://api.github.com/x"),
        ("https://api.github.com/a%20b", "https://api.github.com/a%20b"),
    ],
)
def test_an_address_of_the_api_is_admitted(url: str, admitted: str) -> None:
    assert GITHUB.admit(url) == admitted


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x", "http://api.github.com/x", "https://api.github.com:8443/x",
        "//evil.example/x",
        "https://api.github.com.evil.example/x", "https://api.github.com@evil.example/x",
        "https://user@api.github.com/x", "https://api.github.com\\@evil.example/x", "https://evil.example\\api",
        "https://api.github.com/a b", "https://api.github.com/a\nb", "https://api.github.com", "x", "",
        "https://api.github.com/../x", "https://api.github.com/%2e%2e/x", "https://api.github.com/a%2f..%2fb",
        "https://api.github.com/./x", "https://[x/", "https://api.github.com:port/x", "https://аpi.github.com/x",
        "javascript:alert(1)", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_an_address_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(UntrustedUrlError):
        GITHUB.admit(url)


@pytest.mark.parametrize(
    "path", ["/api/v3x/repos", "/api", "/", "/repos", "/api/v3/../x", "/api/v3/%2e%2e/x"]
)
def test_an_address_outside_the_base_path_is_refused(path: str) -> None:
    with pytest.raises(UntrustedUrlError):
        ENTERPRISE.admit(f"https://ghe.example:8443{path}")


def test_a_relative_redirect_is_resolved_against_its_request() -> None:
    here = ENTERPRISE.url("repos", "acme", "web")
    moved = ENTERPRISE.admit("/api/v3/repositories/7", relative_to=here)
    assert moved == "https://ghe.example:8443/api/v3/repositories/7"
    with pytest.raises(UntrustedUrlError):
        ENTERPRISE.admit("//evil.example/x", relative_to=here)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ghe.example:8443/api/v3/x?a=secret", "(it points to http://ghe.example:8443)"),
        ("https://ghe.example/api/v3/x?a=secret", "(it points to https://ghe.example)"),
        ("https://inner.test:8443/api/v3/x?a=secret", "(it points to https://inner.test:8443)"),
        ("https://ghe.example:8443/x?a=secret", "or correct that address on the server"),
    ],
)
def test_a_server_that_has_another_address_in_its_links_is_reported_with_what_differs(
    url: str, shown: str
) -> None:
    with pytest.raises(UntrustedUrlError, match=r"https://ghe\.example:8443/api/v3: not followed") as raised:
        ENTERPRISE.admit(url)
    remedy = raised.value.remedy or ""
    assert remedy.startswith("set github.api_url to the address of the API")
    assert remedy.endswith(shown)
    assert "secret" not in remedy


def test_a_refused_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(UntrustedUrlError) as raised:
        GITHUB.admit("https://evil.example/?token=secret")
    assert "secret" not in str(raised.value)
    assert "evil" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://ghe.example:8443/api/v3/repositories/12/issues/5", 12),
        ("https://ghe.example:8443/api/v3/repositories/12", 12),
        ("https://ghe.example:8443/api/v3/repos/acme/web", None),
        ("https://ghe.example:8443/api/v3/repositories/x", None),
    ],
)
def test_the_numeric_id_is_read_from_a_redirect(url: str, found: int | None) -> None:
    assert ENTERPRISE.repository_id(url) == found


def test_a_repository_s_name_is_split() -> None:
    assert split_repository_name("acme/web.site_2-x") == ("acme", "web.site_2-x")


@pytest.mark.parametrize(
    "name",
    ["", "acme", "acme/", "/web", "acme/web/x", "acme/..", "./web", "ac me/web", "acme/wéb", "acme/web\n"],
)
def test_an_invalid_repository_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        split_repository_name(name)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("", None),
        ('<https://x/2>; rel="next", <https://x/9>; rel="last"', "https://x/2"),
        ('<https://x/1>; rel="prev", <https://x/3?a=1,2;b>; rel="next"', "https://x/3?a=1,2;b"),
        ("<https://x/2>; rel=next", "https://x/2"),
        ('<https://x/2>; title="a"; REL = "last NEXT"', "https://x/2"),
        ('<https://x/2>; rel="nextish"', None),
        ("garbage", None),
    ],
)
def test_the_next_page_is_read_from_the_link_header(header: str | None, found: str | None) -> None:
    assert parse_next_link(header) == found


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ("https://api.github.com", None),
        ("https://api.octocorp.ghe.com", None),
        ("https://ghe.example/api/v3", None),
        ("https://ghe.example", "that of an Enterprise Server ends in /api/v3"),
        ("https://mygithub.com", "that of an Enterprise Server ends in /api/v3"),
        ("https://github.com", "it is https://api.github.com"),
        ("https://www.github.com/", "it is https://api.github.com"),
        ("https://octocorp.ghe.com", "it is https://api.octocorp.ghe.com"),
    ],
)
def test_an_address_of_web_pages_has_the_advice_which_one_the_api_has(api: str, expected: str | None) -> None:
    advice = Origin.parse(api).wrong_api_url_advice
    assert advice == (expected and f"github.api_url is not the address of an API: {expected}")
