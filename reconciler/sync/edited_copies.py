"""Copies of ours that a person edited before we first read them.

The answer to a POST is lost, and before recovery looks, somebody appends to the new comment or issue: its
marker is not the last line any more, or is gone. In rows by an account of ours, made since the claim, a valid
marker counts wherever it stands (once); beside it title, footer and our own rendering as prefix. What cannot
be told apart then is shown, and nothing is sent (docs/design.md, Writing to GitHub, 6).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.logs import EventLogger
from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.ids import AccountId, CommentId, RemoteCommentId, RepositoryId
from reconciler.model.intent import DOUBTFUL_ANSWER, Intent, IntentState, NewComment, NewIssue
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.kinds import Operation
from reconciler.sync.context import Context
from reconciler.text import has_bugspark_tag, normalise

DOUBTFUL_SEARCH_PAUSE = timedelta(hours=1)
"""So much later GitHub is searched again for a copy that could not be told apart; a change there makes it
sooner.
"""

GITHUB_CLOCKS_DIFFERENCE = timedelta(seconds=5)
"""How far before the claim a row may be dated that was made after it: GitHub's machines differ by seconds."""

log = EventLogger(__name__)


def may_be_edited_copy(row: RemoteComment) -> bool:
    """Whether a comment by an account of ours, not recognised by its last line, may be a copy of ours."""
    unrecognised = row.marker_comment_id is None and row.marker_instance is None
    return unrecognised and (MARKER_NAME in row.body or has_bugspark_tag(row.body))


async def mark_edited_copies(
    context: Context,
    repository_id: RepositoryId,
    accounts: Collection[AccountId],
    comments: Mapping[RemoteCommentId, RemoteComment],
    recorded: Collection[RemoteCommentId | None],
) -> dict[RemoteCommentId, RemoteComment]:
    """Mark the edited copies in the complete threads of some issues.

    `recorded`: comments that the ledger knows. What could be the copy of several comments, or several rows
    that could be the copy of one, are marked as doubtful: they are neither imported nor matched, and the
    intent is not sent. Stored: the reason of such an intent.
    """
    found = dict(comments)
    suspects = [
        row
        for key, row in comments.items()
        if key not in recorded and row.author and row.author.id in accounts and may_be_edited_copy(row)
    ]
    if not suspects:
        return found
    answered = {row.marker_comment_id for row in comments.values()}
    intents = [
        intent
        for intent in await maybe_sent_creates(context, repository_id, Operation.CREATE_COMMENT)
        if CommentId(intent.local_id) not in answered
    ]
    candidates = {intent: _find_comment_candidates(context, intent, suspects) for intent in intents}
    for intent, rows in candidates.items():
        rivals = [other for other, others in candidates.items() if other is not intent and others == rows]
        if len(rows) == 1 and not rivals:
            found[rows[0].id] = replace(rows[0], marker_comment_id=CommentId(intent.local_id))
        elif rows:
            found.update((row.id, replace(row, is_doubtful_copy=True)) for row in rows)
            await hold_back_ambiguous_write(context, intent, [row.url for row in rows])
    return found


async def find_doubtful_copies(
    context: Context,
    repository_id: RepositoryId,
    accounts: Collection[AccountId],
    comments: Iterable[RemoteComment],
) -> frozenset[RemoteCommentId]:
    """Return the rows of a list that only the whole thread can tell apart: its issue is read in full."""
    suspects = [
        row for row in comments if row.author and row.author.id in accounts and may_be_edited_copy(row)
    ]
    if not suspects:
        return frozenset()
    intents = await maybe_sent_creates(context, repository_id, Operation.CREATE_COMMENT)
    return frozenset(
        row.id for intent in intents for row in _find_comment_candidates(context, intent, suspects)
    )


async def maybe_sent_creates(
    context: Context, repository_id: RepositoryId, operation: Operation
) -> tuple[Intent, ...]:
    """Return the creates that may have reached GitHub at least once, without a confirmation."""
    rows = await context.stores.intents.list_open(context.project.id)
    return tuple(
        row
        for row in rows
        if row.operation is operation and row.repository_id == repository_id and row.claimed_at is not None
    )


def _find_comment_candidates(
    context: Context, intent: Intent, rows: Sequence[RemoteComment]
) -> list[RemoteComment]:
    """Return the comments with this intent's marker; without any, those that begin with its rendering."""
    assert isinstance(intent.desired, NewComment)
    made = [
        row for row in rows if row.issue_number == intent.number and is_since_claim(intent, row.created_at)
    ]
    marked = [
        row
        for row in made
        if context.markers.find_local_id(row.body, "comment", intent.repository_id, row.issue_number)
        == intent.local_id
    ]
    rendering = rendering_without_marker(intent.desired.body)
    prefixed = [row for row in marked or made if normalise(row.body).startswith(rendering)]
    if len(marked) > 1:  # a copy, and what quotes it
        return prefixed if len(prefixed) == 1 else marked
    return marked or [row for row in prefixed if MARKER_NAME not in row.body]


def find_issue_candidates(
    context: Context, accounts: Collection[AccountId], intent: Intent, rows: Iterable[Issue]
) -> list[Issue]:
    """Return the issues that may be the answer to this create, edited since; all that fit equally well."""
    assert isinstance(intent.desired, NewIssue)
    made = [
        row
        for row in rows
        if row.author and row.author.id in accounts and is_since_claim(intent, row.created_at)
    ]
    marked = [
        row
        for row in made
        if context.markers.find_local_id(row.body, "issue", intent.repository_id, 0) == intent.local_id
    ]
    rendering = rendering_without_marker(intent.desired.body)
    footer = rendering.rpartition("\n")[2]
    return marked or [
        row
        for row in made
        if MARKER_NAME not in row.body
        and (
            normalise(row.body).startswith(rendering)
            or (row.title == intent.desired.title and footer in normalise(row.body).split("\n"))
        )
    ]


def is_since_claim(intent: Intent, at: datetime) -> bool:
    """Whether something may have been made after the first claim, in GitHub's whole seconds."""
    claimed = (intent.claimed_at or intent.created_at).replace(microsecond=0)
    return at >= claimed - GITHUB_CLOCKS_DIFFERENCE


def rendering_without_marker(body: str) -> str:
    """Return what we sent, without the marker line."""
    return normalise(normalise(body).rpartition("\n")[0])


async def hold_back_ambiguous_write(context: Context, intent: Intent, addresses: Sequence[str]) -> None:
    """Keep an intent from being sent, and store why: a person has to say which row is the copy."""
    reason = (
        f"{DOUBTFUL_ANSWER}{', '.join(sorted(addresses))} could be it, edited since: "
        "nothing is sent; delete what is not the copy"
    )
    doubtful = replace(
        intent,
        state=IntentState.UNKNOWN,
        reason=reason,
        empty_searches=0,
        not_before=context.github.now() + DOUBTFUL_SEARCH_PAUSE,
    )
    await context.stores.intents.save_unconfirmed(doubtful)
    log.warning("copy can't be told apart", **intent.log_fields, reason=reason)
