"""The body of an issue that BugSpark's button made is the base of its initial sync.

Source: docs/reference/bugspark.md, The existing export.
"""

from typing import Any

import pytest

from reconciler.decide.button_export import base_from_issue_body, link_began_at
from reconciler.model.fields import Base, Category, Severity, Status
from reconciler.model.link import LinkObservation, LinkOrigin
from reconciler.model.policy import SyncPolicy
from tests.support.factories import (
    AFTER,
    BEFORE,
    LINKED,
    a_new_link,
    a_report,
    a_seen_issue,
    an_issue,
    an_observation,
)


def body(severity: str = "high", category: str = "crash", status: str = "triaging") -> str:
    return (
        f"## Bug Report: BUG-0001\n\n**Severity:** {severity}\n**Category:** {category}\n"
        f"**Status:** {status}\n\n### Description\n\n**Severity:** low"
    )


def discovered(text: str, *labels: str, **given: Any) -> LinkObservation:
    link = a_new_link(origin=given.pop("origin", LinkOrigin.DISCOVERY))
    report = a_report(severity=Severity.LOW, category=Category.UI, status=Status.RESOLVED)
    return an_observation(link=link, report=report, issue=an_issue(*labels, body=text), **given)


def base_of(view: LinkObservation, *labels: str) -> Base | None:
    return base_from_issue_body(view, a_seen_issue(*labels), SyncPolicy())


def values(base: Base | None) -> tuple[str, str, str]:
    assert base is not None
    return base.severity, base.category, base.status


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        (body(), ("bug", "high", "crash"), ("high", "crash", "triaging")),
        (body(), ("bug", "high"), ("high", "bug", "triaging")),  # the button sets no category label
        (body(status="closed"), ("bug", "crash"), ("high", "crash", "new")),  # its issue is open
        (body(status="resolved"), ("bug", "crash"), ("high", "crash", "new")),
        (body(status="In Progress"), ("bug", "crash"), ("high", "crash", "in_progress")),
    ],
)
def test_the_base_has_the_values_of_the_moment_of_the_button(
    text: str, labels: tuple[str, ...], expected: tuple[str, str, str]
) -> None:
    assert values(base_of(discovered(text, *labels), *labels)) == expected


@pytest.mark.parametrize(
    "view",
    [
        an_observation(link=a_new_link(origin=LinkOrigin.DISCOVERY)),
        discovered(body(), origin=LinkOrigin.COMMAND),
        discovered(body(severity="blocker")),
        discovered(body().replace("**Status:**", "Status:")),
        discovered("written by a person"),
    ],
    ids=["issue not read", "linked by a command", "unknown value", "edited line", "no export"],
)
def test_without_the_three_values_nothing_is_known(view: LinkObservation) -> None:
    assert base_of(view) is None


@pytest.mark.parametrize(
    ("origin", "made", "began"),
    [
        (LinkOrigin.DISCOVERY, BEFORE, BEFORE),
        (LinkOrigin.DISCOVERY, AFTER, LINKED),
        (LinkOrigin.COMMAND, BEFORE, LINKED),
    ],
)
def test_a_discovered_link_began_when_its_issue_was_made(origin: Any, made: Any, began: Any) -> None:
    issue = an_issue(created_at=made)
    assert link_began_at(an_observation(link=a_new_link(origin=origin), issue=issue)) == began
    assert link_began_at(an_observation(link=a_new_link(origin=origin))) == LINKED
