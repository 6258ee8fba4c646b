"""Watching both sides for what people wrote on the other; and both sides as they are in the end.

Nothing here comes from the program: BugSpark's rows by SQL, GitHub's from its world.
"""

import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from bench.processes import reconcile
from bench.soak.people import People, Wish
from bench.soak.town import SEVERITIES, Thing, Town

OPEN = frozenset({"new", "triaging", "in_progress"})
WORD = re.compile(r"\bw[0-9a-f]{32}\b")
REPORTS = """
    SELECT r.id, r.status::text, r.severity::text, coalesce(string_agg(c.body, E'\\n'), '')
    FROM reports r LEFT JOIN comments c ON c.report_id = r.id WHERE r.id = ANY(%(reports)s) GROUP BY r.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One side of a thing, as people see it."""

    state: str
    severity: str
    words: Mapping[str, int] = field(default_factory=dict)  # how often each comment is there

    def shows(self, wish: Wish) -> bool:
        match wish.kind:
            case "comment":
                return wish.value in self.words
            case "state":
                return self.state == wish.value
            case "severity":
                return self.severity == wish.value


def look(people: People) -> None:
    """What has arrived since the last look is noted as arrived now."""
    waiting = defaultdict(list)
    for wish in people.waiting:
        waiting[wish.side].append(wish)
    here = in_bugspark(people, (wish.thing for wish in waiting["GitHub"]))
    at = time.monotonic()
    for wish in waiting["GitHub"]:
        if here[wish.thing.report].shows(wish):
            people.arrived(wish, at)
    for wish in waiting["BugSpark"]:
        if on_github(people.town, wish.thing).shows(wish):
            people.arrived(wish, time.monotonic())


def in_bugspark(people: People, things: Iterable[Thing]) -> Mapping[UUID, Face]:
    """Reports by their ids."""
    wanted = list({thing.report for thing in things})
    rows = people.sql(REPORTS, {"reports": wanted}) if wanted else []
    return {
        UUID(str(report)): Face(
            state="open" if status in OPEN else "closed", severity=str(severity), words=_words(str(bodies))
        )
        for report, status, severity, bodies in rows
    }


def on_github(town: Town, thing: Thing) -> Face:
    """An issue."""
    web = thing.repository
    with town.simulator.world.lock:
        labels, state = set(web.label_names(thing.number)), web.issue(thing.number).state
        bodies = "\n".join(row.body for row in web.thread(thing.number))
    said = sorted(name for name, label in SEVERITIES.items() if label in labels)
    return Face(state=state, severity=" and ".join(said), words=_words(bodies))


def apart(people: People) -> list[str]:
    """Every difference between the sides, and between them and the book, in a sentence. Empty: all equal."""
    town = people.town
    here = in_bugspark(people, town.things)
    written: dict[UUID, list[str]] = defaultdict(list)
    for wish in people.wishes:
        if wish.kind == "comment":
            written[wish.thing.report].append(wish.value)
    found: list[str] = []
    for thing in town.things:
        wanted = Face(state=thing.state, severity=thing.severity, words=Counter(written[thing.report]))
        found += _differences(thing, wanted, here[thing.report], on_github(town, thing))
    return found + list(_strangers(town))


def stories(town: Town, found: Iterable[str], most: int = 3) -> list[str]:
    """`reconcile why` of the first reports that these sentences are about."""
    names = list(dict.fromkeys(sentence.partition(": ")[0] for sentence in found))
    reports = {f"{thing.repository.full_name}#{thing.number}": thing.report for thing in town.things}
    told = []
    for name in [each for each in names if each in reports][:most]:
        command = [reconcile(), "--config", str(town.config), "why", str(reports[name])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told.append(done.stdout or done.stderr)
    return told


def _differences(thing: Thing, wanted: Face, here: Face, there: Face) -> Iterator[str]:
    name = f"{thing.repository.full_name}#{thing.number}"
    for side, face in (("BugSpark", here), ("GitHub", there)):
        for what in ("state", "severity"):
            if getattr(face, what) != getattr(wanted, what):
                yield f"{name}: {what} is {getattr(face, what)} on {side}, not {getattr(wanted, what)}"
        for word in {*wanted.words, *face.words}:
            if face.words.get(word, 0) != wanted.words.get(word, 0):
                count = face.words.get(word, 0)
                yield f"{name}: {word} is {count} times on {side}, not {wanted.words.get(word, 0)}"


def _strangers(town: Town) -> Iterator[str]:
    """No issue but those there were at the beginning."""
    counts = Counter(thing.repository.full_name for thing in town.things)
    for name, count in counts.items():
        made = len(town.simulator.world.repository(name).issues)
        if made != count:
            yield f"{name} has {made} issues, not {count}"


def _words(text: str) -> Mapping[str, int]:
    return Counter(WORD.findall(text))
