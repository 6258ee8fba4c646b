"""Retention: what is older than `keep.days` is removed, now and then.

Source: docs/reference/contract.md, Configuration, [keep].
"""

from datetime import datetime, timedelta

from reconciler.logs import EventLogger
from reconciler.ports import Stores

log = EventLogger(__name__)


async def sweep_if_due(stores: Stores, now: datetime, kept: timedelta, every: timedelta) -> int:
    """Sweep, unless any process did less than `every` ago. How many rows went. Raises DatabaseError.

    `now` must be GitHub's time: a clock of ours that has jumped ahead would throw everything away.
    """
    if not await stores.maintenance.try_begin_cleanup(now, every):
        return 0
    gone = await stores.maintenance.delete_older_than(now - kept)
    if gone:
        log.info("old records removed", rows=gone, before=(now - kept).isoformat())
    return gone
