"""What became of an issue that is not where it was (DESIGN.md, Limits and failure; GITHUB.md, Writes).

One answer proves nothing. A look that misses the issue makes its link rest for `settle_seconds`; a second
look that says the same ends it, in a state that people see. Both count only while the repository itself
answers with the id we know (the caller has asked). Nothing on either side is deleted, closed or changed
because of it, and no comment is taken for deleted.
"""

from dataclasses import replace
from datetime import timedelta

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import QUARANTINE
from reconciler.errors import MovedError, NotThereError, UnreadableError
from reconciler.model.link import Link, LinkState, Missing
from reconciler.model.plan import LinkPlan

NOT_SHOWN = (NotThereError, MovedError, UnreadableError)
"""What reading a single issue raises when it is not shown where it was."""


def missed(context: Context, link: Link, error: NotThereError | MovedError | UnreadableError) -> LinkPlan:
    """The plan for a link whose issue was not shown, of a repository that was."""
    now = context.github.now()
    fate = _fate(error)
    if fate is None:  # this one issue is kept from us; the others are not
        after = replace(link, reason=str(error), quarantined_until=now + QUARANTINE)
        return LinkPlan(link=link, report=None, after=after)
    first = link.missing
    if first is None or first.state is not fate:
        first = Missing(state=fate, since=now)
    until = first.since + timedelta(seconds=context.timing.settle)
    if until > now:
        after = replace(link, reason=str(error), missing=first, quarantined_until=until)
        return LinkPlan(link=link, report=None, after=after)
    reason = f"{error} Nothing in BugSpark was changed for it."
    after = replace(link, state=fate, reason=reason, missing=None, quarantined_until=None)
    return LinkPlan(link=link, report=None, after=after)


def _fate(error: NotThereError | MovedError | UnreadableError) -> LinkState | None:
    match error:
        case MovedError():
            return LinkState.TRANSFERRED
        case NotThereError(status=200):
            return LinkState.CONVERTED
        case NotThereError():
            return LinkState.GONE
        case UnreadableError():
            return None
