"""What was there before the story begins, and the texts whose fate its first half is about."""

import html
from dataclasses import dataclass

from reconciler.demo.cast import (
    COMPANIES,
    HUBERT,
    MOBILE_REPOSITORY,
    MONA,
    SHOP,
    SHOP_REPOSITORY,
    TESTER,
    Company,
)
from reconciler.demo.deeds import imported
from reconciler.demo.lines import BACKLOG, CHATTER, KNOWN, OLDER_THAN_LINK
from reconciler.demo.stage import Ref, Stage, ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange:
    """An issue or pull request of people, nobody's report."""

    repository: str
    number: int


def strangers(stage: Stage) -> tuple[Strange, ...]:
    """Issues and a pull request that have nothing to do with BugSpark; one of them looks as if it had."""
    shop = stage.simulator.world.repository(SHOP_REPOSITORY)
    mobile = stage.simulator.world.repository(MOBILE_REPOSITORY)
    made = (
        (shop, shop.open_issue("Upgrade the image library", "Ours is old.", by=HUBERT, labels=["chore"])),
        (shop, shop.open_issue("[BUG-0003] is what I saw", "Not an export.", by=HUBERT, labels=["high"])),
        (shop, shop.open_issue("Faster search", "See the diff.", by=MONA, pull_request=True)),
        (mobile, mobile.open_issue("Translate to Welsh", None, by=HUBERT)),
    )
    return tuple(Strange(repository=place.full_name, number=issue.number) for place, issue in made)


def chatter(stage: Stage, strange: tuple[Strange, ...]) -> None:
    """People go on talking where nobody's report is."""
    for each in strange:
        repository = stage.simulator.world.repository(each.repository)
        repository.comment(each.number, CHATTER, by=MONA)


def backlog(stage: Stage) -> None:
    """What was said in BugSpark before anything was exported."""
    for at, text in BACKLOG.items():
        stage.bugspark.comment(stage.report_id(at), text, author=stage.users[TESTER], age_days=1)


def buttoned(company: Company) -> Ref:
    """The report that was exported by BugSpark's own button."""
    return ref(company, company.exported + 1)


def press_buttons(stage: Stage) -> None:
    """BugSpark's own export, a report of each project: it does not store the link.

    Source: docs/reference/bugspark.md.
    """
    for company in COMPANIES:
        at = buttoned(company)
        report, repository = stage.report(at), stage.repository(at)
        title = html.unescape(report.title)
        body = f"## Bug Report: {at.tracking_id}\n\n*Exported from BugSpark ({at.tracking_id})*"
        repository.open_issue(
            f"[{at.tracking_id}] {title}", body, by=company.bot, labels=["bug", report.severity]
        )


def talk_before_the_link(stage: Stage) -> None:
    """On one of them both sides have talked already, and somebody copied a comment over by hand."""
    at = buttoned(SHOP)
    repository = stage.repository(at)
    repository.comment(repository.next_number - 2, KNOWN, by=MONA)
    ben = stage.users[TESTER]
    stage.bugspark.comment(stage.report_id(at), OLDER_THAN_LINK, author=ben, age_days=2)
    stage.bugspark.comment(stage.report_id(at), imported(MONA, KNOWN), author=ben, age_days=1)
