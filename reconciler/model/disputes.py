"""Which conflicts of a report are still worth a person's look. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.dossier import DatedChange, ReportDetail
from reconciler.model.fields import Field
from reconciler.model.kinds import Kind

CONFLICT_SHOWN_FOR = timedelta(days=7)
"""So long a conflict is news, unless somebody changes or resolves the field before."""


def open_conflicts(dossier: ReportDetail, now: datetime) -> Iterator[DatedChange]:
    """Recorded conflicts that are news and whose outcome still stands (as `store.tallies` counts them)."""
    for field in Field:
        told = [each for each in dossier.history if each.change.field == field.value]  # newest first
        at = next((at for at, each in enumerate(told) if each.change.kind is Kind.CONFLICT), None)
        if at is None or told[at].at < now - CONFLICT_SHOWN_FOR:
            continue
        settled = any(each.change.kind is Kind.RESOLVE for each in told[:at])
        if not settled and all(each.change.to == told[at].change.to for each in told[:at]):
            yield told[at]
