"""What pages and API can do: the commands by the names of their routes, and the sentences they answer.

The caller has checked the visitor's rights on the project. At the end: which actions a report allows. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from reconciler.errors import UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.formatting import format_count
from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.intent import IntentState
from reconciler.model.link import LinkState
from reconciler.model.report_detail import ReportView
from reconciler.model.viewer import Actor
from reconciler.model.views import CheckResult
from reconciler.model.webhook import HookResult, WebhookSetup
from reconciler.ports import Commands, CommandsOf, Queries

REPORT_ACTIONS = ("link", "unlink", "export", "retry", "resolve", "dismiss", "instead", "duplicate", "follow")
PROJECT_ACTIONS = ("sync", "pause", "resume", "verify", "accept", "resolve", "retry", "dismiss")
WEBHOOK_ACTIONS = ("create", "rotate", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRunner:
    """Runs an action with the words of its form or body, and returns the sentence about what was done.

    `actor`: whose action it is, for the history.

    Raises UsageError for words that can't be used, and what `ports.Commands` raises.
    """

    commands_of: CommandsOf
    queries: Queries

    async def run_report_action(
        self, actor: Actor, report_id: ReportId, what: str, words: Mapping[str, str]
    ) -> str:
        """Run one of REPORT_ACTIONS. `words`: `issue`, `backfill` ("1"), `field`, `take`: what it needs."""
        commands = self.commands_of(actor)
        match what:
            case "link" | "instead" | "follow" | "duplicate":
                return await _run_issue_action(commands, report_id, what, words)
            case "unlink":
                return await commands.unlink(report_id)
            case "export":
                return await commands.export(report_id)
            case "retry":
                return await commands.retry(report_id)
            case "dismiss":
                return await commands.dismiss(report_id, parse_dismissed_field(words))
            case _:
                return await commands.resolve(report_id, *parse_conflict_choice(words))

    async def run_project_action(
        self, actor: Actor, project_id: ProjectId, what: str, words: Mapping[str, str]
    ) -> str:
        """Run one of PROJECT_ACTIONS. `words`: the `word` to accept, or the `report` it is about."""
        commands = self.commands_of(actor)
        match what:
            case "sync":
                return await commands.sync(project_id)
            case "pause":
                return await commands.pause(project_id)
            case "resume":
                return await commands.resume(project_id)
            case "verify":
                return await commands.verify(project_id)
            case "accept":
                return await commands.accept_waiting_changes(project_id, words.get("word", ""))
            case _:
                return await self._run_report_action_of_project(actor, project_id, what, words)

    async def _run_report_action_of_project(
        self, actor: Actor, project_id: ProjectId, what: str, words: Mapping[str, str]
    ) -> str:
        """Run a command on a report. Raises UsageError unless it belongs to this project: access was checked
        for this project only.
        """
        report_id = parse_uuid(words.get("report", ""))
        if report_id is None or await self.queries.project_of_report(ReportId(report_id)) != project_id:
            raise UsageError("There is no such report in this project.")
        return await self.run_report_action(actor, ReportId(report_id), what, words)

    async def run_webhook_action(self, actor: Actor, project_id: ProjectId, what: str) -> str:
        """Run one of WEBHOOK_ACTIONS."""
        commands = self.commands_of(actor)
        match what:
            case "create":
                return webhook_created_text(await commands.create_webhook(project_id))
            case "rotate":
                setup = await commands.rotate_webhook(project_id)
                return rotated_text(replaced=setup.previous_until is not None)
            case _:
                return await commands.ping_webhook(project_id)

    async def check_project(self, actor: Actor, project_id: ProjectId) -> tuple[CheckResult, ...]:
        """Run the checks of a project."""
        return await self.commands_of(actor).check_project(project_id)

    async def reveal_webhook(self, actor: Actor, project_id: ProjectId) -> WebhookSetup:
        """Return what is entered on GitHub, the secret included."""
        return await self.commands_of(actor).show_webhook_setup(project_id)


async def _run_issue_action(
    commands: Commands, report_id: ReportId, what: str, words: Mapping[str, str]
) -> str:
    """Run one of the commands about a report and an issue."""
    issue = words.get("issue", "")
    match what:
        case "follow":
            return await commands.follow(report_id, issue)
        case "duplicate":
            return await commands.close_duplicate_issue(report_id, issue)
        case "instead":
            return await commands.link(report_id, issue, backfill=False, instead=True)
        case _:
            return await commands.link(report_id, issue, backfill=words.get("backfill") == "1")


def parse_conflict_choice(words: Mapping[str, str]) -> tuple[Field, Side]:
    """Read field and side. Raises UsageError."""
    try:
        return Field(words.get("field", "")), Side(words.get("take", ""))
    except ValueError:
        raise UsageError("This form names no field or no side; load the page again.") from None


def parse_dismissed_field(words: Mapping[str, str]) -> Field | None:
    """Read the field of a dismissal; None: everything of the report. Raises UsageError."""
    try:
        return Field(words["field"]) if words.get("field") else None
    except ValueError:
        raise UsageError("This form names no field; load the page again.") from None


def webhook_created_text(result: HookResult) -> str:
    """Describe the result of *create*, and what a person has to do."""
    done = "was created" if result.is_new else "was repaired"
    text = f"The webhook of {result.repository} {done} (id {result.id}); GitHub sends a ping at once."
    if result.previous_url is not None:
        text += f" Before, it delivered to {result.previous_url}."
    if result.response is not None and not result.response.is_ok:
        text += f" {result.response.text}."
    if result.others:
        more = format_count(result.others, "more webhook")
        text += f" {more} of the repository deliver for this project: remove them on GitHub."
    return text


def rotated_text(*, replaced: bool) -> str:
    """Describe the result of *rotate*, and the next step."""
    kept = " The previous one stays valid for a day." if replaced else ""
    return f"There is a new secret.{kept} Enter it on GitHub: by the button, or reveal it and copy it there."


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
    follows = shown.detail.follows is not None
    rests = linked and link is not None and link.quarantined_until is not None
    refused = any(intent.state is IntentState.QUARANTINED for intent in intents)
    return AllowedActions(
        link=not linked and not follows and not intents,
        unlink=linked or follows,
        export=not linked and not follows and not intents,
        retry=rests or refused,
        resolve=link is not None and link.state is LinkState.ACTIVE,
        instead=bool(shown.detail.second_issues),
        duplicate=(link is not None and link.is_live) or (follows and bool(shown.detail.second_issues)),
    )
