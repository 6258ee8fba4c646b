"""`make pictures`: screenshots of a day of sample data, light and dark, wide and narrow, for README and docs.

Everything runs on one clock that is moved by hand, so the same day comes out at every run.
"""

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
from cryptography.fernet import Fernet
from playwright.async_api import Browser, ViewportSize, async_playwright

from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.faults import error
from reconciler.demo.github.server import serve
from reconciler.demo.github.world import Repository
from reconciler.demo.sample_data import CHECKOUT, MOBILE, MONA, SHOP, Company
from reconciler.model.fields import Category, Severity
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.secret import Secret
from reconciler.model.viewer import Viewer
from reconciler.store.schema.migrate import migrate
from reconciler.web.server import bind_sockets, serve_app
from tests.browser.chromium import FLAGS, NARROW, WIDE
from tests.browser.small_png import smaller
from tests.setup.chromium import find
from tests.support.github import make_github
from tests.support.sync import Sync, open_sync
from tests.web.harness import build_web, issue_event, sign
from tests.web.users import JWT_SECRET, by_password, token

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PUBLIC = "https://sync.example.com"
KEY = Fernet.generate_key().decode()
HOURS, QUARTER = 22, 900.0
LABEL = {"critical": "critical", "high": "high-priority", "medium": "medium-priority", "low": "low-priority"}
OWN_SETTINGS: dict[str, Any] = {
    "severity": {
        "critical": ["sev1"],
        "high": ["sev2", "high-priority"],
        "medium": ["sev3"],
        "low": ["sev4"],
    },
    "stage": {"in_progress": ["in progress"]},
    "private_prefix": "#internal",
}
LOCAL_TEXTS = (
    "Two customers wrote in about it.",
    "It happens on old telephones only.",
    "Still there in 4.2.",
)
REMOTE_TEXTS = ("I can reproduce this.", "Fixed on main, please try again.", "Which browser is it?")
PAGE_TIMEOUT_MS = 180_000
"""Milliseconds for a page: the machine may be busy."""
MAX_HEIGHT = 1500
"""Pixels of a picture: what is below is more of the same."""
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
LABEL_COLOURS = {
    "bug": "d73a4a",
    "crash": "5319e7",
    "performance": "1d76db",
    "ui": "c5def5",
    "critical": "b60205",
    "high-priority": "d93f0b",
    "medium-priority": "fbca04",
    "low-priority": "0e8a16",
}
"""The colours of the labels in the pictures."""


@dataclass(slots=True, kw_only=True)
class Day:
    """The events in their order; random choices are the same at every run."""

    sync: Sync
    rng: random.Random
    projects: dict[str, ProjectId]
    reports: dict[str, list[ReportId]]
    repositories: dict[str, Repository]

    async def run_all(self, seconds: float = 5) -> None:
        """One pass over each project."""
        for project in self.projects.values():
            await self.sync.run(project, seconds=seconds)

    async def simulate_hours(self) -> None:
        """Simulate hours of work by users on both sides."""
        for hour in range(HOURS):
            for _ in range(self.rng.choice((1, 2, 2, 4)) if 3 < hour < 20 else 1):
                self._act(self.rng.choice((SHOP, SHOP, CHECKOUT, MOBILE)))
            await self.run_all(self.rng.uniform(5, 40))
            self.sync.github.clock.advance(QUARTER)
            await self.run_all(3)
            self.sync.github.clock.advance(3 * QUARTER - 300)

    def _act(self, company: Company) -> None:
        report = self.rng.choice(self.reports[company.name][5:])
        number, there = self.number(report), self.repositories[company.name]
        match self.rng.randrange(5):
            case 0:
                self.add_comment(report, self.rng.choice(LOCAL_TEXTS))
            case 1:
                there.comment(number, self.rng.choice(REMOTE_TEXTS), by=MONA)
            case 2:
                severity = self.rng.choice(list(LABEL))
                self.sync.change(report, severity=severity)
            case 3:
                there.relabel(number, ["bug", self.rng.choice(list(LABEL.values()))], by=MONA)
            case _:
                there.close(number, by=MONA, reason="completed")

    def add_comment(self, report: ReportId, body: str) -> UUID:
        return self.sync.add_comment(report, body)

    def number(self, report: ReportId) -> int:
        return self.sync.number(report)

    async def add_problems(self) -> None:
        """Leave one project fine, one with a conflict, one with withheld deletions."""
        await self._conflict()
        await self._locked()
        await self._deletions()
        self.sync.github.clock.advance(70)
        await self.set_labels()
        await self.sync.run(self.projects[SHOP.name])
        self.sync.github.clock.advance(20)

    async def set_labels(self) -> None:
        """The owner of the shop has labels of its own, and a word for private comments."""
        owner = Viewer(user_id=self.sync.ada, name="Ada", sees_all_projects=False)
        for version, settings in enumerate(({"private_prefix": "#internal"}, OWN_SETTINGS)):
            text = json.dumps(settings).encode()
            project = self.projects[SHOP.name]
            await self.sync.app.settings.save_settings(project, text, owner, expected=version)

    async def _conflict(self) -> None:
        report, there = self.reports[CHECKOUT.name][0], self.repositories[CHECKOUT.name]
        number = self.number(report)
        self.add_comment(report, "Two customers were refunded already.")
        there.comment(number, "It is the retry of the payment provider. On it.", by=MONA)
        await self.run_all()
        there.relabel(number, ["bug", "crash", "high-priority"], by=MONA)
        self.sync.github.clock.advance(95)
        self.sync.change(report, severity="low", status="in_progress")
        await self.run_all()

    async def _locked(self) -> None:
        report, there = self.reports[MOBILE.name][1], self.repositories[MOBILE.name]
        there.comment(self.number(report), "Only when the list is long?", by=MONA)
        await self.run_all()
        there.lock(self.number(report), by=MONA)
        self.add_comment(report, "No, with three rows, too.")
        await self.run_all()

    async def _deletions(self) -> None:
        report = self.reports[MOBILE.name][0]
        comments = [self.add_comment(report, text) for text in (*LOCAL_TEXTS, "And on tablets.")]
        await self.run_all()
        await self.run_all()
        for each in comments:
            self.sync.bugspark.execute("DELETE FROM comments WHERE id = :id", id=each.hex)
        await self.run_all()


