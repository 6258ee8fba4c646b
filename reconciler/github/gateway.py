"""The way of every request of one repository: points, token, limits, and retries where they are safe.

Retries are few and within seconds, because a pass waits for nothing longer (docs/design.md, Limits and
failure). Requests that create something are sent once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from reconciler.errors import (
    AnswerTooHeavyError,
    CertificateError,
    CredentialError,
    GitHubError,
    LimitedError,
)
from reconciler.github.credentials import Credential, fingerprint
from reconciler.github.http import HttpClient, Reply
from reconciler.github.limits import LimitBackoff, LimitWait, limit_wait, limited_error
from reconciler.github.transport import AnswerLostError, AnswerTooLargeError, NotSentError, NotTrustedError
from reconciler.github.wire import error_message, error_reason, full_error_text, is_json, is_nested_too_deeply
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import Fingerprint
from reconciler.model.secret import Secret
from reconciler.ports import Clock, RateLimiter

MAX_POINTS_PER_RESERVATION = 25
"""The most read points that are reserved at once."""
T = TypeVar("T")
MAX_ATTEMPTS = 4
FIRST_RETRY_WAIT_SECONDS = 0.3
LATEST_ATTEMPT_SECONDS = 45.0
"""No attempt begins later than this after the first one began: their timeouts add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAnswer:
    """An answer to a read, and the token's fingerprint, which its ETag belongs to."""

    reply: Reply
    token: Fingerprint


class Gateway:
    """Sends reads and writes with one credential."""

    def __init__(
        self,
        *,
        http: HttpClient,
        credential: Credential,
        rate_limiter: RateLimiter,
        clock: Clock,
        backoff: LimitBackoff,
        random_fraction: Callable[[], float],
        repository: str,
        send_within_seconds: float,
    ) -> None:
        self.http = http
        self.credential = credential
        self._rate_limiter = rate_limiter
        self._clock = clock
        self._backoff = backoff
        self._random_fraction = random_fraction
        self._repository = repository
        # A write waits three times at most before it is sent: for a token, the pool and the connection.
        self._step_timeout_seconds = send_within_seconds / 3
        self._reserved_points = 0
        self._reservation_size = 0

    async def reserve_reads(self, requests: int) -> None:
        """Reserve the points of that many reads. Raises LimitedError."""
        await self._rate_limiter.reserve_reads(
            self.credential.limits_key, requests, seen=self.http.usage.limit
        )
        self._reserved_points += requests

    async def token_fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the token that the next request will carry: the key of its ETags."""
        return fingerprint((await self._current_token()).reveal())

    async def read(self, url: str, *, etag: str | None = None, attempts: int | None = None) -> ReadAnswer:
        """Send a GET. Raises LimitedError, CredentialError, UntrustedUrlError, GitHubError.

        AnswerTooHeavyError is the GitHubError for a request that GitHub can't answer while it answers others.
        """
        return await call_with_retries(
            lambda: self._read(url, etag),
            clock=self._clock,
            random_fraction=self._random_fraction,
            request=f" to GET {url.removeprefix(self.http.origin.base_url)}",
            attempts=attempts or MAX_ATTEMPTS,
        )

    def send_deadline(self) -> float:
        """Return until when, by the monotonic clock, a write requested now may begin to be sent."""
        return self._clock.monotonic() + self._step_timeout_seconds

    async def write(self, method: str, url: str, body: bytes | None, *, before: float) -> Reply:
        """Send a write once, if it can begin `before` the deadline; redirects are returned.

        Raises NotSentError, AnswerLostError; and, when GitHub says that nothing was done, LimitedError or
        CredentialError.
        """
        token = await self._current_token()
        reply = await self._write_once(method, url, body, token, before)
        if reply.status == 401 and self.credential.discard_token(token):
            # A 401 is a clear no: nothing was done, so sending it again with a new token is no repetition.
            reply = await self._write_once(method, url, body, await self._current_token(), before)
        self._check_credential_accepted(reply)
        # A 5xx may have been carried out: whatever wait it names, its outcome is unknown.
        await self._record_limit_reply(reply, stop=reply.status < 500)
        return reply

    async def request_as_app(self, method: str, parts: tuple[str | int, ...], bearer: Secret) -> Reply:
        """Send a request of the App itself, which costs the installation no points.

        Making a token twice does no harm, so its POST is retried as well.
        """

        async def once() -> Reply:
            url = self.http.origin.url(*parts)
            try:
                if method == "GET":
                    return self._require_usable_reply(await self.http.get(url, bearer))
                return self._require_usable_reply(await self.http.write(method, url, bearer, None))
            except NotTrustedError as error:
                raise _certificate_error(error) from None
            except (NotSentError, AnswerLostError) as error:
                raise FailedAttemptError(str(error)) from None

        reply = await call_with_retries(once, clock=self._clock, random_fraction=self._random_fraction)
        await self._record_limit_reply(reply)
        return reply

    async def _current_token(self) -> Secret:
        return await self.credential.token(self.request_as_app, self.http.usage.time.now)

    async def _read(self, url: str, etag: str | None) -> ReadAnswer:
        token = await self._current_token()
        reply = await self._get_once(url, etag, token)
        if reply.status == 401 and self.credential.discard_token(token):
            token = await self._current_token()
            reply = await self._get_once(url, etag, token)
        self._check_credential_accepted(reply)
        await self._record_limit_reply(reply)
        return ReadAnswer(reply=self._require_usable_reply(reply), token=fingerprint(token.reveal()))

    async def _get_once(self, url: str, etag: str | None, token: Secret) -> Reply:
        await self._spend_points(1)
        try:
            reply = await self.http.get(url, token, etag=etag)
        except NotTrustedError as error:
            raise _certificate_error(error) from None
        except AnswerTooLargeError as error:
            raise FailedAttemptError(str(error), is_heavy=True, is_lasting=True) from None
        except (NotSentError, AnswerLostError) as error:
            raise FailedAttemptError(str(error)) from None
        if reply.redirects:
            await self._spend_points(len(reply.redirects))
        return reply

    async def _write_once(
        self, method: str, url: str, body: bytes | None, token: Secret, before: float
    ) -> Reply:
        self._backoff.require_no_wait(self.credential.limits_key, self._clock.monotonic())
        # Recovery of an unknown outcome relies on it that no byte leaves long after the claim.
        if self._clock.monotonic() > before:
            raise NotSentError("this machine took too long to begin sending")
        try:
            reply = await self.http.write(
                method, url, token, body, connect_timeout_seconds=self._step_timeout_seconds
            )
        except AnswerLostError:
            self.http.usage.count_write()
            raise
        self.http.usage.count_write()
        return reply

    async def _spend_points(self, points: int) -> None:
        self._backoff.require_no_wait(self.credential.limits_key, self._clock.monotonic())
        # Blocks double, so that no more points are left over at the end than were used.
        if self._reserved_points < points:
            self._reservation_size = max(points, min(MAX_POINTS_PER_RESERVATION, 2 * self._reservation_size))
            await self.reserve_reads(self._reservation_size)
        self._reserved_points -= points

    def _check_credential_accepted(self, reply: Reply) -> None:
        if reply.status == 401:
            reason = error_reason(reply.body)
            raise CredentialError(
                f"GitHub refuses the credential for {self._repository} (401: {reason}): it may be revoked or"
                " expired; enter a new one."
            )

    async def _record_limit_reply(self, reply: Reply, *, stop: bool = True) -> None:
        """Record a limit's answer for all requests of this credential, and raise LimitedError if `stop`."""
        credential, now = self.credential.limits_key, self.http.usage.time.now()
        unannounced_streak = self._backoff.unannounced_streak(credential)
        wait = limit_wait(
            reply.status,
            reply.headers,
            full_error_text(reply.body),
            now=now,
            unannounced_streak=unannounced_streak,
        )
        if wait is not None:
            error = await self._record_limit_refusal(wait)
            if stop:
                raise error
        elif reply.status < 400:
            self._backoff.record_success(credential, self._clock.monotonic())

    async def _record_limit_refusal(self, wait: LimitWait) -> LimitedError:
        credential = self.credential.limits_key
        until = self._clock.now() + timedelta(seconds=wait.seconds)
        self._backoff.record_refusal(credential, wait, now=self._clock.monotonic(), until=until)
        await self._rate_limiter.block(credential, until, wait.reason)
        return limited_error(wait.reason, until)

    def _require_usable_reply(self, reply: Reply) -> Reply:
        if reply.status >= 500:
            message = error_message(reply.body)
            words = f"it answered {reply.status}" + (f" ({message})" if message else "")
            raise FailedAttemptError(single_printable_line(words), is_heavy=True)
        if reply.status == 200 and not is_json(reply.body):
            if is_nested_too_deeply(reply.body):
                text = "it answered with JSON that is nested too deeply"
                raise FailedAttemptError(text, is_heavy=True, is_lasting=True)
            no_api = self.http.origin.wrong_api_url_advice
            text = "it answered with something that is not JSON" + (f" ({no_api})" if no_api else "")
            raise FailedAttemptError(text, remedy=no_api)
        return reply


