"""The operator's password: argon2id, with limits on the rate and number of guesses."""

import asyncio
from collections import OrderedDict
from datetime import timedelta

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from reconciler.errors import LimitedError
from reconciler.model.secret import Secret
from reconciler.ports import Clock
from reconciler.web.client_addresses import client_network

MAX_WRONG_GUESSES = 5
"""Wrong guesses allowed from one address within GUESS_WINDOW_SECONDS."""
GUESS_WINDOW_SECONDS = 300.0
"""The window begins with the address's first wrong guess."""
MAX_WRONG_GUESSES_OF_ALL = 60
"""Wrong guesses from all addresses within GUESS_WINDOW_SECONDS. Beyond, guesses are checked more slowly."""
SLOW_CHECK_SECONDS = 2.0
"""Time between two checks then: few guesses get through, and the right password still does."""
MAX_COUNTED_ADDRESSES = 4096
MIN_HASH_MEMORY_KIB, MIN_HASH_WORK = 7168, 35840
"""The least memory (KiB), and memory times passes, of an argon2id hash (OWASP, Password Storage)."""
MAX_WAITING_GUESSES = 8
"""Guesses that may wait while another is checked: each check takes one core and about 64 MiB."""
MAX_PASSWORD_LENGTH = 1024


class PasswordChecker:
    """Checks guesses of the password. `hashed`: the configured `web.password_hash`."""

    def __init__(self, hashed: Secret, clock: Clock) -> None:
        self._hashed = hashed
        self._clock = clock
        self._hasher = PasswordHasher()
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()  # key → (since, count)
        self._one_at_a_time = asyncio.Semaphore(1)
        self._waiting = 0
        self._wrong_of_all = (0.0, 0)  # (since, count)
        self._last_check = 0.0  # monotonic

    async def check_guess(self, guess: str, address: str) -> bool:
        """Return whether this is the password. A right guess clears the address's count of wrong ones.

        Raises LimitedError after too many wrong guesses from this address, or when too many are waiting.
        """
        key = client_network(address)
        if not self._hashed:
            return False
        if self._waiting >= MAX_WAITING_GUESSES or self._wrong_guess_count(key) >= MAX_WRONG_GUESSES:
            until = self._clock.now() + timedelta(seconds=GUESS_WINDOW_SECONDS)
            raise LimitedError("Too many attempts; try again in some minutes.", until)
        self._record_guess(key)  # before the check, so that concurrent guesses are counted too
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                await self._wait_if_many_guess()
                right = len(guess) <= MAX_PASSWORD_LENGTH and await asyncio.to_thread(
                    self._verify_hash, guess
                )
        finally:
            self._waiting -= 1
        if right:
            self._wrong.pop(key, None)
        else:
            self._wrong_of_all = (self._wrong_of_all[0], self._wrong_of_all[1] + 1)
        return right

    async def _wait_if_many_guess(self) -> None:
        """Wait between two checks while the wrong guesses of all addresses are too many."""
        now = self._clock.monotonic()
        if now - self._wrong_of_all[0] >= GUESS_WINDOW_SECONDS:
            self._wrong_of_all = (now, 0)
        if self._wrong_of_all[1] >= MAX_WRONG_GUESSES_OF_ALL:
            await self._clock.sleep(self._last_check + SLOW_CHECK_SECONDS - now)
        self._last_check = self._clock.monotonic()

    def _verify_hash(self, guess: str) -> bool:
        try:
            return self._hasher.verify(self._hashed.reveal(), guess.encode("utf-8", "replace"))
        except (Argon2Error, InvalidHashError):
            return False

    def _wrong_guess_count(self, key: str) -> int:
        since, count = self._wrong.get(key, (0.0, 0))
        if self._clock.monotonic() - since >= GUESS_WINDOW_SECONDS:
            self._wrong.pop(key, None)
            return 0
        return count

    def _record_guess(self, key: str) -> None:
        since, count = self._wrong.get(key, (self._clock.monotonic(), 0))
        self._wrong[key] = (since, count + 1)
        if len(self._wrong) > MAX_COUNTED_ADDRESSES:
            self._wrong.popitem(last=False)


def is_weak_password_hash(hashed: Secret) -> bool:
    """Return whether guesses against this argon2id hash are too cheap, or its parameters can't be read."""
    try:
        found = extract_parameters(hashed.reveal())
    except InvalidHashError:
        return True
    return found.memory_cost < MIN_HASH_MEMORY_KIB or found.memory_cost * found.time_cost < MIN_HASH_WORK
