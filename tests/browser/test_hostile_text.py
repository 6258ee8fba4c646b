"""Other users' projects are hidden; untrusted text runs nowhere."""

from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.browser.browser_scenario import BrowserScenario
from tests.browser.chromium import window
from tests.support.daemon import eventually

BIDI = "\u202egnp.exe\u2066"
HOSTILE = (
    f"<img src=x onerror=alert(1)> {BIDI} \"'><script>alert(2)</script><svg/onload=alert(3)>"
    " <a href=javascript:alert(4)>x</a> </textarea><iframe srcdoc=x>"
)


def test_a_user_sees_their_own_project_and_nothing_of_another(
    chromium: Browser, scenario: BrowserScenario
) -> None:
    pair = scenario.pair("Not for everybody")
    bugspark = scenario.installation.bugspark
    user = bugspark.add_user("Grace")
    with window(chromium, scenario.base) as member_page:
        scenario.sign_in_as(member_page, user)
        page = member_page.go("/")
        expect(page.get_by_text("Grace", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="No project yet")).to_be_visible()
        member_page.forbid_reload()
        project = bugspark.add_project("Grace’s own", owner=user)
        bugspark.add_integration(project, repo="web", token=scenario.installation.github.token)
        expect(page.get_by_role("link", name="Grace’s own", exact=True)).to_be_visible()
        assert member_page.was_not_reloaded
        expect(page.get_by_role("link", name="Shop", exact=True)).to_have_count(0)
        member_page.go(f"/projects/{project}")
        page = member_page.go(f"/projects/{project}/setup")
        token = page.locator("input[name=form_token]").first.get_attribute("value") or ""
        for path in (
            scenario.project_path,
            f"{scenario.project_path}/setup",
            pair.path,
            f"/projects/{uuid4()}",
        ):
            page = member_page.go(path, status=404)
            assert "Shop" not in page.content() and "Not for everybody" not in page.content()
        paths = [
            f"{scenario.project_path}/{what}"
            for what in ("sync", "pause", "verify", "accept", "resolve", "retry")
        ]
        paths += [f"{scenario.project_path}/setup{what}" for what in ("", "/create", "/rotate", "/test")]
        paths += [f"{pair.path}/{what}" for what in ("link", "unlink", "export", "retry", "resolve")]
        asked = {
            path: member_page.context.request.post(
                f"{scenario.base}{path}", form={"form_token": token}, headers={"Origin": scenario.base}
            ).status
            for path in paths
        }
        assert set(asked.values()) == {404}, asked
        for path in (f"/api/v1{scenario.project_path}", f"/api/v1{pair.path}"):
            assert member_page.context.request.get(f"{scenario.base}{path}").status == 404
        listed = member_page.context.request.get(f"{scenario.base}/api/v1/projects").text()
        assert str(project) in listed and str(scenario.installation.project) not in listed


def test_hostile_text_is_shown_and_does_nothing(chromium: Browser, scenario: BrowserScenario) -> None:
    """The window fails on anything that runs, that is asked for, or that the content policy had to stop."""
    bugspark, github = scenario.installation.bugspark, scenario.installation.github
    pair = scenario.pair("Soon hostile")
    github.world.rename_user("bob", "bob-onerror")
    pair.repository.retitle(pair.number, HOSTILE, by="alice")
    pair.repository.label(pair.number, "<b onmouseover=alert(5)>", "critical", by="alice")
    pair.repository.comment(pair.number, f"see {HOSTILE} ![x](http://127.0.0.1:1/x.png)", by="bob-onerror")
    bugspark.set_report(pair.report, title=HOSTILE, description=HOSTILE)
    rogue = bugspark.add_user(HOSTILE[:200])
    bugspark.add_comment(pair.report, HOSTILE, author=rogue)
    eventually(lambda: len(bugspark.comments(pair.report)) == 2)
    with window(chromium, scenario.base) as opened:
        asked: list[str] = []
        opened.page.on("request", lambda request: asked.append(request.url))
        scenario.sign_in(opened)
        for path in (
            "/",
            scenario.project_path,
            f"{scenario.project_path}/setup",
            pair.path,
            f"{scenario.project_path}?q=%3Cscript%3Ealert(6)%3C/script%3E",
        ):
            page = opened.go(path)
            assert page.locator("img, iframe, svg[onload], a[href^=javascript]").count() == 0
            assert "\u202e" not in page.inner_text("body")
        page = opened.go(pair.path)
        expect(page.locator("h1")).to_contain_text("<img src=x onerror=alert(1)>")
        expect(page.locator("h1")).to_contain_text("\\u202e")
        expect(page.locator("#thread")).to_contain_text("<script>alert(2)</script>")
        for each in page.locator("summary").all():
            each.click()
        assert all(url.startswith(scenario.base) for url in asked), asked
