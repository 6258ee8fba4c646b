"""A link's plan contains the changes of its comments, and when the link was compared last."""

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


def test_an_edit_of_our_copy_is_shown_in_the_plan() -> None:
    entry = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(1))
    edited = a_remote_comment(1, "rewritten", updated_at=AFTER + timedelta(minutes=5))
    plan = planned(an_observation(pairs=(entry,), comments=(edited,)))
    assert [event.kind for event in plan.events] == [Kind.COPY_EDITED]


def test_when_it_was_compared_is_kept_until_it_is_compared_again() -> None:
    view = an_observation(link=a_link(verification=CHECKED), comments=(a_remote_comment(1),))
    kept = planned(view).after
    assert kept is not None
    assert kept.verification == CHECKED
    later = Verification(at=CHECKED.due, due=CHECKED.due + timedelta(hours=6), etags=None)
    again = planned(
        an_observation(link=a_link(verification=CHECKED), verification=later, is_complete=True)
    ).after
    assert again is not None
    assert again.verification == later
