"""The steps of the demo: actions of users, passes of the program, checks of the result."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.demo import changes, edits_and_conflicts
from reconciler.demo.compare import ExpectedDifference
from reconciler.demo.environment import DemoEnvironment, Ref, ref
from reconciler.demo.final_comparison import compare_both
from reconciler.demo.hostile_report import show_hostile
from reconciler.demo.output import Checklist, counted, cut, fit
from reconciler.demo.pass_report import PassReporter, ReportedPass, cost_in_words
from reconciler.demo.preparation import (
    UnlinkedIssue,
    comment_before_the_link,
    comment_on_unlinked_issues,
    export_by_button,
    report_of_button,
)
from reconciler.demo.recorded_changes import CONFLICT, RecordedChange
from reconciler.demo.sample_data import COMPANIES, MONA, SHOP
from reconciler.demo.texts import KNOWN, OLDER_THAN_LINK, TWINS
from reconciler.demo.user_actions import Chapter, text_in_bugspark

MINUTES = 5
"""The simulated time between actions of users and the passes after them."""

NAME = 17
CHAPTERS: tuple[Callable[[], Chapter], ...] = (
    changes.people_on_github,
    changes.people_in_bugspark,
    edits_and_conflicts.second_thoughts,
    edits_and_conflicts.deletions,
    edits_and_conflicts.conflicts,
)
LABELS = {"critical": "critical", "high": "high-priority", "medium": "medium-priority", "low": "low-priority"}
CATEGORIES = {"ui", "performance", "crash"}


@dataclass(slots=True, kw_only=True)
class Walkthrough:
    """Everything after both sides are set up."""

    environment: DemoEnvironment
    checklist: Checklist
    reporter: PassReporter
    unlinked: tuple[UnlinkedIssue, ...]
    differences: list[ExpectedDifference] = field(default_factory=list)

    async def tell(self) -> None:
        """Run all steps; failed checks are in `checklist.failed`."""
        await self.export()
        await self.discover()
        for chapter in CHAPTERS:
            await self.chapter(chapter())
        await self.quiet()
        compare_both(self.environment, self.checklist, self.differences, self.unlinked)

    async def export(self) -> None:
        """Run `reconcile export` and show a hostile report."""
        self._begin(
            "Export",
            "Most reports become issues. What Ben wrote below three of them before goes along.",
        )
        chosen = [ref(company, n) for company in COMPANIES for n in range(1, company.exported + 1)]
        self.checklist.output.line("    $ reconcile export Shop:BUG-0001 Shop:BUG-0002 …", "strong")
        urls, cost = await self.reporter.export([f"{at.company.name}:{at.tracking_id}" for at in chosen])
        self.checklist.output.line(f"      {counted(sum(map(bool, urls)), 'issue')} created")
        self.checklist.output.line(f"      {cost_in_words(cost)}", "quiet")
        self.checklist.output.line()
        self._check("each issue has its report's title and labels", all(map(self._fits, chosen)))
        one, other = (self._issue(at) for at in TWINS)
        self._check(f"two BUG-0001 share acme/shop: Shop's is {one}, Checkout's {other}", one != other)
        show_hostile(self.environment, self.checklist)

    async def discover(self) -> None:
        """Discover issues made by BugSpark's own button, with older comments."""
        self._begin(
            "Issues made by BugSpark's own button",
            "The button has long made issues, but never stored which. A pass recognises one by title, footer"
            " and author, where exactly one report fits.",
        )
        export_by_button(self.environment)
        comment_before_the_link(self.environment)
        await self._passes()
        for company in COMPANIES:
            at = report_of_button(company)
            self._check(
                f"{fit(str(at), NAME)}  found its issue", self.environment.report(at).number is not None
            )
        at = report_of_button(SHOP)
        copies = [note.body for note in self.environment.report(at).comments].count(
            text_in_bugspark(MONA, KNOWN)
        )
        matched = copies == 1 and len(self.environment.thread(at)) == 1
        self._check(f'{fit(str(at), NAME)}  "**mona** (via GitHub):", copied by hand, is matched', matched)
        self.differences.append(
            ExpectedDifference(
                ref=at, side="BugSpark", text=OLDER_THAN_LINK, reason="older than the link: stays here"
            )
        )

    async def chapter(self, chapter: Chapter) -> None:
        """Perform the actions, run the passes, check the results."""
        self._begin(chapter.title, chapter.words)
        for action in chapter.actions:
            action.act(self.environment)
            self._act(str(action.at), action.what)
        if chapter.plan_of:
            comment_on_unlinked_issues(self.environment, self.unlinked)
            self._act(
                "unlinked issues", f"{MONA} comments on {len(self.unlinked)} of them, one a pull request"
            )
        self.environment.clock.advance(minutes=MINUTES)
        self.checklist.output.line()
        planned = await self.reporter.plan(chapter.plan_of) if chapter.plan_of else ()
        if planned:
            self.checklist.output.line()
        reported = await self._passes()
        for _ in range(chapter.passes - 1):
            self.environment.clock.advance(minutes=MINUTES)
            await self._passes()
        for action in chapter.actions:
            self._check(f"{fit(str(action.at), NAME)}  {action.expected}", action.check(self.environment))
        if chapter.plan_of:
            self._as_planned(chapter.plan_of, planned, reported)
        self.differences += chapter.differences

    async def quiet(self) -> None:
        """Run a pass that reads our own writes, then an idle one."""
        self._begin(
            "Quiet",
            "Nobody does anything. The first passes meet what the program wrote itself, and are not fooled;"
            " the next ones are idle.",
        )
        calm = await self._passes()
        self.environment.clock.advance(minutes=MINUTES)
        idle = await self._passes()
        least = all(
            (reported.cost.requests, reported.cost.not_modified, reported.cost.cost) == (2, 2, 0)
            for reported in idle
        )
        self._check(
            "nothing was written on either side", not any(reported.has_written for reported in (*calm, *idle))
        )
        self._check("an idle pass is two requests, both answered 304, and costs nothing", least)

    def _begin(self, title: str, *words: str) -> None:
        self.checklist.begin(title, *words)
        self.environment.clock.advance(minutes=MINUTES)

    def _act(self, where: str, what: str) -> None:
        self.checklist.output.line(f"    {fit(where, NAME)}  {cut(what, 54)}")

    def _check(self, text: str, passed: bool) -> None:
        self.checklist.check(text, passed)

    async def _passes(self) -> tuple[ReportedPass, ...]:
        self.checklist.output.line("    $ reconcile --all", "strong")
        passes = await self.reporter.passes()
        self.checklist.output.line()
        for reported in passes:
            if not reported.is_consistent:
                self._check(
                    f"{reported.result.project_name}: the pass is done, at the cost it says", passed=False
                )
        return passes

    def _as_planned(
        self, name: str, planned: Iterable[RecordedChange], reported: Iterable[ReportedPass]
    ) -> None:
        done = next(each for each in reported if each.result.project_name == name)
        has_written = Counter(step.key for step in done.steps if step.side != CONFLICT)
        same = has_written == Counter(step.key for step in planned)
        self._check(f"the pass over {name} did exactly what its plan had shown", same)

    def _fits(self, at: Ref) -> bool:
        report = self.environment.report(at)
        if report.number is None:
            return False
        wanted = {"bug", LABELS[report.severity], *({report.category} & CATEGORIES)}
        return self.environment.labels(at) == wanted and self.environment.issue(at).title.startswith(
            f"[{at.tracking_id}] "
        )

    def _issue(self, at: Ref) -> str:
        return f"#{self.environment.report(at).number}"
