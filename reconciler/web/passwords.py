"""The operator's password: argon2id, one guess at a time, and not many of them."""

import asyncio
import ipaddress
from collections import OrderedDict
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from reconciler.errors import LimitedError
from reconciler.model.secret import Secret
from reconciler.ports import Clock

GUESSES = 5
"""Wrong ones from one address, until …"""
WINDOW = 300.0
"""… so many seconds after the first of them."""
MOST_ADDRESSES = 4096
WAITING = 8
"""Guesses that may wait for one that is being checked: each check takes a core and some 64 MiB."""
LONGEST = 1024


class Passwords:
    """Checks guesses. `hashed`: web.password_hash."""

    def __init__(self, hashed: Secret, clock: Clock) -> None:
        self._hashed = hashed
        self._clock = clock
        self._hasher = PasswordHasher()
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()  # address → since, how many
        self._one = asyncio.Semaphore(1)
        self._waiting = 0

    async def fits(self, guess: str, address: str) -> bool:
        """Whether this is the password. Raises LimitedError after too many wrong ones from this address, or
        when too many are being checked; an address's right guess forgets its wrong ones.
        """
        place = _network(address)
        if not self._hashed:
            return False
        if self._waiting >= WAITING or self._guessed(place) >= GUESSES:
            until = self._clock.now() + timedelta(seconds=WINDOW)
            raise LimitedError("Too many attempts; try again in some minutes.", until)
        self._count(place)  # before it is checked: many at once are many
        self._waiting += 1
        try:
            async with self._one:
                right = len(guess) <= LONGEST and await asyncio.to_thread(self._verify, guess)
        finally:
            self._waiting -= 1
        if right:
            self._wrong.pop(place, None)
        return right

    def _verify(self, guess: str) -> bool:
        try:
            return self._hasher.verify(self._hashed.reveal(), guess.encode("utf-8", "replace"))
        except (Argon2Error, InvalidHashError):
            return False

    def _guessed(self, place: str) -> int:
        since, count = self._wrong.get(place, (0.0, 0))
        if self._clock.monotonic() - since >= WINDOW:
            self._wrong.pop(place, None)
            return 0
        return count

    def _count(self, place: str) -> None:
        since, count = self._wrong.get(place, (self._clock.monotonic(), 0))
        self._wrong[place] = (since, count + 1)
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)


def _network(address: str) -> str:
    """One household, one budget: an IPv6 address counts by its /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
