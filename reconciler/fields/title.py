"""Title ↔ issue title with the tracking id. Off by default. The base stores each side's own spelling."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.fields.synced_field import BaseColumn, FieldDiff, SeenColumn, SyncedField, decide_verdict
from reconciler.model.fields import Base, Field
from reconciler.model.intent import DesiredTitle
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import SetTitle, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import Report, escape_literal_entities, unescape_html
from reconciler.text import title_from_github, title_to_github


def readable_title(report: Report, base: Base | None) -> str:
    """Return a report's title as people read it. `base`: the link's; None: not known, or no link."""
    if base is None:
        return unescape_html(report.title)
    return readable_stored_title(report.title, report.tracking_id, base.title, base.remote_title)


def readable_stored_title(
    title: str, tracking_id: str, base_title: str | None, base_remote_title: str | None
) -> str:
    """Return a stored title as people read it; the last two are the base's, None without one.

    BugSpark stores titles HTML-escaped. One that came from GitHub is stored as GitHub shows it, and the base
    remembers it: both sides' spellings are the same text. Source: docs/reference/bugspark.md, Text.
    """
    if base_remote_title is not None and title == base_title == title_from_github(
        base_remote_title, tracking_id
    ):
        return title
    return unescape_html(title)


class TitleField(SyncedField[SetTitle, DesiredTitle]):
    """A report's title and an issue's."""

    field = Field.TITLE
    desired_type = DesiredTitle
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_title", attribute="title", parse=str),
        BaseColumn(name="base_remote_title", attribute="remote_title", parse=str),
    )
    seen_columns: ClassVar[Sequence[SeenColumn]] = (SeenColumn(name="seen_title", attribute="title"),)
    is_text = True
    carries_text = True

    def agreed_base_attributes(self, value: str, seen: SeenIssue) -> Mapping[str, Any]:
        """Return each side's own spelling."""
        return {"title": value, "remote_title": seen.title}

    def with_written_value(self, base: Base, desired: DesiredTitle) -> Base:
        """Return the base with the title as it was written to GitHub."""
        return replace(base, title=desired.agreed, remote_title=desired.title)

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the report's title.

        Empty if it changed after the issue's was rendered, so that BugSpark counts as changed.
        """
        # As text: an intent may have been rendered by a release with other rules.
        rendered = title_to_github(report.tracking_id, unescape_html(report.title), policy.text)
        texts = {title_from_github(title, report.tracking_id) for title in (rendered, issue.title)}
        return report.title if len(texts) == 1 else ""

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare each side with its own last spelling; what gets written is the rendering for the other.

        Titles are equal when the issue's title is our rendering of the report's, or, with or without the
        prefix, its text as it reads or as it is stored. An issue title that is only the prefix has no value.
        """
        rendered = title_to_github(report.tracking_id, readable_title(report, base), policy.text)
        remote = title_from_github(seen.title, report.tracking_id)
        local_moved = base is not None and report.title != base.title
        alike = remote in (report.title, title_from_github(rendered, report.tracking_id))
        # An issue's title that we redacted has lost a part of the report's: it never comes back.
        whole = title_to_github(
            report.tracking_id, readable_title(report, base), replace(policy.text, redacts=False)
        )
        is_redacted = rendered != whole
        return FieldDiff(
            field=self.field,
            base=base.title if base else None,
            local=report.title,
            remote=remote or None,
            verdict=decide_verdict(
                first=base is None,
                local_moved=local_moved,
                remote_moved=base is not None
                and bool(remote)
                and seen.title != base.remote_title
                and not is_redacted,
                equal=alike or ((not remote or is_redacted) and not local_moved),
            ),
        )

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> SetTitle:
        """Build the action with the report's title, prefix included."""
        # What is sent has changed in BugSpark, or comes before any base: it is escaped.
        title = title_to_github(report.tracking_id, unescape_html(report.title), policy.text)
        return SetTitle(title=title, why=why)

    def build_desired(self, action: SetTitle, report: Report) -> DesiredTitle:
        """Return the rendered title."""
        return DesiredTitle(title=action.title, agreed=report.title)

    def issue_update(self, desired: DesiredTitle) -> IssueUpdate:
        """Return the update of the title."""
        return IssueUpdate(verb="retitle", members={"title": desired.title})

    def expected_events(self, desired: DesiredTitle) -> set[tuple[str, bool]]:
        """Return the event of renaming to it."""
        return {(desired.title.casefold(), True)}

    def value_to_restore(self, value: str) -> str:
        """Return GitHub's title, escaped: it will be read as a title that a person wrote in BugSpark."""
        return escape_literal_entities(value)

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return the issue's title as it is."""
        return seen.title


TITLE = TitleField()