def _certificate_error(error: NotTrustedError) -> CertificateError:
    return CertificateError(f"GitHub was not asked: {error}.")


class FailedAttemptError(Exception):
    """An attempt that brought no usable answer. `is_heavy`: a smaller page may avoid it. `is_lasting`: the
    same request would be answered alike, so it is not sent again.
    """

    def __init__(
        self, message: str, *, is_heavy: bool = False, is_lasting: bool = False, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.is_heavy = is_heavy
        self.is_lasting = is_lasting
        self.remedy = remedy


def _is_worth_another_attempt(error: BaseException) -> bool:
    return isinstance(error, FailedAttemptError) and not error.is_lasting


async def call_with_retries(
    ask: Callable[[], Awaitable[T]],
    *,
    clock: Clock,
    random_fraction: Callable[[], float],
    request: str = "",
    attempts: int = MAX_ATTEMPTS,
) -> T:
    """Return what `ask` returns, called again after a FailedAttemptError that is not lasting.

    `random_fraction` returns a number in [0, 1): it spreads the waits, so that many processes do not come
    back at the same moment. Raises GitHubError after the last attempt; it names the request (" to GET …").
    """
    begun = clock.monotonic()

    def wait(state: RetryCallState) -> float:
        # 0.15–0.3, 0.3–0.6, 0.6–1.2 s
        return float(FIRST_RETRY_WAIT_SECONDS * 2 ** (state.attempt_number - 1)) * (
            0.5 + random_fraction() / 2
        )

    async def once() -> T:
        return await ask()

    def stop(state: RetryCallState) -> bool:
        return clock.monotonic() - begun > LATEST_ATTEMPT_SECONDS or stop_after_attempt(attempts)(state)

    retrying = AsyncRetrying(
        retry=retry_if_exception(_is_worth_another_attempt),
        wait=wait,
        stop=stop,
        sleep=clock.sleep,
        reraise=True,
    )
    try:
        return await retrying(once)
    except FailedAttemptError as error:
        text = f"GitHub could not be asked: {error}{request}."
        if error.is_heavy:
            raise AnswerTooHeavyError(text) from None
        raise GitHubError(text, remedy=error.remedy) from None
