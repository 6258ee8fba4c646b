"""The account of each pass: what it saw, did and cost. The bill is GitHub's own, from its journal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.bootstrap import Application
from reconciler.demo.github.journal import RecordedRequest
from reconciler.demo.paper import Paper, counted, cut
from reconciler.demo.stage import Stage
from reconciler.demo.steps import CONFLICT, Step, linked, planned, written
from reconciler.model.passes import Cost, NoProgress, Outcome, PassResult
from reconciler.model.report import Project

INDENT = 10
ROOM = 35  # what is left of 80 columns where every sign takes two or three


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A pass, what it wrote, and what GitHub's journal says about it."""

    result: PassResult
    steps: tuple[Step, ...]
    bill: Cost
    saw: str

    @property
    def honest(self) -> bool:
        """Whether the pass is done, and what it says of its cost is what GitHub says."""
        return self.result.outcome is Outcome.OK and self.result.github == self.bill

    @property
    def wrote(self) -> bool:
        """Whether it wrote anything on either side."""
        return bool(self.steps or self.bill.writes)


class Account:
    """Runs the program and tells of it."""

    def __init__(
        self, stage: Stage, paper: Paper, application: Application, projects: Mapping[str, Project]
    ) -> None:
        self._stage = stage
        self._paper = paper
        self._application = application
        self._projects = projects

    async def passes(self) -> tuple[Told, ...]:
        """One pass over every project, told."""
        told = []
        for project in self._projects.values():
            told.append(await self._pass(project))
            self._tell(told[-1])
        return tuple(told)

    async def plan(self, name: str) -> tuple[Step, ...]:
        """What a pass over this project would do, told; nothing is written."""
        self._paper.line(f"    $ reconcile plan --project {name}", "strong")
        steps = planned(await self._application.plan(self._projects[name], NoProgress()))
        for step in steps:
            self._paper.line(f"      {_line(step)}")
            self._paper.line(f"        {step.rule}", "quiet")
        return steps

    async def export(self, reports: Sequence[str]) -> tuple[tuple[str | None, ...], Cost]:
        """`reconcile export`: the issues' addresses (None: it failed), and the bill."""
        before = len(self._stage.simulator.requests)
        results = await self._application.export(tuple(reports), NoProgress())
        return tuple(result.url for result in results), _bill(self._stage.simulator.requests[before:])

    async def _pass(self, project: Project) -> Told:
        requests, links, last = len(self._stage.simulator.requests), self._links(), self._last()
        result = await self._application.run_pass(project, wait=False, accept=None, progress=NoProgress())
        journal = self._stage.simulator.requests[requests:]
        taken_up = tuple(step for step in self._links() if step not in links)
        return Told(
            result=result, steps=taken_up + self._written(last), bill=_bill(journal), saw=_saw(journal)
        )

    def _last(self) -> int:
        found = self._stage.bugspark.rows("SELECT coalesce(max(id), 0) AS id FROM sync_changes")
        return int(found[0]["id"])

    def _written(self, after: int) -> tuple[Step, ...]:
        query = (
            "SELECT c.*, r.tracking_id FROM sync_changes c LEFT JOIN reports r ON r.id = c.report_id"
            " WHERE c.id > ? ORDER BY c.id"
        )
        return written(self._stage.bugspark.rows(query, after))

    def _links(self) -> tuple[Step, ...]:
        query = "SELECT l.*, r.tracking_id FROM sync_links l JOIN reports r ON r.id = l.report_id"
        return tuple(linked(row) for row in self._stage.bugspark.rows(query))

    def _tell(self, told: Told) -> None:
        result, blank = told.result, " " * (INDENT + 4)
        self._paper.line(f"    {result.project_name:<{INDENT}}saw   {told.saw}")
        for line in _deeds(told):
            self._paper.line(f"{blank}{line}")
        self._paper.line(f"{blank}cost  {bill_in_words(told.bill)}", "quiet")
        if result.error:
            self._paper.verdict(f"{result.outcome}: {result.error.message}", good=False)


def bill_in_words(bill: Cost) -> str:
    """`2 requests (all 304), 0 writes; rate limit used: 0`."""
    free = {0: "", bill.requests: " (all 304)"}.get(bill.not_modified, f" ({bill.not_modified} × 304)")
    asked = f"{counted(bill.requests, 'request')}{free}, {counted(bill.writes, 'write')}"
    return f"{asked}; rate limit used: {bill.cost}"


def _deeds(told: Told) -> Iterator[str]:
    if not told.steps:
        yield "did   nothing"
    for index, step in enumerate(told.steps):
        yield f"{'' if index else 'did':<6}{_line(step)}"
        if step.side == CONFLICT:
            yield f"{'':<6}{'':<24}{step.rule}"


def _line(step: Step) -> str:
    sign = "!" if step.side == CONFLICT else "→"
    return f"{sign} {step.side:<8}  {step.tracking_id}  {cut(step.text, ROOM)}"


def _bill(journal: Iterable[RecordedRequest]) -> Cost:
    seen = tuple(journal)
    return Cost(
        requests=len(seen),
        not_modified=sum(each.status == 304 for each in seen),
        writes=sum(each.write for each in seen),
        cost=sum(each.cost for each in seen),
    )


def _saw(journal: Iterable[RecordedRequest]) -> str:
    """What GitHub's two lists answered, by its journal."""
    said = {}
    for each in journal:
        for name, end in (("issues", "/issues"), ("comments", "/issues/comments")):
            if each.method == "GET" and each.path.endswith(end):
                said[name] = "unchanged" if each.status == 304 else "changed"
    return f"on GitHub: {', '.join(f'{name} {what}' for name, what in said.items()) or 'nothing'}"
