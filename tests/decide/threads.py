"""Comments of a thread, and the decision about them: for the tests of `decide.comments`."""

from typing import Any

from reconciler.decide.comments import CommentsDecision, decide_comments
from reconciler.model.fields import Side
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, CommentPairState
from reconciler.model.plan import (
    Action,
)
from reconciler.model.policy import SanitizationPolicy, SyncPolicy
from reconciler.text import comment_to_github
from tests.support.factories import (
    AFTER,
    OURS,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    an_observation,
    ids,
    local_id,
)

LIVE, PENDING, TOMBSTONE, ENDED, SKIPPED = CommentPairState
GITHUB, BUGSPARK = Side.GITHUB, Side.BUGSPARK
LATER = AFTER.replace(minute=59)
POLICY = SyncPolicy()
FORM = "**octocat** (via GitHub):\n\nSeen here too"


def decided(policy: SyncPolicy = POLICY, **view: Any) -> CommentsDecision:
    return decide_comments(an_observation(**view), policy, ids())


def first(policy: SyncPolicy = POLICY, *, link: Any = None, **view: Any) -> CommentsDecision:
    return decided(policy, link=link or a_new_link(), is_complete=True, **view)


def kinds(decision: CommentsDecision) -> list[type[Action]]:
    return [type(action) for action in decision.actions]


def only(decision: CommentsDecision) -> CommentPair:
    (pair,) = decision.pairs
    return pair


def a_copy(of: int = 1, number: int = 1, **values: Any) -> RemoteComment:
    """Build our copy on GitHub, with a valid marker."""
    body = comment_to_github("Ada", "It happens daily", "<!-- signed -->", SanitizationPolicy())
    return a_remote_comment(number, body, **{"author": OURS, "marker_comment_id": local_id(of)} | values)


IMPORTED = a_local_comment(body=FORM, source="github")
ORIGINAL = a_remote_comment()
COPIED = a_pair(GITHUB, IMPORTED, ORIGINAL)
MINE = a_local_comment()
POSTED = a_copy()
SENT = a_pair(BUGSPARK, MINE, POSTED)
