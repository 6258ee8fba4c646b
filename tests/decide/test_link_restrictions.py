"""What restricts a link: an issue of another database, a frozen field, an unconfirmed write."""

from reconciler.decide.link import decide_link
from reconciler.model.fields import Field, Severity, Status
from reconciler.model.link import FrozenField, LinkObservation, LinkState, MissingIssue
from reconciler.model.plan import LinkPlan, SetState, SwapLabels
from reconciler.model.policy import SyncPolicy
from tests.support.factories import AFTER, a_link, a_report, an_issue, an_observation, ids


def decided(view: LinkObservation) -> LinkPlan:
    plan = decide_link(view, SyncPolicy(), {}, ids())
    assert isinstance(plan, LinkPlan)
    return plan


def test_the_owning_instance_is_kept_until_the_link_is_read_in_full() -> None:
    held = a_link(owner_instance="other-db")
    resolved = a_report(status=Status.RESOLVED)
    plan = decided(an_observation(link=held, report=resolved))
    assert (plan.after.owner_instance, plan.actions) == ("other-db", ())
    freed = decided(an_observation(link=held, report=resolved, issue=an_issue("high"), is_complete=True))
    assert freed.after.owner_instance is None
    assert [type(each) for each in freed.actions] == [SetState]


FROZEN = FrozenField(field=Field.SEVERITY, since=AFTER, reason="bot undid it three times")


def test_a_frozen_field_is_written_on_neither_side_and_thaws_when_both_are_equal() -> None:
    link = a_link(frozen_fields=(FROZEN,))
    plan = decided(
        an_observation(link=link, report=a_report(severity=Severity.CRITICAL, status=Status.RESOLVED))
    )
    assert [type(each) for each in plan.actions] == [SetState]
    assert plan.after.frozen_fields == (FROZEN,)
    assert decided(an_observation(link=link)).after.frozen_fields == ()


def test_what_may_be_an_unconfirmed_write_of_ours_is_not_decided() -> None:
    report = a_report(status=Status.RESOLVED, severity=Severity.CRITICAL)
    plan = decided(an_observation(report=report, unconfirmed_fields=frozenset({Field.STATUS})))
    assert [type(each) for each in plan.actions] == [SwapLabels]


def test_an_issue_that_was_missing_and_is_there_is_missing_no_more() -> None:
    link = a_link(missing_issue=MissingIssue(state=LinkState.GONE, since=AFTER))
    assert decided(an_observation(link=link, issue=an_issue("high-priority"))).after.missing_issue is None
