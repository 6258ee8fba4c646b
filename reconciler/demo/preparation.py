"""What exists before the first pass: unlinked issues, older comments, issues made by BugSpark's button."""

import html
from dataclasses import dataclass

from reconciler.demo.environment import DemoEnvironment, Ref, ref
from reconciler.demo.sample_data import (
    COMPANIES,
    HUBERT,
    MOBILE_REPOSITORY,
    MONA,
    SHOP,
    SHOP_REPOSITORY,
    TESTER,
    Company,
)
from reconciler.demo.texts import BACKLOG, CHATTER, KNOWN, OLDER_THAN_LINK
from reconciler.demo.user_actions import text_in_bugspark


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedIssue:
    """An issue or pull request of a user, without a report."""

    repository: str
    number: int


def open_unlinked_issues(environment: DemoEnvironment) -> tuple[UnlinkedIssue, ...]:
    """Open issues and a pull request unrelated to BugSpark; one of them looks related."""
    shop = environment.simulator.world.repository(SHOP_REPOSITORY)
    mobile = environment.simulator.world.repository(MOBILE_REPOSITORY)
    made = (
        (shop, shop.open_issue("Upgrade the image library", "Ours is old.", by=HUBERT, labels=["chore"])),
        (shop, shop.open_issue("[BUG-0003] is what I saw", "Not an export.", by=HUBERT, labels=["high"])),
        (shop, shop.open_issue("Faster search", "See the diff.", by=MONA, pull_request=True)),
        (mobile, mobile.open_issue("Translate to Welsh", None, by=HUBERT)),
    )
    return tuple(UnlinkedIssue(repository=place.full_name, number=issue.number) for place, issue in made)


def comment_on_unlinked_issues(environment: DemoEnvironment, unlinked: tuple[UnlinkedIssue, ...]) -> None:
    """Comment on the unlinked issues."""
    for each in unlinked:
        repository = environment.simulator.world.repository(each.repository)
        repository.comment(each.number, CHATTER, by=MONA)


def write_backlog(environment: DemoEnvironment) -> None:
    """Add comments in BugSpark before anything is exported."""
    for at, text in BACKLOG.items():
        environment.bugspark.comment(
            environment.report_id(at), text, author=environment.users[TESTER], age_days=1
        )


def report_of_button(company: Company) -> Ref:
    """Return the report that is exported by BugSpark's own button."""
    return ref(company, company.exported + 1)


def export_by_button(environment: DemoEnvironment) -> None:
    """Export a report of each project as BugSpark's button does: the link is not stored.

    Source: docs/reference/bugspark.md.
    """
    for company in COMPANIES:
        at = report_of_button(company)
        report, repository = environment.report(at), environment.repository(at)
        title = html.unescape(report.title)
        body = f"## Bug Report: {at.tracking_id}\n\n*Exported from BugSpark ({at.tracking_id})*"
        repository.open_issue(
            f"[{at.tracking_id}] {title}", body, by=company.bot, labels=["bug", report.severity]
        )


def comment_before_the_link(environment: DemoEnvironment) -> None:
    """Add older comments on both sides to one of them, one of them copied over by hand."""
    at = report_of_button(SHOP)
    repository = environment.repository(at)
    repository.comment(repository.next_number - 2, KNOWN, by=MONA)
    ben = environment.users[TESTER]
    environment.bugspark.comment(environment.report_id(at), OLDER_THAN_LINK, author=ben, age_days=2)
    environment.bugspark.comment(
        environment.report_id(at), text_in_bugspark(MONA, KNOWN), author=ben, age_days=1
    )
