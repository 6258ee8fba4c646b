"""The simulator's own endpoints under `/_sim/`, for a bench or demo in another process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from reconciler.demo.github.clock import ManualClock
from reconciler.demo.github.faults import (
    Delay,
    Drop,
    Fault,
    Faults,
    Limit,
    Reply,
    Stale,
    Truncate,
    Unmodified,
)
from reconciler.demo.github.journal import RecordedRequest
from reconciler.demo.github.limits import Limits
from reconciler.demo.github.messages import Answer, Problem, Request, answered, not_found
from reconciler.demo.github.seeding import grow, seed
from reconciler.demo.github.world import World

# fmt: off
_ACTS = frozenset((
    "open_issue", "close", "reopen", "retitle", "rewrite", "lock", "unlock", "label", "unlabel",
    "rename_label", "delete_label", "comment", "edit_comment", "delete_comment", "delete_issue",
    "convert", "allow", "rename", "make_private", "archive", "disable_issues", "block",
    "transfer",
))
# fmt: on
_FAULTS: Mapping[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Delay, Drop, Limit, Reply, Stale, Truncate, Unmodified)
}


class Control:
    """Answers what comes under `/_sim/`."""

    def __init__(self, world: World, faults: Faults, requests: list[RecordedRequest], limits: Limits) -> None:
        self._world = world
        self._faults = faults
        self._requests = requests
        self._limits = limits
        self._answers: Mapping[str, Callable[[dict[str, Any]], object]] = {
            "act": self._act,
            "fault": self._fault,
            "calm": self._calm,
            "seed": lambda wish: seed(self._world, wish),
            "grow": lambda wish: grow(self._world, wish),
            "assume": lambda wish: self._world.assume(**wish),
            "limits": lambda wish: self._limits.set(**wish),
            "clock": self._clock,
            "state": self._state,
            "requests": self._seen,
        }

    @property
    def names(self) -> Collection[str]:
        """What can be requested, as the last part of the path."""
        return self._answers.keys()

    def answer(self, request: Request) -> Answer:
        """Do what is asked; a mistake in the asking is answered 400 with what was wrong."""
        name = request.path.removeprefix("/_sim/")
        if name not in self._answers:
            return not_found().answer()
        try:
            with self._world.lock:
                result = self._answers[name](request.json())
        except Problem as problem:
            return problem.answer()
        except (KeyError, TypeError, ValueError) as error:
            return Problem(400, f"{type(error).__name__}: {error}").answer()
        return answered(result, headers={"Content-Type": "application/json"})

    def _act(self, wish: dict[str, Any]) -> object:
        """`{"repository", "act", "args", "kwargs"}`: what a person does; gives the new row."""
        if wish["act"] not in _ACTS:
            raise ValueError(wish["act"])
        method = getattr(self._world.repository(wish["repository"]), wish["act"])
        named = dict(wish.get("kwargs", {}))
        if wish["act"] == "transfer":
            named["to"] = self._world.repository(named["to"])
        return method(*wish.get("args", ()), **named)

    def _fault(self, wish: dict[str, Any]) -> object:
        """`{"fault", "with": {…}, "method", "path", "times", "skip"}`: let something go wrong."""
        fault: Fault = msgspec.convert(wish.pop("with", {}), _FAULTS[wish.pop("fault")])
        self._faults.add(fault, **wish)
        return {"rules": len(self._faults.rules)}

    def _calm(self, wish: dict[str, Any]) -> object:
        self._faults.clear()
        return wish

    def _clock(self, wish: dict[str, Any]) -> object:
        """`{"advance": seconds}`, where the clock is one that can be moved; gives the time."""
        if "advance" in wish and not isinstance(self._world.clock, ManualClock):
            raise ValueError("this clock cannot be moved")
        if isinstance(self._world.clock, ManualClock):
            self._world.clock.advance(wish.get("advance", 0))
        return {"now": self._world.clock.now().isoformat()}

    def _state(self, wish: dict[str, Any]) -> object:
        """`{"repository", "numbers": [first, last]}`: what is there now, issue by issue."""
        repository = self._world.repository(wish["repository"])
        first, last = wish.get("numbers", (1, len(repository.issues)))
        rows = sorted(
            (row for row in repository.issues if first <= row.number <= last), key=lambda row: row.number
        )
        return [
            {
                "issue": row,
                "labels": repository.label_names(row.number),
                "thread": repository.thread(row.number),
            }
            for row in rows
        ]

    def _seen(self, wish: dict[str, Any]) -> object:
        """`{"from": n, "clear": bool}`: the journal in short, and what accounts have used."""
        shown = [
            {
                "method": seen.method,
                "path": seen.path,
                "status": seen.status,
                "cost": seen.cost,
                "token": seen.token,
            }
            for seen in self._requests[wish.get("from", 0) :]
        ]
        if wish.get("clear"):
            self._requests.clear()
        used = {str(account): meter.cost for account, meter in self._limits.meters.items()}
        return {"requests": shown, "cost": used}
