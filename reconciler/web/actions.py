"""Which actions a report allows now: the same on its page and in the API. Pure."""

from dataclasses import dataclass, fields

from reconciler.model.intent import IntentState
from reconciler.model.link import LinkState
from reconciler.model.report_detail import ReportView


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedActions:
    """Which actions are possible. All are false for a visitor who may only read."""

    link: bool = False
    unlink: bool = False
    export: bool = False
    retry: bool = False
    resolve: bool = False
    instead: bool = False
    duplicate: bool = False

    def names(self) -> list[str]:
        """Return the possible ones by name."""
        return [each.name for each in fields(self) if getattr(self, each.name)]


def allowed_report_actions(shown: ReportView) -> AllowedActions:
    """Return the actions that the commands would not refuse."""
    link, intents = shown.detail.link, shown.detail.intents
    linked = link is not None and link.state not in (LinkState.UNLINKED, LinkState.SECOND)
    rests = linked and link is not None and link.quarantined_until is not None
    refused = any(intent.state is IntentState.QUARANTINED for intent in intents)
    return AllowedActions(
        link=not linked and not intents,
        unlink=linked,
        export=not linked and not intents,
        retry=rests or refused,
        resolve=link is not None and link.state is LinkState.ACTIVE,
        instead=bool(shown.detail.second_issues),
        duplicate=link is not None and link.is_live,
    )
