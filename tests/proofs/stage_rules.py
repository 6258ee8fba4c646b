"""Rules of the state machine for stages: people add and remove labels of stages besides everything else."""

from collections.abc import Iterator
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from reconciler.model.ids import ReportId
from tests.proofs.machine import WHICH, Storm
from tests.support.scenario import Scenario

STAGES = {"in_progress": ("in progress",), "triaging": ("triage",)}
"""Labels by stage, the one that counts first."""


class StagedStorm(Storm):
    """Everything that `Storm` does, with stages mapped by the operator."""

    sync: ClassVar[dict[str, Any]] = {"stage": STAGES}

    @rule(which=WHICH, stage=st.sampled_from(sorted(STAGES)), added=st.booleans())
    def stage_label_on_github(self, which: int, stage: str, added: bool) -> None:
        number = self.scenario.issue_numbers()[self.report_at(which)]
        if number is None:
            return
        web, (label,) = self.scenario.repository_of(number), STAGES[stage]
        if added:
            web.label(number, label, by="alice")
        elif label in web.label_names(number):
            web.unlabel(number, label, by="alice")

    def violations_when_settled(self) -> list[str]:
        """Return those of the stages, too."""
        found = super().violations_when_settled()
        resting = self.scenario.numbers_that_rest()
        for report, number in self.scenario.issue_numbers().items():
            is_here = number is not None and self.scenario.is_here(number) and number not in resting
            if is_here and self.scenario.is_linked(report):
                found += _stage_violations(self.scenario, report, number or 0)
        return found


def _stage_violations(scenario: Scenario, report: ReportId, number: int) -> Iterator[str]:
    """Check that a stage label that this program put on an open issue is the report's stage.

    A report that is `new` may have been reopened on GitHub, where older labels say nothing; a label of a
    person's may be such an old one.
    """
    row, repository = scenario.all_reports().get(report), scenario.repository_of(number)
    if row is None or repository.issue(number).state != "open":
        return
    present = set(repository.label_names(number))
    counted = next((stage for stage, (label,) in STAGES.items() if label in present), None)
    if counted is None or row["status"] not in STAGES or row["status"] == counted:
        return
    (label,) = STAGES[counted]
    adders = [
        event.actor
        for event in repository.events[number]
        if event.kind == "labeled" and dict(event.detail["label"])["name"] == label  # type: ignore[call-overload]
    ]
    if adders and adders[-1] == repository.world.user("bugspark-bot").id:
        yield f"status {row['status']} beside our label {label}"
