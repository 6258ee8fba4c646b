"""BugSpark's own export button, which stores no link."""

from reconciler.demo.github.world import Repository
from reconciler.model.ids import ReportId
from tests.support.bugspark import BugSpark


def press_button(bugspark: BugSpark, repository: Repository, report: ReportId) -> int:
    """Export as BugSpark's button does; return the issue's number.

    The label is the severity's own value, none is the category's, and the link is not stored.
    """
    row = bugspark.report(report)
    assert row is not None
    name, title = row["tracking_id"], row["title"]
    values = {key: str(row[key]) for key in ("severity", "category", "status")}
    body = (
        f"## Bug Report: {name}\n\n**Severity:** {values['severity']}\n"
        f"**Category:** {values['category']}\n**Status:** {values['status']}\n\n"
        f"### Description\n\n**Severity:** low\n\n---\n*Exported from BugSpark ({name})*"
    )
    labels = ["bug", values["severity"]]
    return repository.open_issue(f"[{name}] {title}", body, by="bugspark-bot", labels=labels).number
