"""Rules of the state machine for stages: people add and remove labels of stages besides everything else."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from reconciler.bootstrap.application import Application
from reconciler.errors import ReconcilerError
from reconciler.model.ids import ReportId
from reconciler.model.viewer import OPERATOR
from tests.proofs.random_history import INDEXES, RandomHistory
from tests.support.scenario import Scenario

STAGES = {"in_progress": ("in progress",), "triaging": ("triage",)}
"""Labels by stage, the one that counts first."""


class StageHistory(RandomHistory):
    """Everything that `RandomHistory` does, with stages mapped by the operator."""

    sync: ClassVar[dict[str, Any]] = {"stage": STAGES}
    is_as_configured = True  # the operator's settings have been in force all the time
    labelled_by_people: frozenset[int | None] = frozenset()  # issues whose stage labels people have touched

    @rule(index=INDEXES, status=st.sampled_from(["new", *STAGES]))
    def stage_in_bugspark(self, index: int, status: str) -> None:
        """A pass has seen what people did before: the later stage replaces their labels."""
        report = self.report_at(index)
        self.wait(self.scenario.run(seconds=61))
        row = self.scenario.all_reports().get(report)
        if row is not None and row["status"] != status:
            self.scenario.set_in_bugspark(report, "status", status)
            self.labelled_by_people -= {self.scenario.issue_numbers()[report]}

    @rule(index=INDEXES, stage=st.sampled_from(sorted(STAGES)), added=st.booleans())
    def stage_label_on_github(self, index: int, stage: str, added: bool) -> None:
        number = self.scenario.issue_numbers()[self.report_at(index)]
        if number is None:
            return
        self.labelled_by_people |= {number}
        web, (label,) = self.scenario.repository_of(number), STAGES[stage]
        if added:
            web.label(number, label, by="alice")
        elif label in web.label_names(number):
            web.unlabel(number, label, by="alice")

    @precondition(lambda self: len(self.scenario.reports) > 1)
    @rule(
        is_mapped=st.booleans(),
        direction=st.sampled_from(["both", "both", "to_github", "to_bugspark", "off"]),
    )
    def settings_change(self, is_mapped: bool, direction: str) -> None:
        """The owner changes the mapping or the direction; the sides may then differ for good."""
        own: dict[str, Any] = {"directions": {"stage": direction}}
        if not is_mapped:
            own["stage"] = {stage: [] for stage in STAGES}
        self.is_as_configured = False
        self.wait(self.scenario.save_settings(**own))

    @precondition(lambda self: self.is_as_configured and not self.labelled_by_people)
    @rule()
    def apply_to_existing_links(self) -> None:
        """The plan that was shown is applied, unless a fault or a change keeps it from being made.

        Only where every label is as this program put it: an older label of a person's would become an edit.
        """

        async def apply(app: Application) -> None:
            found = await app.find_project(str(self.scenario.project))
            with suppress(ReconcilerError):
                plan = await app.settings.preview_settings(found.id, b"{}", OPERATOR)
                await app.apply_settings(found, plan.hash)

        self.wait(self.scenario.run_work(apply))

    def violations_when_settled(self) -> list[str]:
        """Return those of the stages, too."""
        found = super().violations_when_settled()
        adopting = [row for row in self.scenario.bugspark.rows_of("sync_links") if row["adopts_mapping"]]
        if any(row["state"] == "active" and not row["quarantined_until"] for row in adopting):
            found.append("a base still adopts the mapping")
        if not self.is_as_configured:
            return found
        resting = self.scenario.numbers_that_rest()
        for report, number in self.scenario.issue_numbers().items():
            is_here = number is not None and self.scenario.is_here(number) and number not in resting
            if is_here and self.scenario.is_linked(report):
                found += _stage_violations(self.scenario, report, number or 0)
                if number not in self.labelled_by_people and report not in self.scenario.cut:
                    found += _missing_labels(self.scenario, report, number or 0)
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
        if event.kind == "labeled" and cast("dict[str, str]", event.detail["label"])["name"] == label
    ]
    if adders and adders[-1] == repository.world.user("bugspark-bot").id:
        yield f"status {row['status']} beside our label {label}"


def _missing_labels(scenario: Scenario, report: ReportId, number: int) -> Iterator[str]:
    """Check that an open issue whose stage labels nobody touched has exactly the report's one."""
    row, repository = scenario.all_reports().get(report), scenario.repository_of(number)
    if row is None or repository.issue(number).state != "open":
        return
    present = set(repository.label_names(number)) & {label for (label,) in STAGES.values()}
    expected = set(STAGES.get(row["status"], ()))
    if present != expected:
        yield f"status {row['status']} beside the stage labels {sorted(present)}, which nobody touched"
