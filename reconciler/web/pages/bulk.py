"""One button for several reports of a project: retry, unlink, resolve or dismiss each, in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import BusyError, DatabaseError, ReconcilerError, UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.formatting import format_count
from reconciler.model.ids import ProjectId, ReportId, parse_uuid
from reconciler.model.viewer import Actor
from reconciler.ports import Queries
from reconciler.web.actions import ActionRunner

FIELD_PREFIX = "r-"
"""How the name of a report's checkbox begins; its id follows."""
MAX_REPORTS, MAX_CONFLICTS = 50, 500
"""As many reports as a page lists; the conflicts that are searched for theirs."""
MAX_REASONS = 3


class BulkAction(StrEnum):
    """What is done with each report."""

    RETRY = "retry"
    UNLINK = "unlink"
    DISMISS = "dismiss"
    TAKE_GITHUB = "take_github"
    TAKE_BUGSPARK = "take_bugspark"


SIDES = {BulkAction.TAKE_GITHUB: Side.GITHUB, BulkAction.TAKE_BUGSPARK: Side.BUGSPARK}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkForm:
    """The reports that were chosen, and what to do with them."""

    action: BulkAction
    reports: tuple[ReportId, ...]


def parse_bulk_form(form: Mapping[str, str]) -> BulkForm:
    """Read the form. Raises UsageError without a report, with too many, or without a known action."""
    try:
        action = BulkAction(form.get("action", ""))
    except ValueError:
        raise UsageError("This form names no action; load the page again.") from None
    ids = [parse_uuid(name.removeprefix(FIELD_PREFIX)) for name in form if name.startswith(FIELD_PREFIX)]
    reports = tuple(ReportId(each) for each in ids if each is not None)
    if not reports:
        raise UsageError("No report was chosen.")
    if len(reports) > MAX_REPORTS:
        raise UsageError(f"More than {MAX_REPORTS} reports were chosen.")
    return BulkForm(action=action, reports=reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkActions:
    """The commands, run for each chosen report."""

    queries: Queries
    actions: ActionRunner
    actor: Actor  # whose commands these are, for the history

    async def run(self, project_id: ProjectId, form: BulkForm) -> str:
        """Run the action for each report of this project; return a sentence about the result.

        What can't be done for one report does not stop the others; a project that is busy does. Raises
        DatabaseError, UsageError if nothing was done.
        """
        fields = await self._conflicting_fields(project_id) if form.action in SIDES else {}
        done, reasons = 0, list[str]()
        for report in form.reports:
            try:
                await self._run_one(project_id, form.action, report, fields.get(report, ()))
            except DatabaseError:
                raise
            except BusyError as error:
                reasons.append(str(error))
                break
            except ReconcilerError as error:
                reasons.append(str(error))
            else:
                done += 1
        said = _describe_result(done, len(form.reports), reasons)
        if not done:
            raise UsageError(said)
        return said

    async def _run_one(
        self, project_id: ProjectId, action: BulkAction, report: ReportId, fields: Sequence[Field]
    ) -> None:
        if await self.queries.project_of_report(report) != project_id:
            raise UsageError("There is no such report in this project.")
        if action not in SIDES:
            await self.actions.run_report_action(self.actor, report, action, {})
            return
        if not fields:
            raise UsageError("A chosen report has no conflict.")
        for field in fields:
            await self.actions.run_report_action(
                self.actor, report, "resolve", {"field": field, "take": SIDES[action]}
            )

    async def _conflicting_fields(self, project_id: ProjectId) -> dict[ReportId, list[Field]]:
        found: dict[ReportId, list[Field]] = {}
        for each in await self.queries.unresolved_conflicts(project_id, MAX_CONFLICTS):
            change = each.dated_change.change
            found.setdefault(change.report_id, []).append(Field(str(change.field)))
        return found


def _describe_result(done: int, chosen: int, reasons: Sequence[str]) -> str:
    """Return `Done for 3 of 5 reports. BUG-0007: …`."""
    counted = f"Done for {done:,} of {format_count(chosen, 'report')}."
    shown = [f"{reason.rstrip('.')}." for reason in dict.fromkeys(reasons)]
    more = [f"And {len(shown) - MAX_REASONS} more reasons."] if len(shown) > MAX_REASONS else []
    return " ".join([counted, *shown[:MAX_REASONS], *more])
