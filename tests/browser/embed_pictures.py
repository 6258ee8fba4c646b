"""`make pictures`, second part: the embedded elements in pages that look like BugSpark's dashboard.

It also writes the module's present name and integrity value into docs/embed.md.
"""

import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser

from reconciler.web.embed.files import read_embed_files
from tests.browser.chromium import NARROW, running_chromium
from tests.browser.embed_answers import (
    PROJECT,
    element,
    project,
    report,
    report_id,
    webhook,
    whole_report,
)
from tests.browser.embed_document import DOCUMENT, with_module
from tests.browser.embed_stub import HTML, SYNC, open_embed_stub
from tests.browser.small_png import READ, encode_picture

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
NOW = "2026-01-05T09:42:00Z"
WIDTH, TALLEST = 1120, 1300
STYLE = """
* { box-sizing: border-box; }
:root { --ground: #f8fafc; --card: #ffffff; --line: #e2e8f0; --text: #0f172a; --dim: #64748b; }
.dark { --ground: #0b1120; --card: #111a2e; --line: #24304a; --text: #e2e8f0; --dim: #94a3b8; }
body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
.app { display: grid; grid-template-columns: 190px minmax(0, 1fr); min-height: 100vh; }
.app > nav { padding: 20px 16px; border-right: 1px solid var(--line); color: var(--dim); line-height: 2.4; }
.app > nav strong { display: block; color: var(--text); font-size: 16px; }
main { padding: 24px; display: grid; gap: 20px; align-content: start; }
h1 { font-size: 20px; margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 420px; gap: 20px; align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; }
.card h2 { font-size: 13px; margin: 0 0 12px; color: var(--dim); }
.shot { height: 220px; border-radius: 8px; background: linear-gradient(135deg, #6366f1, #0ea5e9); }
.chip { border-radius: 999px; padding: 2px 10px; border: 1px solid var(--line); color: var(--dim); }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: 10px 12px; border-bottom: 1px solid var(--line); font-weight: 400; }
th, .export { color: var(--dim); }
.export { padding: 6px 14px; border-radius: 8px; border: 1px solid var(--line); background: none; }
@media (max-width: 700px) {
  .app, .columns { grid-template-columns: minmax(0, 1fr); }
  .app > nav { display: none; }
  main { padding: 16px; }
}
"""
PAGE = """<!doctype html><html lang="en" class="{theme}"><head><meta charset="utf-8"><title>BugSpark</title>
<meta name="viewport" content="width=device-width"><style>{style}</style>
<script type="module" src="{sync}/embed/bugspark-sync.js"></script></head><body><div class="app">
<nav aria-label="Main"><strong>BugSpark</strong>Dashboard<br>Bugs<br>Projects<br>Team<br>Settings</nav>
<main>{main}</main></div></body></html>"""
TITLES = (
    "Checkout button does nothing on the second click",
    "Search results flicker while typing",
    "Profile picture is upside down after upload",
    "Crash when the basket is emptied offline",
    "Date picker opens behind the dialog",
)


def bug_page() -> str:
    return f"""<header><h1>BUG-0007 {TITLES[0]}</h1>{element("badge", report_id(7), "linked-note")}
<button class="export" disabled>Export to GitHub</button></header>
<div class="columns"><div class="card"><h2>Screenshot</h2><div class="shot"></div>
<p>After a first failed payment the button stays grey, and nothing is in the console.</p></div>
<div class="card"><h2>GitHub</h2>{element("report", report_id(7))}</div></div>"""


def bug_table() -> str:
    rows = "".join(
        f"<tr><td>BUG-{number:04}</td><td>{title}</td><td><span class='chip'>medium</span></td>"
        f"<td>{element('badge', report_id(number))}</td></tr>"
        for number, title in enumerate(TITLES, 7)
    )
    heads = "".join(f"<th>{head}</th>" for head in ("Id", "Title", "Severity", "GitHub"))
    return f"<header><h1>Bugs</h1></header><div class='card'><table><tr>{heads}</tr>{rows}</table></div>"


def settings_page() -> str:
    return f"""<header><h1>Settings · Integrations</h1></header>
<div class="card"><h2>GitHub</h2>{element("project", PROJECT)}</div>"""


PAGES = {"bug": bug_page, "bugs": bug_table, "settings": settings_page}


def photograph(browser: Browser, name: str, theme: str, width: int) -> bytes:
    """Return a picture of one of the pages, as the elements show it seconds after it was opened."""
    with open_embed_stub(browser, size=(width, NARROW[1])) as stub:
        stub.policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {SYNC}; connect-src {SYNC}"
        states = {7: "conflict", 8: "pending", 9: "synced", 10: "unlinked", 11: "attention"}
        stub.reports = {report_id(number): report(number, state) for number, state in states.items()}
        stub.reports[report_id(7)] = whole_report(7)
        stub.answers[f"/api/v1/projects/{PROJECT}"] = (200, project("Synced", problems=[]))
        stub.answers[f"/api/v1/projects/{PROJECT}"][1]["health"] |= {"reason": "17 s ago", "withheld": 0}
        stub.answers[f"/api/v1/projects/{PROJECT}/webhook"] = (200, webhook(previous_secret_until=None))
        document = PAGE.format(theme=theme, style=STYLE, sync=SYNC, main=PAGES[name]())
        stub.pages["/bugs"] = (HTML, document)
        page = stub.page
        page.clock.set_system_time(NOW)
        page.goto("https://app.bugspark.test/bugs")
        page.clock.run_for(1000)
        page.wait_for_timeout(500)
        tall = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        return page.screenshot(clip={"x": 0, "y": 0, "width": width, "height": tall}, full_page=True)


def main() -> int:
    """Renew pictures and document."""
    pictures: Mapping[str, tuple[str, str, int]] = {
        **{
            f"embed-{name}-{theme or 'light'}": (name, theme, WIDTH)
            for name in PAGES
            for theme in ("", "dark")
        },
        "embed-bug-narrow-dark": ("bug", "dark", NARROW[0]),
    }
    with running_chromium() as browser:
        for file, (name, theme, width) in pictures.items():
            taken = photograph(browser, name, theme, width)
            blank = browser.new_page()
            read = blank.evaluate(READ, b64encode(taken).decode())
            blank.close()
            (FOLDER / f"{file}.png").write_bytes(encode_picture(*read))
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(with_module(text, read_embed_files()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
