"""What is not written: another database's issue, a frozen field, a field with an unconfirmed write."""

from reconciler.decide.link import decide_link
from reconciler.model.fields import Field, Severity, Status
from reconciler.model.link import FrozenField, LinkObservation, LinkState, MissingIssue
from reconciler.model.plan import LinkPlan, SetIssueState, SwapLabels
from reconciler.model.policy import SyncPolicy
from tests.support.factories import AFTER, a_link, a_report, an_issue, an_observation, ids


def decided(view: LinkObservation) -> LinkPlan:
    plan = decide_link(view, SyncPolicy(), {}, ids())
    assert isinstance(plan, LinkPlan)
    return plan


def test_the_owner_instance_is_kept_until_the_next_full_read() -> None:
    held = a_link(owner_instance="other-db")
    resolved = a_report(status=Status.RESOLVED)
    plan = decided(an_observation(link=held, report=resolved))
    assert (plan.after.owner_instance, plan.actions) == ("other-db", ())
    freed = decided(an_observation(link=held, report=resolved, issue=an_issue("high"), is_complete=True))
    assert freed.after.owner_instance is None
    assert [type(action) for action in freed.actions] == [SetIssueState]


FROZEN = FrozenField(field=Field.SEVERITY, since=AFTER, reason="bot undid it three times")


def test_a_frozen_field_is_not_written_and_thaws_when_both_sides_are_equal() -> None:
    link = a_link(frozen_fields=(FROZEN,))
    plan = decided(
        an_observation(link=link, report=a_report(severity=Severity.CRITICAL, status=Status.RESOLVED))
    )
    assert [type(action) for action in plan.actions] == [SetIssueState]
    assert plan.after.frozen_fields == (FROZEN,)
    assert decided(an_observation(link=link)).after.frozen_fields == ()


def test_a_field_that_may_show_our_unconfirmed_write_is_not_decided() -> None:
    report = a_report(status=Status.RESOLVED, severity=Severity.CRITICAL)
    plan = decided(an_observation(report=report, unconfirmed_fields=frozenset({Field.STATUS})))
    assert [type(action) for action in plan.actions] == [SwapLabels]


def test_an_issue_that_is_found_again_is_no_longer_missing() -> None:
    link = a_link(missing_issue=MissingIssue(state=LinkState.GONE, since=AFTER))
    assert decided(an_observation(link=link, issue=an_issue("high-priority"))).after.missing_issue is None
