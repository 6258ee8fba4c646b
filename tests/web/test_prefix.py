"""Behind a path of another host's name: a crawl of every page, link, form, cookie and redirect."""

from urllib.parse import urljoin, urlsplit

import pytest

from tests.web.browsing import HTML, Page
from tests.web.harness import WebHarness, open_web, sign_in_operator
from tests.web.users import PASSWORD, by_password

PUBLIC, PREFIX = "https://bugs.example.com", "/sync"


def assert_below_prefix(address: str) -> None:
    """A link, form or redirect: on the public origin, below the prefix, and without a host of its own."""
    found = urlsplit(address)
    assert (found.scheme, found.netloc) == ("", ""), address
    assert found.path == PREFIX or found.path.startswith(f"{PREFIX}/"), address


async def crawl(harness: WebHarness, start: str, *, cut: bool) -> set[str]:
    """Open every page that is linked, as a browser does through a proxy; return their paths."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        asked = (path.removeprefix(PREFIX) or "/") if cut else path
        answer = await harness.client.get(asked, headers=HTML)
        if "location" in answer.headers:
            assert_below_prefix(answer.headers["location"])
            waiting.append(answer.headers["location"].partition("#")[0])
            continue
        assert answer.status_code == 200, path
        if "html" not in answer.headers["content-type"]:
            continue
        page = Page(answer.text)
        for form in page.forms:
            assert_below_prefix(urljoin(path, form.action))
        for href, _ in page.links:
            if urlsplit(href).netloc in ("", "bugs.example.com"):
                target = urljoin(path, href)
                assert_below_prefix(target)
                waiting.append(target.partition("#")[0])
    return seen


@pytest.mark.parametrize("cut", [True, False], ids=["prefix removed", "prefix kept"])
async def test_no_link_form_or_redirect_leaves_the_prefix(migrated: str, cut: bool) -> None:
    config = by_password()
    config["web"] |= {"public_url": f"{PUBLIC}{PREFIX}", "hosts": ["sync.internal"]}
    async with open_web(migrated, **config) as harness:
        report = harness.bugspark.add_report(harness.project)
        harness.client.headers["Host"] = "sync.internal"
        assert await crawl(harness, f"{PREFIX}/", cut=cut) == {
            f"{PREFIX}/",
            f"{PREFIX}/sign-in?next=/",
            f"{PREFIX}/openapi.json",
        }
        sign_in_operator(harness.client, harness.app)
        seen = await crawl(harness, PREFIX, cut=cut)
        project = f"{PREFIX}/projects/{harness.project}"
        assert {PREFIX, project, f"{project}/setup"} <= seen
        await crawl(harness, f"{PREFIX}/reports/{report}", cut=cut)


async def test_the_prefix_with_and_without_a_slash_is_the_same_page_and_no_redirect(migrated: str) -> None:
    config = by_password()
    config["web"]["public_url"] = f"{PUBLIC}{PREFIX}"
    async with open_web(migrated, **config) as harness:
        harness.client.headers["Host"] = "bugs.example.com"
        sign_in_operator(harness.client, harness.app)
        for path in (PREFIX, f"{PREFIX}/"):
            assert (await harness.client.get(path, headers=HTML)).status_code == 200
        slashed = await harness.client.get(f"{PREFIX}/projects/{harness.project}/", headers=HTML)
        assert (slashed.status_code, "location" in slashed.headers) == (404, False)


async def test_the_session_cookie_is_only_for_the_prefix_and_signs_in_through_the_proxy(
    migrated: str,
) -> None:
    config = by_password()
    config["web"]["public_url"] = f"{PUBLIC}{PREFIX}"
    async with open_web(migrated, **config) as harness:
        headers = {"Host": "bugs.example.com", "Origin": PUBLIC}
        answer = await harness.client.post(
            f"{PREFIX}/sign-in", data={"password": PASSWORD, "next": "/"}, headers=headers | HTML
        )
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Secure-reconciler=")
        assert f"Path={PREFIX};" in cookie and "Secure" in cookie and "HttpOnly" in cookie
        value = cookie.partition(";")[0]
        seen = await harness.client.get(f"{PREFIX}/", headers=HTML | headers | {"Cookie": value})
        assert seen.status_code == 200


async def test_openapi_and_every_address_in_the_api_honour_the_prefix(migrated: str) -> None:
    config = by_password()
    config["web"]["public_url"] = f"{PUBLIC}{PREFIX}"
    async with open_web(migrated, **config) as harness:
        harness.client.headers["Host"] = "bugs.example.com"
        sign_in_operator(harness.client, harness.app)
        report = harness.bugspark.add_report(harness.project)
        described = (await harness.client.get(f"{PREFIX}/openapi.json")).json()
        assert [each["url"] for each in described["servers"]] == [PREFIX]
        one = (await harness.client.get(f"{PREFIX}/api/v1/reports/{report}")).json()
        assert one["page"] == f"{PUBLIC}{PREFIX}/reports/{report}"
        project = (await harness.client.get(f"{PREFIX}/api/v1/projects/{harness.project}")).json()
        assert project["setup_page"] == f"{PUBLIC}{PREFIX}/projects/{harness.project}/setup"
        assert project["webhook"]["url"] == f"{PUBLIC}{PREFIX}/api/v1/webhooks/github/{harness.project}"
