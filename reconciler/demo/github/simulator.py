"""The simulated GitHub: answers one request at a time, counts it and records it in the journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
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
    html,
    spoil,
)
from reconciler.demo.github.journal import RecordedRequest
from reconciler.demo.github.limits import Limits, Refusal
from reconciler.demo.github.messages import (
    FIRST_ERROR,
    NO_CONTENT,
    NOT_MODIFIED,
    OK,
    Answer,
    Problem,
    Request,
    with_etag,
)
from reconciler.demo.github.routes import table
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.views import Views
from reconciler.demo.github.webhooks import Deliveries
from reconciler.demo.github.world import World

_CONTROL = "/_sim/"
_JOURNAL_SIZE = 200_000
"""Requests kept in the journal; when it is full, the older half is dropped."""
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


class Simulator:
    """A simulated GitHub: `requests` is its journal, `faults` and `limits` can be set, `hooks` delivers."""

    def __init__(self, world: World | None = None, *, base_path: str = "", control: bool = False) -> None:
        """Create a simulator of a world; `base_path`: `/api/v3` of a GHES; `control`: open `/_sim/`."""
        self.world = world or World()
        self.base_path = base_path
        self.views = Views(self.world)
        self.limits = Limits()
        self.faults = Faults()
        self.hooks = Deliveries(self.world, self.views)
        self.requests: list[RecordedRequest] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._served = 0
        self._routes = table.make_routes()
        self._control = Control(self.world, self.faults, self.requests, self.limits) if control else None

    def fault_for(self, request: Request) -> Fault | None:
        """Return the fault for a request; there is none for the control endpoint."""
        return None if request.path.startswith(_CONTROL) else self.faults.take(request)

    def cost(self, login: str) -> int:
        """Return the points of the primary rate limit that this account has used in total."""
        return self.limits.meter(self.world.user(login).id).cost

    def answer(self, request: Request, fault: Fault | None = None) -> Answer | None:
        """Return the answer to a request; None if the connection is to be dropped."""
        if self._control is not None and request.path.startswith(_CONTROL):
            return self._control.answer(request)
        with self.world.lock:
            seen = self._record(request, fault)
            answer = self._answer_with_fault(request, fault, seen)
            seen.status = 0 if answer is None else answer.status
            return answer

    def _record(self, request: Request, fault: Fault | None) -> RecordedRequest:
        shown = dict(request.headers)
        if "authorization" in shown:
            scheme, space, _ = shown["authorization"].partition(" ")
            shown["authorization"] = scheme if space else "?"
        self._served += 1
        seen = RecordedRequest(
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
        if len(self.requests) >= _JOURNAL_SIZE:
            del self.requests[: _JOURNAL_SIZE // 2]
        self.requests.append(seen)
        return seen

    def _credential(self, request: Request) -> str | None:
        """Return the name of the credential for the journal."""
        try:
            return identify(self.world, request.headers).label
        except Problem:
            return "?"

    def _answer_with_fault(
        self, request: Request, fault: Fault | None, seen: RecordedRequest
    ) -> Answer | None:
        match fault:
            case Reply() | Limit() | Drop():
                return self._replace_answer(request, fault, seen)
            case DuringRequest():
                return self._answer_with_callbacks(request, fault, seen)
            case Stale():
                return self._answer_normally(request, seen, fault)
            case Truncate() | Unmodified() | Rewrite():
                return spoil(request, self._answer_normally(request, seen), fault)
            case None | Delay():
                return self._answer_normally(request, seen)

    def _replace_answer(
        self, request: Request, fault: Reply | Limit | Drop, seen: RecordedRequest
    ) -> Answer | None:
        """Return another answer, or None, with or without the effect of the request."""
        if isinstance(fault, Limit):
            return self._add_common_headers(self._limited(request, fault, seen), seen)
        if fault.applied:
            self._answer_normally(request, seen)
        if isinstance(fault, Drop):
            return None
        return self._add_common_headers(
            Answer(status=fault.status, headers=fault.headers, body=fault.body), seen
        )

    def _limited(self, request: Request, fault: Limit, seen: RecordedRequest) -> Answer:
        try:
            caller = identify(self.world, request.headers)
        except Problem as problem:
            return problem.answer()
        self.limits.meter(caller.account).blocked_until = seen.time + fault.wait
        return fault.reply(seen.time)

    def _answer_with_callbacks(self, request: Request, fault: DuringRequest, seen: RecordedRequest) -> Answer:
        if fault.before is not None:
            fault.before()
        answer = self._answer_normally(request, seen)
        if fault.after is not None:
            fault.after()
        return answer

    def _answer_normally(self, request: Request, seen: RecordedRequest, stale: Stale | None = None) -> Answer:
        """Return the answer without a fault. Beside the API's base path are the web pages of the server."""
        if not request.target.startswith(self.base_path + "/"):
            page = html(404)
            return self._add_common_headers(
                Answer(status=page.status, headers=page.headers, body=page.body), seen
            )
        caller, refused = Caller(), False
        try:
            caller = identify(self.world, request.headers)
            answer = self._call_route(request, caller, seen, stale)
        except Problem as problem:
            answer, refused = problem.answer(), isinstance(problem, Refusal)
        if request.method == "GET" and answer.status == OK:
            answer = with_etag(request, answer)
        free = answer.status == NOT_MODIFIED and caller.account != 0
        seen.cost = 0 if free or refused or seen.path == "/rate_limit" else 1
        limits = self.limits.charge(caller.account, seen.cost, seen.time)
        seen.applied = seen.write and answer.status < FIRST_ERROR
        headers = {
            **limits,
            **caller.scopes,
            **caller.expiry,
            **self._version_headers(seen),
            **answer.headers,
        }
        return self._add_common_headers(replace(answer, headers=headers), seen)

    def _call_route(
        self, request: Request, caller: Caller, seen: RecordedRequest, stale: Stale | None
    ) -> Answer:
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

    def _check_headers(self, request: Request, seen: RecordedRequest) -> None:
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
            raise Problem(400, "Bad Request", errors=f"The API version {version!r} is not supported")

    def _version_headers(self, seen: RecordedRequest) -> dict[str, str]:
        """Return the announcement of the end of the version that was asked for."""
        facts = self.world.facts
        version = seen.headers.get("x-github-api-version", facts.api_versions[0])
        ends = facts.ending_versions.get(version)
        return {} if ends is None else {"Deprecation": "true", "Sunset": ends}

    def _add_common_headers(self, answer: Answer, seen: RecordedRequest) -> Answer:
        """Add the headers that every answer of GitHub has."""
        common = {
            "Date": format_datetime(
                self.world.clock.now() + timedelta(seconds=self.world.facts.clock_ahead_seconds), usegmt=True
            ),
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
