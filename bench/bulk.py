"""Passes with much work: thousands of changes from GitHub, a thousand comments to GitHub."""

from typing import Any

from bench.home import Home
from bench.processes import BrokenError, Measured
from bench.results import Bulk
from bench.rows import insert_comments, insert_links

CHANGE_INTERVAL_SECONDS = 0.36
"""Seconds between two changes: 10,000 in an hour, as after this service was down."""

COMMENT_TEXT = (
    "We see the same since Tuesday's release, with and without extensions. Report {n} has a recording."
)
LOOKING_UP = ("ledger.snapshot", "ledger.threads", "ledger.known", "ledger.withheld", "intents.open")
SENDING = ("github.create_comment",)


def measure_incoming(home: Home, changes: int, *, burst: bool = False) -> Bulk:
    """Measure a pass after `changes` issues got another severity label and a comment.

    `burst`: all changes within one second.
    """
    insert_links(home, changes)
    home.vacuum()
    home.program.passes(1)
    spread = 0.0 if burst else CHANGE_INTERVAL_SECONDS
    # As if the last pass had been before the first change.
    _set_back_anchor(home, spread * changes + 600)
    home.repository.grow(changes, ["bug", "critical"], comments=1, spread=spread, age=10)
    measured, [figures] = home.program.passes(1)
    _require_counts(figures, reports_updated=changes, comments_imported=changes)
    kind = "incoming, in one second" if burst else "incoming, over an hour"
    return _bulk(home, kind, 2 * changes, measured, figures)


def measure_outgoing(home: Home, comments: int) -> Bulk:
    """Measure a pass that posts `comments` new comments of BugSpark, one per report."""
    home.repository.grow(comments, ["bug", "medium-priority"], comments=0, spread=1, age=3_600)
    links = insert_links(home, comments)
    home.vacuum()
    home.program.passes(1)
    insert_comments(home, links, COMMENT_TEXT)
    measured, [figures] = home.program.passes(1)
    _require_counts(figures, comments_posted=comments)
    return _bulk(home, "outgoing comments", comments, measured, figures)


def _set_back_anchor(home: Home, seconds: float) -> None:
    new_anchor = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f', anchor, '-{seconds:.0f} seconds') || '000'",
        "postgresql": f"anchor - interval '{seconds:.0f} seconds'",
    }[home.engine.dialect.name]
    home.bugspark.execute(f"UPDATE sync_lists SET etag = NULL, etag_credential = NULL, anchor = {new_anchor}")


def _require_counts(figures: dict[str, Any], **applied: int) -> None:
    counts = {name: figures["result"]["applied"][name] for name in applied}
    if counts != applied or figures["result"]["outcome"] != "ok":
        raise BrokenError(f"expected {applied}, got {counts}: {figures['result']}")


def _bulk(home: Home, kind: str, objects: int, measured: Measured, figures: dict[str, Any]) -> Bulk:
    spent: dict[str, float] = figures["spent"]
    sending = sum(spent.get(name, 0.0) for name in SENDING)
    looking_up = sum(spent.get(name, 0.0) for name in LOOKING_UP)
    github = sum(seconds for name, seconds in spent.items() if name.startswith("github."))
    return Bulk(
        database=home.engine.dialect.name,
        kind=kind,
        objects=objects,
        requests=figures["result"]["github"]["requests"],
        wall=figures["wall"],
        cpu=figures["cpu"],
        peak_mib=measured.peak_mib,
        per_second=objects / figures["wall"],
        reading=github - sending,
        sending=sending,
        looking_up=looking_up,
        storing=sum(spent.values()) - github - looking_up,
        deciding=figures["wall"] - sum(spent.values()),
        spent=spent,
    )
