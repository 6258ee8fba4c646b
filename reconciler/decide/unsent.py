"""Comments of BugSpark whose ledger row waits for a copy that nothing is going to send any more.

A link that was cut takes its unsent wishes along; when it is made again, or the one wish a comment may have
was another link's, the row is all that is left. What had been on its way goes out then (docs/design.md,
Invariants, 2); what a rule had kept back goes out when the link is made anew by one that lets it.
"""

from collections.abc import Iterator

from reconciler.decide.desk import Desk
from reconciler.model.fields import Side
from reconciler.model.link import CUT, Entry, EntryState, Link, LinkOrigin
from reconciler.model.report import LocalComment

OLDER = "older than the link (link --backfill sends such comments)"
"""Why a comment was kept back at first contact."""


def unsent(desk: Desk) -> Iterator[tuple[LocalComment, Entry]]:
    """Comments that are there, with the rows that know no copy of them. Only a whole look can tell."""
    if not desk.view.whole:
        return
    rows = {entry.local_id: desk.now(entry) for entry in desk.view.entries if entry.local_id is not None}
    for local in desk.view.local:
        entry = rows.get(local.id)
        if entry is not None and _waits(desk, entry):
            yield local, entry


def _waits(desk: Desk, entry: Entry) -> bool:
    if entry.origin is not Side.BUGSPARK or entry.remote_id is not None:
        return False
    if entry.state is EntryState.SKIPPED:
        return entry.reason == OLDER and desk.first and sends_older(desk.view.link)
    return entry.state in (EntryState.PENDING, EntryState.ENDED)


def sends_older(link: Link) -> bool:
    """Whether comments older than the link go out (docs/design.md, Initial sync)."""
    return link.backfill or link.origin is LinkOrigin.EXPORT


def is_over(desk: Desk, entry: Entry) -> bool:
    """The row ended because its original was deleted, not because its link was cut."""
    if entry.state is not EntryState.ENDED or entry.reason == CUT:
        return False
    return not any(local.id == entry.local_id for local in desk.view.local)
