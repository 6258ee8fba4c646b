"""People at work on both sides, and a book of what they wrote.

Nobody changes a field that is on its way, and nobody undoes ours again and again: conflicts and the flap
breaker have tests of their own, and here each wish must come true.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

import psycopg

from bench.soak.town import PERSON, SEVERITIES, Thing, Town

Side = Literal["BugSpark", "GitHub"]
UNDOING = 2
"""Changes of a thing's fields on GitHub; the third that undoes ours within an hour would freeze the field."""
PATIENCE = 60.0
COMMENT = """
    INSERT INTO comments (id, report_id, author_id, body, created_at)
    SELECT %(id)s, r.id, p.owner_id, %(body)s, now()
    FROM reports r JOIN projects p ON p.id = r.project_id WHERE r.id = %(report)s
    ON CONFLICT DO NOTHING
"""
STATUS = "UPDATE reports SET status = %(value)s, updated_at = now() WHERE id = %(report)s"
SEVERITY = "UPDATE reports SET severity = %(value)s, updated_at = now() WHERE id = %(report)s"


@dataclass(slots=True, kw_only=True)
class Wish:
    """Something a person did on one side, to be seen on the other. Times are monotonic seconds."""

    thing: Thing
    side: Side  # where it was done
    kind: Literal["comment", "state", "severity"]
    value: str  # the comment's token, the state, the severity
    at: float = 0.0  # when it was done
    seen: float | None = None


@dataclass(slots=True, kw_only=True)
class People:
    """They act by the dice."""

    town: Town
    dice: random.Random
    wishes: list[Wish] = field(default_factory=list)
    waiting: list[Wish] = field(default_factory=list)
    _bugspark: "psycopg.Connection[tuple[object, ...]] | None" = None

    def act(self) -> None:
        """One thing, by somebody, somewhere."""
        thing = self.dice.choice(self.town.things)
        side: Side = self.dice.choice(("BugSpark", "GitHub"))
        may = not thing.busy and (side == "BugSpark" or thing.turns < UNDOING)
        if self.dice.random() < 0.5 or not may:
            self.comment(thing, side)
        elif self.dice.random() < 0.6:
            to = "closed" if thing.state == "open" else "open"
            self._do(Wish(thing=thing, side=side, kind="state", value=to))
            thing.state = to
        else:
            to = self.dice.choice([each for each in SEVERITIES if each != thing.severity])
            self._do(Wish(thing=thing, side=side, kind="severity", value=to))
            thing.severity = to

    def comment(self, thing: Thing, side: Side) -> None:
        """One with a word that is nowhere else."""
        self._do(Wish(thing=thing, side=side, kind="comment", value=f"w{uuid4().hex}"))

    def arrived(self, wish: Wish, at: float) -> None:
        """It was seen on the other side."""
        wish.seen = at
        self.waiting.remove(wish)
        if wish.kind != "comment":
            wish.thing.busy = False

    def sql(self, statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
        """Repeat until it was done, whatever the database is doing. Doing it twice does no harm."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self._bugspark is None or self._bugspark.closed:
                    self._bugspark = psycopg.connect(self.town.conninfo, autocommit=True, connect_timeout=5)
                cursor = self._bugspark.execute(statement.encode(), values)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                self.close()
                time.sleep(0.1)

    def close(self) -> None:
        """The connection to BugSpark's database."""
        if self._bugspark is not None:
            self._bugspark.close()
        self._bugspark = None

    def _do(self, wish: Wish) -> None:
        if wish.kind != "comment":
            wish.thing.busy = True
            wish.thing.turns += wish.side == "GitHub"
        if wish.side == "GitHub":
            with self.town.simulator.world.lock:
                self._on_github(wish)
        else:
            self._in_bugspark(wish)
        wish.at = time.monotonic()
        self.wishes.append(wish)
        self.waiting.append(wish)

    def _on_github(self, wish: Wish) -> None:
        web, number = wish.thing.repository, wish.thing.number
        match wish.kind:
            case "comment":
                web.comment(number, f"I see it too: {wish.value}", by=PERSON)
            case "state":
                turn: Callable[..., object] = web.close if wish.value == "closed" else web.reopen
                turn(number, by=PERSON)
            case "severity":
                web.unlabel(number, SEVERITIES[wish.thing.severity], by=PERSON)
                web.label(number, SEVERITIES[wish.value], by=PERSON)

    def _in_bugspark(self, wish: Wish) -> None:
        report = wish.thing.report
        match wish.kind:
            case "comment":
                self.sql(COMMENT, {"id": uuid4(), "report": report, "body": f"Seen here: {wish.value}"})
            case "state":
                status = "resolved" if wish.value == "closed" else "new"
                self.sql(STATUS, {"value": status, "report": report})
            case "severity":
                self.sql(SEVERITY, {"value": wish.value, "report": report})
