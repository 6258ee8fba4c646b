"""Asking again: for what may be asked twice without harm, a few times, for a few seconds at most.

A pass waits for nothing longer (docs/design.md, Limits and failure), and nothing that creates comes through
here.
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
"""Seconds after the first attempt began from which none is added: timeouts add up."""


class TransientError(Exception):
    """It failed in a way that may have passed when asked again."""


async def call_with_retries(ask: Callable[[], Awaitable[T]], *, clock: Clock, dice: Callable[[], float]) -> T:
    """Return what `ask` returns, asking again after a PassingError; raises GitHubError when it does not pass.

    `dice` returns a number in [0, 1): the waits are spread so that many processes do not come back at once.
    """
    begun = clock.monotonic()

    def wait(state: RetryCallState) -> float:
        # 0.15–0.3, 0.3–0.6, 0.6–1.2 s
        return float(FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)) * (0.5 + dice() / 2)

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
