"""The story, step by step: what people do, the program's passes, and a look at what came of it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.demo import afternoon, morning
from reconciler.demo.account import Account, Told, bill_in_words
from reconciler.demo.cast import COMPANIES, MONA, SHOP
from reconciler.demo.compare import Apart
from reconciler.demo.deeds import Chapter, imported
from reconciler.demo.final import compare_both
from reconciler.demo.harmless import show_hostile
from reconciler.demo.lines import KNOWN, OLDER_THAN_LINK, TWINS
from reconciler.demo.opening import Strange, buttoned, chatter, press_buttons, talk_before_the_link
from reconciler.demo.paper import counted, cut, fit
from reconciler.demo.stage import Ref, Stage, ref
from reconciler.demo.steps import CONFLICT, Step
from reconciler.demo.telling import Telling

MINUTES = 5
"""Between what people do and the passes after it, in the story's time."""

NAME = 17
CHAPTERS: tuple[Callable[[], Chapter], ...] = (
    morning.people_on_github,
    morning.people_in_bugspark,
    afternoon.second_thoughts,
    afternoon.deletions,
    afternoon.conflicts,
)
LABELS = {"critical": "critical", "high": "high-priority", "medium": "medium-priority", "low": "low-priority"}
CATEGORIES = {"ui", "performance", "crash"}


@dataclass(slots=True, kw_only=True)
class Story:
    """Everything after the two sides were set up."""

    stage: Stage
    telling: Telling
    account: Account
    strange: tuple[Strange, ...]
    aparts: list[Apart] = field(default_factory=list)

    async def tell(self) -> None:
        """All of it; what did not go as told is in `telling.broken`."""
        await self.export()
        await self.discover()
        for chapter in CHAPTERS:
            await self.chapter(chapter())
        await self.quiet()
        compare_both(self.stage, self.telling, self.aparts, self.strange)

    async def export(self) -> None:
        """`reconcile export`, and what became of a hostile report."""
        self._begin(
            "Export",
            "Most reports become issues. What Ben wrote below three of them before goes along.",
        )
        chosen = [ref(company, n) for company in COMPANIES for n in range(1, company.exported + 1)]
        self.telling.paper.line("    $ reconcile export Shop:BUG-0001 Shop:BUG-0002 …", "strong")
        urls, bill = await self.account.export([f"{at.company.name}:{at.tracking_id}" for at in chosen])
        self.telling.paper.line(f"      {counted(sum(map(bool, urls)), 'issue')} created")
        self.telling.paper.line(f"      {bill_in_words(bill)}", "quiet")
        self.telling.paper.line()
        self._promise("each issue has its report's title and labels", all(map(self._fits, chosen)))
        one, other = (self._issue(at) for at in TWINS)
        self._promise(f"two BUG-0001 share acme/shop: Shop's is {one}, Checkout's {other}", one != other)
        show_hostile(self.stage, self.telling)

    async def discover(self) -> None:
        """BugSpark's own button, and threads older than the link."""
        self._begin(
            "Issues made by BugSpark's own button",
            "The button has long made issues, but never stored which. A pass recognises one by title, footer"
            " and author, where exactly one report fits.",
        )
        press_buttons(self.stage)
        talk_before_the_link(self.stage)
        await self._passes()
        for company in COMPANIES:
            at = buttoned(company)
            self._promise(f"{fit(str(at), NAME)}  found its issue", self.stage.report(at).number is not None)
        at = buttoned(SHOP)
        copies = [note.body for note in self.stage.report(at).notes].count(imported(MONA, KNOWN))
        matched = copies == 1 and len(self.stage.thread(at)) == 1
        self._promise(f'{fit(str(at), NAME)}  "**mona** (via GitHub):", copied by hand, is matched', matched)
        self.aparts.append(
            Apart(ref=at, side="BugSpark", text=OLDER_THAN_LINK, reason="older than the link: stays here")
        )

    async def chapter(self, chapter: Chapter) -> None:
        """People act, passes run, promises are looked at."""
        self._begin(chapter.title, chapter.words)
        for deed in chapter.deeds:
            deed.act(self.stage)
            self._act(str(deed.at), deed.what)
        if chapter.plan_of:
            chatter(self.stage, self.strange)
            self._act(
                "unlinked issues", f"{MONA} comments on {len(self.strange)} of them, one a pull request"
            )
        self.stage.clock.advance(minutes=MINUTES)
        self.telling.paper.line()
        planned = await self.account.plan(chapter.plan_of) if chapter.plan_of else ()
        if planned:
            self.telling.paper.line()
        told = await self._passes()
        for deed in chapter.deeds:
            self._promise(f"{fit(str(deed.at), NAME)}  {deed.follows}", deed.holds(self.stage))
        if chapter.plan_of:
            self._as_planned(chapter.plan_of, planned, told)
        self.aparts += chapter.aparts

    async def quiet(self) -> None:
        """One pass to see what we wrote ourselves, then one with nothing to do."""
        self._begin(
            "Quiet",
            "Nobody does anything. The first passes meet what the program wrote itself, and are not fooled;"
            " the next ones are idle.",
        )
        calm = await self._passes()
        self.stage.clock.advance(minutes=MINUTES)
        idle = await self._passes()
        least = all(
            (told.bill.requests, told.bill.not_modified, told.bill.cost) == (2, 2, 0) for told in idle
        )
        self._promise("nothing was written on either side", not any(told.wrote for told in (*calm, *idle)))
        self._promise("an idle pass is two requests, both answered 304, and costs nothing", least)

    def _begin(self, title: str, *words: str) -> None:
        self.telling.begin(title, *words)
        self.stage.clock.advance(minutes=MINUTES)

    def _act(self, where: str, what: str) -> None:
        self.telling.paper.line(f"    {fit(where, NAME)}  {cut(what, 54)}")

    def _promise(self, text: str, kept: bool) -> None:
        self.telling.promise(text, kept)

    async def _passes(self) -> tuple[Told, ...]:
        self.telling.paper.line("    $ reconcile --all", "strong")
        passes = await self.account.passes()
        self.telling.paper.line()
        for told in passes:
            if not told.honest:
                self._promise(
                    f"{told.result.project_name}: the pass is done, at the cost it says", kept=False
                )
        return passes

    def _as_planned(self, name: str, planned: Iterable[Step], told: Iterable[Told]) -> None:
        done = next(each for each in told if each.result.project_name == name)
        wrote = Counter(step.key for step in done.steps if step.side != CONFLICT)
        same = wrote == Counter(step.key for step in planned)
        self._promise(f"the pass over {name} did exactly what its plan had shown", same)

    def _fits(self, at: Ref) -> bool:
        report = self.stage.report(at)
        if report.number is None:
            return False
        wanted = {"bug", LABELS[report.severity], *({report.category} & CATEGORIES)}
        return self.stage.labels(at) == wanted and self.stage.issue(at).title.startswith(
            f"[{at.tracking_id}] "
        )

    def _issue(self, at: Ref) -> str:
        return f"#{self.stage.report(at).number}"
