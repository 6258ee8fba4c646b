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
    "rename_label", "delete_label", "comment", "edit_comment", "minimize_comment", "delete_comment",
    "delete_issue", "assign", "unassign", "add_field", "rename_field", "choose", "clear_field",
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
            "seed": lambda spec: seed(self._world, spec),
            "grow": lambda spec: grow(self._world, spec),
            "assume": lambda spec: self._world.assume(**spec),
            "limits": lambda spec: self._limits.set(**spec),
            "clock": self._clock,
            "state": self._state,
            "requests": self._seen,
        }

    @property
    def names(self) -> Collection[str]:
        """What can be requested, as the last part of the path."""
        return self._answers.keys()

    def answer(self, request: Request) -> Answer:
        """Execute a control request; an invalid one is answered 400 with the reason."""
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

    def _act(self, spec: dict[str, Any]) -> object:
        """Call a repository method (`{"repository", "act", "args", "kwargs"}`); return the new row."""
        if spec["act"] not in _ACTS:
            raise ValueError(spec["act"])
        method = getattr(self._world.repository(spec["repository"]), spec["act"])
        named = dict(spec.get("kwargs", {}))
        if spec["act"] == "transfer":
            named["to"] = self._world.repository(named["to"])
        return method(*spec.get("args", ()), **named)

    def _fault(self, spec: dict[str, Any]) -> object:
        """Add a fault: `{"fault", "with": {…}, "method", "path", "times", "skip"}`."""
        fault: Fault = msgspec.convert(spec.pop("with", {}), _FAULTS[spec.pop("fault")])
        self._faults.add(fault, **spec)
        return {"rules": len(self._faults.rules)}

    def _calm(self, spec: dict[str, Any]) -> object:
        self._faults.clear()
        return spec

    def _clock(self, spec: dict[str, Any]) -> object:
        """Move a manual clock (`{"advance": seconds}`) and return the time."""
        if "advance" in spec and not isinstance(self._world.clock, ManualClock):
            raise ValueError("this clock cannot be moved")
        if isinstance(self._world.clock, ManualClock):
            self._world.clock.advance(spec.get("advance", 0))
        return {"now": self._world.clock.now().isoformat()}

    def _state(self, spec: dict[str, Any]) -> object:
        """Return the current issues of a range: `{"repository", "numbers": [first, last]}`."""
        repository = self._world.repository(spec["repository"])
        first, last = spec.get("numbers", (1, len(repository.issues)))
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

    def _seen(self, spec: dict[str, Any]) -> object:
        """Return the journal in short form and the usage of accounts: `{"from": n, "clear": bool}`."""
        shown = [
            {
                "method": seen.method,
                "path": seen.path,
                "status": seen.status,
                "cost": seen.cost,
                "token": seen.token,
            }
            for seen in self._requests[spec.get("from", 0) :]
        ]
        if spec.get("clear"):
            self._requests.clear()
        used = {str(account): meter.cost for account, meter in self._limits.meters.items()}
        return {"requests": shown, "cost": used}
