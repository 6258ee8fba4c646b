"""Passes with much to do: thousands of changes from GitHub, a thousand comments to it."""

from typing import Any

from bench.home import Home
from bench.processes import BrokenError, Measured
from bench.results import Bulk
from bench.rows import insert_comments, insert_links

SPREAD = 0.36
"""Seconds between two changes: 10,000 in an hour, as after an outage of ours."""

SAID = "We see the same since Tuesday's release, with and without extensions. Report {n} has a recording."
LOOKING_UP = ("ledger.snapshot", "ledger.threads", "ledger.known", "ledger.withheld", "intents.open")
SENDING = ("github.create_comment",)


def measure_incoming(home: Home, changes: int, *, burst: bool = False) -> Bulk:
    """So many issues get another severity label and a comment; `burst`: all within one second."""
    insert_links(home, changes)
    home.settle()
    home.program.passes(1)
    spread = 0.0 if burst else SPREAD
    # As if the last pass had been before the first of these changes.
    _set_back(home, spread * changes + 600)
    home.repository.grow(changes, ["bug", "critical"], comments=1, spread=spread, age=10)
    measured, [one] = home.program.passes(1)
    _expect(one, reports_updated=changes, comments_imported=changes)
    kind = "incoming, in one second" if burst else "incoming, over an hour"
    return _bulk(home, kind, 2 * changes, measured, one)


def measure_outgoing(home: Home, comments: int) -> Bulk:
    """So many new comments in BugSpark, one a report."""
    home.repository.grow(comments, ["bug", "medium-priority"], comments=0, spread=1, age=3_600)
    links = insert_links(home, comments)
    home.settle()
    home.program.passes(1)
    insert_comments(home, links, SAID)
    measured, [one] = home.program.passes(1)
    _expect(one, comments_posted=comments)
    return _bulk(home, "outgoing comments", comments, measured, one)


def _set_back(home: Home, seconds: float) -> None:
    moved = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f', anchor, '-{seconds:.0f} seconds') || '000'",
        "postgresql": f"anchor - interval '{seconds:.0f} seconds'",
    }[home.engine.dialect.name]
    home.bugspark.execute(f"UPDATE sync_lists SET etag = NULL, etag_credential = NULL, anchor = {moved}")


def _expect(one: dict[str, Any], **applied: int) -> None:
    found = {name: one["result"]["applied"][name] for name in applied}
    if found != applied or one["result"]["outcome"] != "ok":
        raise BrokenError(f"expected {applied}, found {found}: {one['result']}")


def _bulk(home: Home, kind: str, objects: int, measured: Measured, one: dict[str, Any]) -> Bulk:
    spent: dict[str, float] = one["spent"]
    sending = sum(spent.get(name, 0.0) for name in SENDING)
    looking_up = sum(spent.get(name, 0.0) for name in LOOKING_UP)
    github = sum(seconds for name, seconds in spent.items() if name.startswith("github."))
    return Bulk(
        database=home.engine.dialect.name,
        kind=kind,
        objects=objects,
        requests=one["result"]["github"]["requests"],
        wall=one["wall"],
        cpu=one["cpu"],
        peak_mib=measured.peak_mib,
        per_second=objects / one["wall"],
        reading=github - sending,
        sending=sending,
        looking_up=looking_up,
        storing=sum(spent.values()) - github - looking_up,
        deciding=one["wall"] - sum(spent.values()),
        spent=spent,
    )
