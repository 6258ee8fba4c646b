"""Whether a comment is on GitHub: believed otherwise only after two readings that agree.

Reads are served from replicas that lag, and a flagged author's comments vanish for weeks
(docs/reference/github.md, Lists). So a first reading that differs from the ledger is only recorded. The
second one, of that comment alone and `settle_seconds` later, decides: deleted, shown again, or as it was. A
comment hidden as spam or abuse counts as deleted (docs/design.md, Comments).
"""

from dataclasses import replace
from datetime import timedelta

from reconciler.decide.comment_copies import excerpt
from reconciler.decide.comment_draft import CommentDraft
from reconciler.model.fields import Side
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    DELETED_ON_GITHUB,
    HIDDEN_ON_GITHUB,
    CommentPair,
    CommentPairState,
    FirstReading,
    Presence,
)
from reconciler.model.plan import CommentEvent, RemoveLocalComment, Rule, Why

COPY_WAS_DELETED = "the copy was deleted; its original stays, and no other copy is made"
COPY_WAS_HIDDEN = "the copy was hidden as spam or abuse; its original stays, and no other copy is made"
MISSING_ONCE = "GitHub did not show it; nothing is changed unless a second reading says the same"
HIDDEN_ONCE = (
    "it is hidden on GitHub as spam or abuse; nothing is changed unless a second reading says the same"
)
SHOWN_ONCE = "GitHub shows it again; nothing is changed unless a second reading says the same"
NEVER_GONE = "a second reading shows it on GitHub: nothing is changed"
STILL_GONE = "a second reading does not show it on GitHub: nothing is changed"
"""What the history says of readings."""


def decide_presence(draft: CommentDraft) -> None:
    """Record first readings that differ from the ledger, and end what second readings found gone.

    What a second reading shows again is restored where its row is decided.
    """
    rows = {row.id: row for row in draft.view.comments}
    for stored in draft.view.pairs:
        pair = draft.current_pair(stored)
        row = rows.get(pair.remote_id) if pair.remote_id is not None else None
        if pair.remote_id in draft.view.deleted_remote_ids:
            _decide_second_reading(draft, pair, Presence.ABSENT, row)
        elif pair.remote_id in draft.view.shown_remote_ids:
            _decide_second_reading(draft, pair, Presence.PRESENT, row)
        else:
            _record_contradicting_reading(draft, pair, row)


def is_shown_again(draft: CommentDraft, pair: CommentPair) -> bool:
    """Whether two readings show a comment that counted as deleted."""
    first = pair.first_reading
    return (
        pair.believed_presence is Presence.ABSENT
        and first is not None
        and first.presence is Presence.PRESENT
        and pair.remote_id in draft.view.shown_remote_ids
    )


def _record_contradicting_reading(draft: CommentDraft, pair: CommentPair, row: RemoteComment | None) -> None:
    seen, believed = _seen_presence(draft, pair, row), pair.believed_presence
    if pair.first_reading is not None or seen is None or believed is None or seen is believed:
        return
    due = draft.view.now + timedelta(seconds=draft.policy.settle_seconds)
    first = FirstReading(presence=seen, at=draft.view.now, second_due=due)
    draft.set_pair(replace(pair, first_reading=first))
    rule = SHOWN_ONCE if seen is Presence.PRESENT else HIDDEN_ONCE if row else MISSING_ONCE
    _add_reading_event(draft, pair, row, rule)


def _seen_presence(draft: CommentDraft, pair: CommentPair, row: RemoteComment | None) -> Presence | None:
    """What this reading says; None: nothing. A thread says something of each comment, a list of its rows."""
    if draft.view.is_older_than_known or pair.remote_id is None:
        return None
    if row is not None:
        return Presence.ABSENT if row.is_hidden else Presence.PRESENT
    return Presence.ABSENT if draft.view.is_complete else None


def _decide_second_reading(
    draft: CommentDraft, pair: CommentPair, seen: Presence, row: RemoteComment | None
) -> None:
    first, believed = pair.first_reading, pair.believed_presence
    if first is None:
        return
    if believed is None or first.presence is believed:  # it ended, or began to live, for another reason
        draft.set_pair(replace(pair, first_reading=None))
    elif seen is believed:
        draft.set_pair(replace(pair, first_reading=None))
        _add_reading_event(draft, pair, row, NEVER_GONE if believed is Presence.PRESENT else STILL_GONE)
    elif seen is Presence.ABSENT:
        _end_pair(draft, pair, row)
    else:  # it is there, but its row can't be read
        draft.set_pair(replace(pair, first_reading=None))


def _add_reading_event(draft: CommentDraft, pair: CommentPair, row: RemoteComment | None, rule: str) -> None:
    remote = excerpt(row.body) if row else None
    local = _local_excerpt(draft, pair)
    draft.events.append(
        CommentEvent(kind=Kind.READING, side=Side.GITHUB, rule=rule, local=local, remote=remote)
    )


def _end_pair(draft: CommentDraft, pair: CommentPair, row: RemoteComment | None) -> None:
    """End the row of a comment that two readings found gone, or hidden; delete the copy of an original."""
    reason = DELETED_ON_GITHUB if row is None else HIDDEN_ON_GITHUB
    if pair.origin is Side.BUGSPARK:
        draft.set_pair(replace(pair, state=CommentPairState.TOMBSTONE, reason=reason, first_reading=None))
        said = COPY_WAS_DELETED if row is None else COPY_WAS_HIDDEN
        original = _local_excerpt(draft, pair)
        draft.events.append(CommentEvent(kind=Kind.COPY_DELETED, side=Side.GITHUB, rule=said, local=original))
        return
    if draft.policy.carries_deletions_to_bugspark:
        rule = Rule.COMMENT_DELETED if row is None else Rule.COMMENT_HIDDEN
        why = Why(rule=rule, local=_local_excerpt(draft, pair))
        draft.actions.append(RemoveLocalComment(pair=pair, why=why))
    draft.set_pair(replace(pair, state=CommentPairState.ENDED, reason=reason, first_reading=None))


def _local_excerpt(draft: CommentDraft, pair: CommentPair) -> str | None:
    """Return an excerpt of the BugSpark comment, if this observation has it."""
    return next(
        (excerpt(local.body) for local in draft.view.local_comments if local.id == pair.local_id), None
    )
