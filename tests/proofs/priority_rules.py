"""Rules of the state machine for severities in the organisation's field *Priority*."""

from collections.abc import Iterator
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from reconciler.model.ids import ReportId
from tests.proofs.random_history import INDEXES, RandomHistory
from tests.support.scenario_records import GITHUB

OPTIONS = {"critical": "Urgent", "high": "High", "medium": "Medium", "low": "Low"}
"""The option of each severity."""
OTHER = "Effort"
"""A field of the organisation that nothing is synced with."""


class PriorityHistory(RandomHistory):
    """Everything that `RandomHistory` does, with severities in Priority by the operator's configuration."""

    sync: ClassVar[dict[str, Any]] = {"severity_as": "priority"}
    is_as_configured = True  # Priority has been in use all the time

    def __init__(self) -> None:
        super().__init__()
        self.efforts: dict[int, str] = {}  # what people chose in the other field
        self.scenario.repository.add_field()
        self.scenario.repository.add_field(OTHER, ("High", "Low"))

    @initialize(
        are_listed=st.booleans(), moves_time=st.booleans(), events=st.sampled_from(["named", "bare", "none"])
    )
    def read_facts(self, are_listed: bool, moves_time: bool, events: str) -> None:
        """The readings of what GitHub's documentation leaves open."""
        self.scenario.github.world.assume(
            listed_issues_have_field_values=are_listed,
            field_change_bumps_issue=moves_time,
            field_events=events,
        )

    def act(self, act: tuple[str, int, Any]) -> None:
        """Perform one action; people choose a Priority in place of a label."""
        name, index, value = act
        if name == "severity on GitHub":
            self._choose(index, value)
        else:
            super().act(act)

    @rule(index=INDEXES)
    def clear_on_github(self, index: int) -> None:
        number = self._number(index)
        if number is not None and self._has_field():
            self.scenario.repository_of(number).clear_field(number, by="alice")

    @rule(index=INDEXES, option=st.sampled_from(["High", "Low"]))
    def choose_in_the_other_field(self, index: int, option: str) -> None:
        number = self._number(index)
        if number is not None:
            self.scenario.repository_of(number).choose(number, option, by="alice", name=OTHER)
            self.efforts[number] = option

    @precondition(lambda self: len(self.scenario.reports) > 1)
    @rule(
        severity_as=st.sampled_from(["label", "priority"]),
        direction=st.sampled_from(["both", "both", "to_github", "to_bugspark", "off"]),
    )
    def settings_change(self, severity_as: str, direction: str) -> None:
        """The owner changes where the severity is, or its direction; the sides may then differ for good."""
        self.is_as_configured = False
        own = {"severity_as": severity_as, "directions": {"severity": direction}}
        self.wait(self.scenario.save_settings(**own))

    @precondition(lambda self: len(self.scenario.reports) > 1)
    @rule(is_there=st.booleans())
    def organisation_changes_field(self, is_there: bool) -> None:
        """The field gets another name, or its own one again."""
        self.is_as_configured = False
        if is_there is not self._has_field():
            names = ("Rank", "Priority") if is_there else ("Priority", "Rank")
            self.scenario.repository.rename_field(*names)

    def violations_when_settled(self) -> list[str]:
        """Return those of the other field and of Priority, too. Without that field no pass becomes idle."""
        if not self._has_field():
            self.scenario.repository.rename_field("Rank", "Priority")
        if not self.is_as_configured:
            edits = self.scenario.field_edits
            self.scenario.field_edits = {key: value for key, value in edits.items() if key[1] != "severity"}
        found = [each for each in super().violations_when_settled() if not self._is_about_labels(each)]
        resting = self.scenario.numbers_that_rest()
        for report, number in self.scenario.issue_numbers().items():
            if number is None or not self.scenario.is_here(number):
                continue
            chosen = self.scenario.repository_of(number).chosen(number)
            if chosen.get(OTHER) != self.efforts.get(number):
                found.append(f"#{number}: the field {OTHER} was touched")
            if self.is_as_configured and number not in resting and self.scenario.is_linked(report):
                found += self._violations(report, number, chosen.get("Priority"))
        return found

    def _is_about_labels(self, violation: str) -> bool:
        """Whether it is about labels of severities, which count only while Priority is not in use."""
        return violation.startswith(("severity ", "nothing is noted about several labels for severity")) and (
            "beside the labels" in violation or "nothing is noted" in violation
        )

    def _violations(self, report: ReportId, number: int, chosen: str | None) -> Iterator[str]:
        """A Priority that is chosen is that of the report; none is no opinion."""
        row = self.scenario.all_reports().get(report)
        if row is not None and chosen is not None and chosen != OPTIONS[row["severity"]]:
            yield f"#{number}: severity {row['severity']} beside Priority {chosen}"

    def _choose(self, index: int, value: str) -> None:
        report, number = self.report_at(index), self._number(index)
        if number is None or not self._has_field():
            return
        if self.scenario.repository_of(number).chosen(number).get("Priority") != OPTIONS[value]:
            self.scenario._record_edit(report, "severity", GITHUB, value)
            self.scenario.repository_of(number).choose(number, OPTIONS[value], by="alice")

    def _number(self, index: int) -> int | None:
        """The issue of a report, if it is in the repository with the fields."""
        number = self.scenario.issue_numbers()[self.report_at(index)]
        return number if number is not None and self.scenario.is_here(number) else None

    def _has_field(self) -> bool:
        return any(each.name == "Priority" for each in (self.scenario.repository.fields or {}).values())
