"""Retries of requests that may be sent twice without harm: a few, within seconds.

A pass waits for nothing longer (docs/design.md, Limits and failure). Requests that create something are never
sent through here.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from reconciler.errors import GitHubError
from reconciler.ports import Clock

T = TypeVar("T")
MAX_ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.3
NO_RETRY_AFTER_SECONDS = 45.0
"""No attempt begins later than this after the first one began: their timeouts add up."""


class TransientError(Exception):
    """A failure that may be over at the next attempt."""


async def call_with_retries(
    ask: Callable[[], Awaitable[T]], *, clock: Clock, random_fraction: Callable[[], float]
) -> T:
    """Return what `ask` returns, called again after a TransientError.

    `random_fraction` returns a number in [0, 1): it spreads the waits, so that many processes do not come
    back at the same moment. Raises GitHubError after the last attempt.
    """
    begun = clock.monotonic()

    def wait(state: RetryCallState) -> float:
        # 0.15–0.3, 0.3–0.6, 0.6–1.2 s
        return float(FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)) * (0.5 + random_fraction() / 2)

    async def once() -> T:
        return await ask()

    def stop(state: RetryCallState) -> bool:
        return clock.monotonic() - begun > NO_RETRY_AFTER_SECONDS or stop_after_attempt(MAX_ATTEMPTS)(state)

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TransientError), wait=wait, stop=stop, sleep=clock.sleep, reraise=True
    )
    try:
        return await retrying(once)
    except TransientError as error:
        raise GitHubError(f"GitHub could not be asked: {error}.") from None