@asynccontextmanager
async def open_sample_day(url: str) -> AsyncIterator[Day]:
    """Three projects of the demo's sample data, exported."""
    github = make_github(clock=ManualClock(step=0.01))
    for login in (MONA, "shop-bot"):
        github.world.add_user(login)
    async with (
        serve(github.simulator),
        open_sync(
            url,
            github,
            web={"public_url": PUBLIC, **by_password()["web"]},
            guard={"max_deletions": 3},
            bugspark={"jwt_secret": JWT_SECRET, "encryption_key": Secret(KEY)},
        ) as sync,
    ):
        day = Day(sync=sync, rng=random.Random(7), projects={}, reports={}, repositories={})
        for company in (SHOP, CHECKOUT, MOBILE):
            _create_project(day, company)
        for company in (SHOP, CHECKOUT, MOBILE):
            chosen = day.reports[company.name][: company.exported]
            await sync.app.export(tuple(map(str, chosen)), NullProgress())
            day.reports[company.name] = chosen
        await day.run_all()
        yield day


def _create_project(day: Day, company: Company) -> None:
    sync, name = day.sync, company.name.lower()
    there = sync.github.web if company is SHOP else sync.github.world.add_repository(f"acme/{name}")
    if company is SHOP:
        there.rename("shop")
    there.allow(MONA, "write")
    there.allow("bugspark-bot", "admin")
    if company is SHOP:
        project = sync.project
        sync.bugspark.execute("DELETE FROM integrations")
    else:
        project = sync.bugspark.add_project(company.name)
    for label, colour in LABEL_COLOURS.items():
        there.paint_label(label, colour, by=MONA)
    sealed = Fernet(KEY).encrypt(sync.github.token.encode()).decode()
    sync.bugspark.add_integration(project, repo=name, token=sealed)
    day.projects[company.name], day.repositories[company.name] = project, there
    began = sync.github.clock.now() - timedelta(days=12)
    day.reports[company.name] = [
        sync.bugspark.add_report(
            project,
            unescape(part.title),
            severity=Severity(part.severity),
            category=Category(part.category),
            description=part.description,
            tracking_id=f"BUG-{place:04}",
            at=began + timedelta(hours=7 * place),
        )
        for place, part in enumerate((each for each in company.parts if "onerror" not in each.title), 1)
    ]


