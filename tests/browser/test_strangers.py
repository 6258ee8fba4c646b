"""Other people's projects are not there; what strangers write runs nowhere."""

from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.browser.chromium import window
from tests.browser.town import Town
from tests.support.daemon import eventually

BIDI = "\u202egnp.exe\u2066"
HOSTILE = (
    f"<img src=x onerror=alert(1)> {BIDI} \"'><script>alert(2)</script><svg/onload=alert(3)>"
    " <a href=javascript:alert(4)>x</a> </textarea><iframe srcdoc=x>"
)


def test_a_user_sees_their_own_project_and_nothing_of_another(chromium: Browser, town: Town) -> None:
    pair = town.pair("Not for everybody")
    bugspark = town.place.bugspark
    user = bugspark.add_user("Grace")
    with window(chromium, town.base) as hers:
        town.enter_as(hers, user)
        page = hers.go("/")
        expect(page.get_by_text("Grace", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="No project yet")).to_be_visible()
        hers.stay()
        project = bugspark.add_project("Grace’s own", owner=user)
        bugspark.add_integration(project, repo="web", token=town.place.github.token)
        expect(page.get_by_role("link", name="Grace’s own", exact=True)).to_be_visible()
        assert hers.stayed
        expect(page.get_by_role("link", name="Shop", exact=True)).to_have_count(0)
        hers.go(f"/projects/{project}")
        page = hers.go(f"/projects/{project}/setup")
        token = page.locator("input[name=form_token]").first.get_attribute("value") or ""
        for path in (town.shop, f"{town.shop}/setup", pair.path, f"/projects/{uuid4()}"):
            page = hers.go(path, status=404)
            assert "Shop" not in page.content() and "Not for everybody" not in page.content()
        deeds = [f"{town.shop}/{what}" for what in ("sync", "pause", "verify", "accept", "resolve", "retry")]
        deeds += [f"{town.shop}/setup{what}" for what in ("", "/create", "/rotate", "/test")]
        deeds += [f"{pair.path}/{what}" for what in ("link", "unlink", "export", "retry", "resolve")]
        asked = {
            path: hers.context.request.post(
                f"{town.base}{path}", form={"form_token": token}, headers={"Origin": town.base}
            ).status
            for path in deeds
        }
        assert set(asked.values()) == {404}, asked
        for path in (f"/api/v1{town.shop}", f"/api/v1{pair.path}"):
            assert hers.context.request.get(f"{town.base}{path}").status == 404
        listed = hers.context.request.get(f"{town.base}/api/v1/projects").text()
        assert str(project) in listed and str(town.place.project) not in listed


def test_hostile_text_is_shown_and_does_nothing(chromium: Browser, town: Town) -> None:
    """The window fails on anything that runs, that is asked for, or that the content policy had to stop."""
    bugspark, github = town.place.bugspark, town.place.github
    pair = town.pair("Soon hostile")
    github.world.rename_user("bob", "bob-onerror")
    pair.repository.retitle(pair.number, HOSTILE, by="alice")
    pair.repository.label(pair.number, "<b onmouseover=alert(5)>", "critical", by="alice")
    pair.repository.comment(pair.number, f"see {HOSTILE} ![x](http://127.0.0.1:1/x.png)", by="bob-onerror")
    bugspark.set_report(pair.report, title=HOSTILE, description=HOSTILE)
    rogue = bugspark.add_user(HOSTILE[:200])
    bugspark.add_comment(pair.report, HOSTILE, author=rogue)
    eventually(lambda: len(bugspark.comments(pair.report)) == 2)
    with window(chromium, town.base) as opened:
        asked: list[str] = []
        opened.page.on("request", lambda request: asked.append(request.url))
        town.enter(opened)
        for path in (
            "/",
            town.shop,
            f"{town.shop}/setup",
            pair.path,
            f"{town.shop}?q=%3Cscript%3Ealert(6)%3C/script%3E",
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
        assert all(url.startswith(town.base) for url in asked), asked
