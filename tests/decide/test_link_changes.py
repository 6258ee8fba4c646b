"""The events and the time of verification in a link's plan."""

from datetime import timedelta

from reconciler.decide.link import decide_link
from reconciler.model.fields import Side
from reconciler.model.kinds import Kind
from reconciler.model.link import LinkObservation, Verification
from reconciler.model.plan import LinkPlan
from reconciler.model.policy import SyncPolicy
from tests.support.factories import (
    AFTER,
    a_link,
    a_local_comment,
    a_pair,
    a_remote_comment,
    an_observation,
    ids,
)

CHECKED = Verification(at=AFTER, due=AFTER + timedelta(hours=6), etags=None)


def planned(view: LinkObservation) -> LinkPlan:
    plan = decide_link(view, SyncPolicy(), {}, ids())
    assert isinstance(plan, LinkPlan)
    return plan


def test_the_plan_has_the_event_of_an_edited_copy() -> None:
    pair = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(1))
    edited = a_remote_comment(1, "rewritten", updated_at=AFTER + timedelta(minutes=5))
    plan = planned(an_observation(pairs=(pair,), comments=(edited,)))
    assert [event.kind for event in plan.events] == [Kind.COPY_EDITED]


def test_the_verification_is_kept_until_the_next_one() -> None:
    view = an_observation(link=a_link(verification=CHECKED), comments=(a_remote_comment(1),))
    kept = planned(view).after
    assert kept is not None
    assert kept.verification == CHECKED
    later = Verification(at=CHECKED.due, due=CHECKED.due + timedelta(hours=6), etags=None)
    next_link = planned(
        an_observation(link=a_link(verification=CHECKED), verification=later, is_complete=True)
    ).after
    assert next_link is not None
    assert next_link.verification == later