async def main() -> int:
    """Write the pictures; 0."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reconciler-pictures-") as home:
        url = f"sqlite:///{Path(home) / 'bugspark.db'}"
        await asyncio.to_thread(migrate, url)
        async with open_sample_day(url) as day:
            await day.simulate_hours()
            await day.add_problems()
            await _photograph(day)
    return 0


async def _photograph(day: Day) -> None:
    sync, sockets = day.sync, bind_sockets("127.0.0.1", 0)
    app = await build_web(sync.app._container, sockets)
    viewer = sync.bugspark.add_user("Ada Moreno", role="superadmin")
    headers = {"Authorization": f"Bearer {token(viewer, sync.clock.now())}"}
    async with serve_app(app, sockets) as running, async_playwright() as playwright:
        base = f"http://127.0.0.1:{running.port}"
        await _deliver(day, base)
        browser = await playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        try:
            await _photograph_everywhere(browser, base, _pages(day), headers)
            sync.github.simulator.faults.add(error(503), times=None)
            for _ in range(2):
                sync.github.clock.advance(60)
                await day.run_all()
            await _photograph_everywhere(browser, base, _error_pages(day), headers)
        finally:
            await browser.close()


def _pages(day: Day) -> dict[str, tuple[str, bool]]:
    """File name → path, and whether a user is signed in."""
    checkout = f"/projects/{day.projects[CHECKOUT.name]}"
    return {
        "overview": ("/", True),
        "project": (checkout, True),
        "deletions": (f"/projects/{day.projects[MOBILE.name]}/withheld", True),
        "setup": (f"/projects/{day.projects[SHOP.name]}/setup", True),
        "settings": (f"/projects/{day.projects[SHOP.name]}/settings", True),
        "report": (f"/reports/{day.reports[CHECKOUT.name][0]}", True),
        "refused": (f"/reports/{day.reports[MOBILE.name][1]}", True),
        "sign-in": ("/sign-in", False),
    }


def _error_pages(day: Day) -> dict[str, tuple[str, bool]]:
    """The same of what goes wrong: GitHub is unreachable by then."""
    return {
        "github-unreachable": (f"/projects/{day.projects[SHOP.name]}", True),
        "not-found": (f"/reports/{UUID(int=404)}", True),
    }


async def _photograph_everywhere(
    browser: Browser, base: str, pages: dict[str, tuple[str, bool]], headers: dict[str, str]
) -> None:
    for theme in THEMES:
        for width, size in (("wide", WIDE), ("narrow", NARROW)):
            await _photograph_pages(browser, base, pages, theme, width, size, headers)


async def _photograph_pages(
    browser: Browser,
    base: str,
    pages: dict[str, tuple[str, bool]],
    theme: Theme,
    width: str,
    size: tuple[int, int],
    headers: dict[str, str],
) -> None:
    for name, (path, known) in pages.items():
        viewport = ViewportSize(width=size[0], height=size[1])
        page = await browser.new_page(
            viewport=viewport, color_scheme=theme, extra_http_headers=headers if known else {}
        )
        await page.goto(base + path, timeout=PAGE_TIMEOUT_MS)
        picture_height = min(MAX_HEIGHT, await page.evaluate("document.documentElement.scrollHeight"))
        file = FOLDER / f"{name}-{width}-{theme}.png"
        taken = await page.screenshot(
            clip={"x": 0, "y": 0, "width": size[0], "height": picture_height}, full_page=True
        )
        await page.goto("about:blank")
        file.write_bytes(await smaller(page, taken))
        print(f"{file.name} {file.stat().st_size / 1024:.0f} KiB", file=sys.stderr)
        await page.close()


async def _deliver(day: Day, base: str) -> None:
    """GitHub's side of the shop's hook."""
    sync, project = day.sync, day.projects[SHOP.name]
    secret = (await sync.app.show_webhook_setup(await sync.app.find_project(str(project)))).secret.reveal()
    number = day.number(day.reports[SHOP.name][2])
    async with httpx.AsyncClient(base_url=base, timeout=10) as client:
        for place, (event, body) in enumerate(_events(number)):
            sync.github.clock.advance(8)
            answer = await client.post(
                f"/api/v1/webhooks/github/{project}",
                content=body,
                headers={
                    "Content-Type": "application/json",
                    "X-GitHub-Event": event,
                    "X-GitHub-Delivery": str(UUID(int=day.rng.getrandbits(128), version=4)),
                    "X-Hub-Signature-256": sign(body, secret),
                },
            )
            assert answer.status_code == 202, (place, answer.text)
            if event == "issues":
                await sync.run(project, seconds=1)
    sync.github.clock.advance(12)


def _events(number: int) -> tuple[tuple[str, bytes], ...]:
    made: dict[str, Any] = {"action": "created", "issue": {"number": number}}
    return (
        ("ping", json.dumps({"zen": "Keep it logically awesome."}).encode()),
        ("issues", issue_event(number, "closed")),
        ("issue_comment", json.dumps(made).encode()),
        ("issues", issue_event(number, "reopened")),
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
