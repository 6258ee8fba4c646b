"""Every request of one repository passes here: points, token, limits, and asking again where that is safe."""

from collections.abc import Callable
from datetime import timedelta

from reconciler.errors import CredentialError, LimitedError
from reconciler.github.credentials import Credential, fingerprint
from reconciler.github.dispatch import Dispatch, Reply
from reconciler.github.limits import Wait, wait_of
from reconciler.github.oneline import plain
from reconciler.github.refusals import Refusals, limited
from reconciler.github.retry import PassingError, persistently
from reconciler.github.sentences import hint_of, message_of
from reconciler.github.transport import DroppedError, UnsentError
from reconciler.github.wire import is_json
from reconciler.model.ids import Fingerprint
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.ports import Clock, Governor

LARGEST_BLOCK = 25
"""Read points reserved at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer to a read, and the token's fingerprint, which its ETag belongs to."""

    reply: Reply
    token: Fingerprint


class Gateway:
    """Sends reads and writes with one credential."""

    def __init__(
        self,
        *,
        dispatch: Dispatch,
        credential: Credential,
        governor: Governor,
        clock: Clock,
        refusals: Refusals,
        dice: Callable[[], float],
        repository: str,
        leave_within: float,
    ) -> None:
        self.dispatch = dispatch
        self.credential = credential
        self._governor = governor
        self._clock = clock
        self._refusals = refusals
        self._dice = dice
        self._repository = repository
        # Before sending a write waits at most thrice: for a token, for the pool, for the connection.
        self._patience = leave_within / 3
        self._prepaid = 0
        self._block = 0

    async def expect(self, requests: int) -> None:
        """Reserve the points of that many reads. Raises LimitedError."""
        await self._governor.reserve(self.credential.identity, requests, seen=self.dispatch.meter.limit)
        self._prepaid += requests

    async def key(self) -> Fingerprint:
        """The fingerprint of the token that the next request will carry: ETags are kept by it."""
        return fingerprint((await self._token()).reveal())

    async def read(self, url: str, *, etag: str | None = None) -> Answered:
        """GET; raises LimitedError, CredentialError, ForeignOriginError, GitHubError (after asking again)."""
        return await persistently(lambda: self._read(url, etag), clock=self._clock, dice=self._dice)

    def deadline(self) -> float:
        """Until when, by the monotonic clock, a write that is asked for now may begin to be sent."""
        return self._clock.monotonic() + self._patience

    async def write(self, method: str, url: str, body: bytes | None, *, before: float) -> Reply:
        """Send once, if it can begin `before` the deadline; redirects are returned. Raises UnsentError,
        DroppedError; and, when GitHub says that nothing was done, LimitedError or CredentialError."""
        token = await self._token()
        reply = await self._written(method, url, body, token, before)
        if reply.status == 401 and self.credential.refused(token):
            # A 401 is a clear no: nothing was done, so sending it again with a new token is no repetition.
            reply = await self._written(method, url, body, await self._token(), before)
        self._accepted(reply)
        # A 5xx may have been carried out: whatever wait it names, its outcome is unknown.
        await self._unlimited(reply, stop=reply.status < 500)
        return reply

    async def ask(self, method: str, parts: tuple[str | int, ...], bearer: Secret) -> Reply:
        """A request of the App itself, which costs the installation no points. Making a token twice harms
        nothing, so even its POST is asked again."""

        async def once() -> Reply:
            url = self.dispatch.origin.url(*parts)
            try:
                if method == "GET":
                    return self._whole(await self.dispatch.get(url, bearer))
                return self._whole(await self.dispatch.write(method, url, bearer, None))
            except (UnsentError, DroppedError) as error:
                raise PassingError(str(error)) from None

        reply = await persistently(once, clock=self._clock, dice=self._dice)
        await self._unlimited(reply)
        return reply

    async def _token(self) -> Secret:
        return await self.credential.token(self.ask, self.dispatch.meter.time.now)

    async def _read(self, url: str, etag: str | None) -> Answered:
        token = await self._token()
        reply = await self._got(url, etag, token)
        if reply.status == 401 and self.credential.refused(token):
            token = await self._token()
            reply = await self._got(url, etag, token)
        self._accepted(reply)
        await self._unlimited(reply)
        return Answered(reply=self._whole(reply), token=fingerprint(token.reveal()))

    async def _got(self, url: str, etag: str | None, token: Secret) -> Reply:
        await self._pay(1)
        try:
            reply = await self.dispatch.get(url, token, etag=etag)
        except (UnsentError, DroppedError) as error:
            raise PassingError(str(error)) from None
        if reply.hops:
            await self._pay(len(reply.hops))
        return reply

    async def _written(
        self, method: str, url: str, body: bytes | None, token: Secret, before: float
    ) -> Reply:
        self._refusals.check(self.credential.identity, self._clock.monotonic())
        # Whoever looks into an unknown outcome counts on it that no byte leaves long after the claim.
        if self._clock.monotonic() > before:
            raise UnsentError("it could not be sent in time")
        try:
            reply = await self.dispatch.write(method, url, token, body, patience=self._patience)
        except DroppedError:
            self.dispatch.meter.wrote()
            raise
        self.dispatch.meter.wrote()
        return reply

    async def _pay(self, points: int) -> None:
        self._refusals.check(self.credential.identity, self._clock.monotonic())
        # Blocks grow with what was used, so that what is left over at the end is never more than that.
        if self._prepaid < points:
            self._block = max(points, min(LARGEST_BLOCK, 2 * self._block))
            await self.expect(self._block)
        self._prepaid -= points

    def _accepted(self, reply: Reply) -> None:
        if reply.status == 401:
            said = message_of(reply.body) or "no reason given"
            raise CredentialError(
                f"GitHub refuses the credential for {self._repository} (401: {said}): it may be revoked or"
                " expired; enter a new one."
            )

    async def _unlimited(self, reply: Reply, *, stop: bool = True) -> None:
        """Tell everybody with this credential about a limit's answer, and raise LimitedError (`stop`)."""
        credential, now = self.credential.identity, self.dispatch.meter.time.now()
        strikes = self._refusals.strikes(credential)
        wait = wait_of(reply.status, reply.headers, hint_of(reply.body), now=now, strikes=strikes)
        if wait is not None:
            error = await self._blocked(wait)
            if stop:
                raise error
        elif reply.status < 400:
            self._refusals.clear(credential, self._clock.monotonic())

    async def _blocked(self, wait: Wait) -> LimitedError:
        credential = self.credential.identity
        until = self._clock.now() + timedelta(seconds=wait.seconds)
        self._refusals.add(credential, wait, now=self._clock.monotonic(), until=until)
        await self._governor.blocked(credential, until, wait.reason)
        return limited(wait.reason, until)

    def _whole(self, reply: Reply) -> Reply:
        if reply.status >= 500:
            said = message_of(reply.body)
            raise PassingError(plain(f"it answered {reply.status}" + (f" ({said})" if said else "")))
        if reply.status == 200 and not is_json(reply.body):
            raise PassingError("it answered with something that is not JSON")
        return reply
