"""A report of each pass: what it read, wrote and cost. The cost comes from the simulator's journal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.bootstrap import Application
from reconciler.demo.environment import DemoEnvironment
from reconciler.demo.github.journal import RecordedRequest
from reconciler.demo.output import Output, counted, cut
from reconciler.demo.recorded_changes import (
    CONFLICT,
    RecordedChange,
    change_of_link,
    changes_of_history,
    changes_of_plan,
)
from reconciler.model.passes import Cost, NullProgress, Outcome, PassResult
from reconciler.model.report import Project

INDENT = 10
MAX_TEXT = 35  # what is left of 80 columns where every sign takes two or three


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPass:
    """A pass, what it wrote, and its requests in the journal."""

    result: PassResult
    steps: tuple[RecordedChange, ...]
    cost: Cost
    saw: str

    @property
    def is_consistent(self) -> bool:
        """Whether the pass succeeded and its cost is that of the journal."""
        return self.result.outcome is Outcome.OK and self.result.github == self.cost

    @property
    def has_written(self) -> bool:
        """Whether it wrote anything on either side."""
        return bool(self.steps or self.cost.writes)


class PassReporter:
    """Runs passes and commands and prints their results."""

    def __init__(
        self,
        environment: DemoEnvironment,
        output: Output,
        application: Application,
        projects: Mapping[str, Project],
    ) -> None:
        self._stage = environment
        self._paper = output
        self._application = application
        self._projects = projects

    async def passes(self) -> tuple[ReportedPass, ...]:
        """Run a pass over every project and print it."""
        reported = []
        for project in self._projects.values():
            reported.append(await self._pass(project))
            self._run(reported[-1])
        return tuple(reported)

    async def plan(self, name: str) -> tuple[RecordedChange, ...]:
        """Print what a pass over this project would do; nothing is written."""
        self._paper.line(f"    $ reconcile plan --project {name}", "strong")
        steps = changes_of_plan(await self._application.plan(self._projects[name], NullProgress()))
        for step in steps:
            self._paper.line(f"      {_line(step)}")
            self._paper.line(f"        {step.rule}", "quiet")
        return steps

    async def export(self, reports: Sequence[str]) -> tuple[tuple[str | None, ...], Cost]:
        """Run `reconcile export`; return the issues' addresses (None: it failed) and the cost."""
        before = len(self._stage.simulator.requests)
        results = await self._application.export(tuple(reports), NullProgress())
        return tuple(result.url for result in results), _cost_of(self._stage.simulator.requests[before:])

    async def _pass(self, project: Project) -> ReportedPass:
        requests, links, last = len(self._stage.simulator.requests), self._links(), self._last()
        result = await self._application.run_pass(project, wait=False, accept=None, progress=NullProgress())
        journal = self._stage.simulator.requests[requests:]
        taken_up = tuple(step for step in self._links() if step not in links)
        return ReportedPass(
            result=result,
            steps=taken_up + self._written(last),
            cost=_cost_of(journal),
            saw=_seen_lists(journal),
        )

    def _last(self) -> int:
        found = self._stage.bugspark.rows("SELECT coalesce(max(id), 0) AS id FROM sync_changes")
        return int(found[0]["id"])

    def _written(self, after: int) -> tuple[RecordedChange, ...]:
        query = (
            "SELECT c.*, r.tracking_id FROM sync_changes c LEFT JOIN reports r ON r.id = c.report_id"
            " WHERE c.id > ? ORDER BY c.id"
        )
        return changes_of_history(self._stage.bugspark.rows(query, after))

    def _links(self) -> tuple[RecordedChange, ...]:
        query = "SELECT l.*, r.tracking_id FROM sync_links l JOIN reports r ON r.id = l.report_id"
        return tuple(change_of_link(row) for row in self._stage.bugspark.rows(query))

    def _run(self, reported: ReportedPass) -> None:
        result, blank = reported.result, " " * (INDENT + 4)
        self._paper.line(f"    {result.project_name:<{INDENT}}saw   {reported.saw}")
        for line in _changes(reported):
            self._paper.line(f"{blank}{line}")
        self._paper.line(f"{blank}cost  {cost_in_words(reported.cost)}", "quiet")
        if result.error:
            self._paper.verdict(f"{result.outcome}: {result.error.message}", good=False)


def cost_in_words(cost: Cost) -> str:
    """`2 requests (all 304), 0 writes; rate limit used: 0`."""
    free = {0: "", cost.requests: " (all 304)"}.get(cost.not_modified, f" ({cost.not_modified} × 304)")
    asked = f"{counted(cost.requests, 'request')}{free}, {counted(cost.writes, 'write')}"
    return f"{asked}; rate limit used: {cost.cost}"


def _changes(reported: ReportedPass) -> Iterator[str]:
    if not reported.steps:
        yield "did   nothing"
    for index, step in enumerate(reported.steps):
        yield f"{'' if index else 'did':<6}{_line(step)}"
        if step.side == CONFLICT:
            yield f"{'':<6}{'':<24}{step.rule}"


def _line(step: RecordedChange) -> str:
    sign = "!" if step.side == CONFLICT else "→"
    return f"{sign} {step.side:<8}  {step.tracking_id}  {cut(step.text, MAX_TEXT)}"


def _cost_of(journal: Iterable[RecordedRequest]) -> Cost:
    seen = tuple(journal)
    return Cost(
        requests=len(seen),
        not_modified=sum(each.status == 304 for each in seen),
        writes=sum(each.write for each in seen),
        cost=sum(each.cost for each in seen),
    )


def _seen_lists(journal: Iterable[RecordedRequest]) -> str:
    """Return what GitHub's two lists answered, from the journal."""
    said = {}
    for each in journal:
        for name, end in (("issues", "/issues"), ("comments", "/issues/comments")):
            if each.method == "GET" and each.path.endswith(end):
                said[name] = "unchanged" if each.status == 304 else "changed"
    return f"on GitHub: {', '.join(f'{name} {what}' for name, what in said.items()) or 'nothing'}"
