"""All that is known about one report, as `reconcile why` and the dashboard show it."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.intent import Intent
from reconciler.model.link import Entry, Link
from reconciler.model.report import LocalComment, Report
from reconciler.model.snapshot import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of a story, with its time (GitHub's)."""

    at: datetime
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A report, its link, what the ledger and the intents say, and its story, newest first."""

    report: Report
    link: Link | None  # the live one, else the newest
    comments: tuple[LocalComment, ...]
    entries: tuple[Entry, ...]
    intents: tuple[Intent, ...]
    story: tuple[Told, ...]
