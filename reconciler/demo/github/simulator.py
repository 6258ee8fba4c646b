"""The simulated GitHub: a request in, an answer out, one at a time, with everything counted and noted."""

from __future__ import annotations

from dataclasses import replace
from email.utils import format_datetime

from reconciler.demo.github.access import Caller, identify
from reconciler.demo.github.control import Control
from reconciler.demo.github.faults import (
    Delay,
    Drop,
    DuringRequest,
    Fault,
    Faults,
    Limit,
    Reply,
    Rewrite,
    Stale,
    Truncate,
    Unmodified,
)
from reconciler.demo.github.finish import NOT_MODIFIED, OK, conditional, spoiled
from reconciler.demo.github.journal import Seen
from reconciler.demo.github.limits import Limits, Refusal
from reconciler.demo.github.messages import FIRST_ERROR, NO_CONTENT, Answer, Problem, Request
from reconciler.demo.github.routes import table
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.views import Views
from reconciler.demo.github.webhooks import Deliveries
from reconciler.demo.github.world import World

_CONTROL = "/_sim/"
_JOURNAL = 200_000
"""Requests remembered; beyond it the older half is forgotten."""
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


class Simulator:
    """A GitHub: `requests` is its journal, `faults` go wrong, `limits` meters, `hooks` delivers."""

    def __init__(self, world: World | None = None, *, base_path: str = "", control: bool = False) -> None:
        """Set one up around a world; `base_path`: `/api/v3` of a GHES; `control`: open `/_sim/`."""
        self.world = world or World()
        self.base_path = base_path
        self.views = Views(self.world)
        self.limits = Limits()
        self.faults = Faults()
        self.hooks = Deliveries(self.world, self.views)
        self.requests: list[Seen] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._served = 0
        self._routes = table.make_routes()
        self._control = Control(self.world, self.faults, self.requests, self.limits) if control else None

    def fault_for(self, request: Request) -> Fault | None:
        """Return what goes wrong with a request; never anything with one to the control endpoint."""
        return None if request.path.startswith(_CONTROL) else self.faults.take(request)

    def cost(self, login: str) -> int:
        """Return the primary rate limit this account has used since the beginning."""
        return self.limits.meter(self.world.user(login).id).cost

    def answer(self, request: Request, fault: Fault | None = None) -> Answer | None:
        """Answer one request; None when the connection is to be dropped without an answer."""
        if self._control is not None and request.path.startswith(_CONTROL):
            return self._control.answer(request)
        with self.world.lock:
            seen = self._note(request, fault)
            answer = self._faulty(request, fault, seen)
            seen.status = 0 if answer is None else answer.status
            return answer

    def _note(self, request: Request, fault: Fault | None) -> Seen:
        shown = dict(request.headers)
        if "authorization" in shown:
            scheme, space, _ = shown["authorization"].partition(" ")
            shown["authorization"] = scheme if space else "?"
        self._served += 1
        seen = Seen(
            method=request.method,
            path=request.path.removeprefix(self.base_path),
            query=request.query,
            headers=shown,
            body=request.body,
            token=self._credential(request),
            time=self.world.moment(),
            fault=None if fault is None else type(fault).__name__,
            request_id=f"51D0:{self._served:06X}",
        )
        if len(self.requests) >= _JOURNAL:
            del self.requests[: _JOURNAL // 2]
        self.requests.append(seen)
        return seen

    def _credential(self, request: Request) -> str | None:
        """Return how the journal calls what was sent as a credential."""
        try:
            return identify(self.world, request.headers).label
        except Problem:
            return "?"

    def _faulty(self, request: Request, fault: Fault | None, seen: Seen) -> Answer | None:
        match fault:
            case Reply() | Limit() | Drop():
                return self._instead(request, fault, seen)
            case DuringRequest():
                return self._meanwhile(request, fault, seen)
            case Stale():
                return self._true(request, seen, fault)
            case Truncate() | Unmodified() | Rewrite():
                return spoiled(request, self._true(request, seen), fault)
            case None | Delay():
                return self._true(request, seen)

    def _instead(self, request: Request, fault: Reply | Limit | Drop, seen: Seen) -> Answer | None:
        """Answer something else, or not at all, whether or not the request takes its effect."""
        if isinstance(fault, Limit):
            return self._dress(self._limited(request, fault, seen), seen)
        if fault.applied:
            self._true(request, seen)
        if isinstance(fault, Drop):
            return None
        return self._dress(Answer(status=fault.status, headers=fault.headers, body=fault.body), seen)

    def _limited(self, request: Request, fault: Limit, seen: Seen) -> Answer:
        try:
            caller = identify(self.world, request.headers)
        except Problem as problem:
            return problem.answer()
        self.limits.meter(caller.account).blocked_until = seen.time + fault.wait
        return fault.reply(seen.time)

    def _meanwhile(self, request: Request, fault: DuringRequest, seen: Seen) -> Answer:
        if fault.before is not None:
            fault.before()
        answer = self._true(request, seen)
        if fault.after is not None:
            fault.after()
        return answer

    def _true(self, request: Request, seen: Seen, stale: Stale | None = None) -> Answer:
        """Answer as GitHub does when nothing goes wrong."""
        caller, refused = Caller(), False
        try:
            caller = identify(self.world, request.headers)
            answer = self._handled(request, caller, seen, stale)
        except Problem as problem:
            answer, refused = problem.answer(), isinstance(problem, Refusal)
        if request.method == "GET" and answer.status == OK:
            answer = conditional(request, answer)
        free = answer.status == NOT_MODIFIED and caller.account != 0
        seen.cost = 0 if free or refused or seen.path == "/rate_limit" else 1
        limits = self.limits.charge(caller.account, seen.cost, seen.time)
        seen.applied = seen.write and answer.status < FIRST_ERROR
        told = {**limits, **caller.scopes, **answer.headers}
        return self._dress(replace(answer, headers=told), seen)

    def _handled(self, request: Request, caller: Caller, seen: Seen, stale: Stale | None) -> Answer:
        self._check_headers(request, seen)
        local = replace(request, target=request.target.removeprefix(self.base_path))
        route, params = table.find(self._routes, local.method, local.path)
        if not route.free:
            self.limits.admit(
                caller.account,
                seen.time,
                write=seen.write,
                content=route.content,
                issue=route.content and local.path.endswith("/issues"),
                in_flight=self.in_flight,
            )
        exchange = Exchange(
            request=local,
            caller=caller,
            world=self.world,
            views=self.views,
            limits=self.limits,
            params=params,
            stale=stale,
        )
        return route.handler(exchange)

    def _check_headers(self, request: Request, seen: Seen) -> None:
        if not request.target.startswith(self.base_path + "/"):
            raise Problem(404, "Not Found")
        if not request.headers.get("user-agent"):
            raise Problem(403, "Please make sure your request has a User-Agent header")
        if seen.write and any(name in request.headers for name in _CONDITIONS):
            raise Problem(
                400, "Conditional request headers are not allowed in unsafe requests unless supported"
            )
        facts = self.world.facts
        version = request.headers.get("x-github-api-version", facts.api_versions[0])
        if version in facts.retired_versions:
            raise Problem(facts.retired_versions[version], f"API version {version} is no longer supported")
        if version not in facts.api_versions:
            raise Problem(400, f"The API version {version!r} is not supported")

    def _dress(self, answer: Answer, seen: Seen) -> Answer:
        """Put on the headers every answer of GitHub's carries."""
        common = {
            "Date": format_datetime(self.world.clock.now(), usegmt=True),
            "X-GitHub-Request-Id": seen.request_id,
            "Server": "github.com",
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": seen.headers.get(
                "x-github-api-version", self.world.facts.api_versions[0]
            ),
        }
        if answer.status not in (NO_CONTENT, NOT_MODIFIED):
            common["Content-Type"] = "application/json; charset=utf-8"
        return replace(answer, headers={**common, **answer.headers})
