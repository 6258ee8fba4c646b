"""The same on PostgreSQL, where passes are jobs of a queue: one short journey."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.chromium import window
from tests.browser.town import open_town
from tests.support.postgres import Server
from tests.support.stores import fill_postgres


def test_a_report_is_followed_and_exported(
    chromium: Browser, postgres_server: Server, tmp_path: Path
) -> None:
    template = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=template) as url, open_town(url, tmp_path) as town:
        pair = town.pair("On a server")
        report = town.place.bugspark.add_report(town.place.project, "Exported from a page")
        with window(chromium, town.base) as operator:
            town.enter(operator)
            page = operator.go(pair.path)
            operator.stay()
            pair.repository.close(pair.number, by="alice")
            expect(page.locator("#fields")).to_contain_text("resolved")
            assert operator.stayed
            page = operator.go(f"/reports/{report}")
            page.get_by_role("button", name="Export to GitHub").click()
            expect(page.locator("#badge")).to_contain_text("acme/web#")
            page = operator.go(town.shop)
            expect(page.locator("#found tbody tr")).to_have_count(2)
