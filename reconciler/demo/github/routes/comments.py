"""Comments: an issue's, a repository's, a single one (docs/reference/github.md, Lists and Writes)."""

from __future__ import annotations

from reconciler.demo.github.messages import NO_CONTENT, Answer, Problem, answered, invalid
from reconciler.demo.github.paging import key_of, links, page_of, since_of, window
from reconciler.demo.github.routes.checks import check_body, text
from reconciler.demo.github.routes.exchange import Exchange
from reconciler.demo.github.rows import Comment, Level
from reconciler.demo.github.table import Order
from reconciler.demo.github.world import Repository


def list_comments(call: Exchange) -> Answer:
    """Answer `GET …/issues/comments`: the whole repository's; `direction` counts only with `sort`."""
    repository, query, facts = call.repository(), call.request.query, call.world.facts
    call.issues_on(repository)
    page, sort = page_of(query), query.get("sort")
    order: Order = "updated" if sort == "updated" else "created"
    asked = window(
        query, page, facts, order=order, descending=sort is not None and query.get("direction") != "asc"
    )
    keep = (lambda row: call.world.shows_comments_of(row.author)) if call.world.flagged else None
    rows, total = call.comments_table(repository).select(asked, keep)
    if facts.comment_list_rows is not None:
        rows = rows[: max(0, facts.comment_list_rows - page.offset)]
    shown, more = rows[: page.size], len(rows) > page.size
    last = key_of(shown, order) if facts.paging == "cursors" else None
    header = links(call.address(repository), query, page, more=more, total=total, last_key=last)
    return Answer(headers=header, body=call.views.comments(repository, shown))


def list_thread(call: Exchange) -> Answer:
    """Answer `GET …/issues/{n}/comments`: one issue's, oldest first, always by page numbers."""
    repository, query = call.repository(), call.request.query
    issue, page, since = call.issue(repository), page_of(query), since_of(query)
    table = call.comments_table(repository)
    if table is repository.comments:
        rows = repository.thread(issue.number)
    else:
        rows = sorted((row for row in table if row.issue == issue.number), key=lambda row: row.id)
    rows = [row for row in rows if call.world.shows_comments_of(row.author)]
    if since is not None:
        least = since if call.world.facts.since_inclusive else since + 1
        rows = [row for row in rows if row.updated >= least]
    shown, more = rows[page.offset : page.offset + page.size], len(rows) > page.offset + page.size
    header = links(call.address(repository), query, page, more=more, total=len(rows), last_key=None)
    return Answer(headers=header, body=call.views.comments(repository, shown))


def get_comment(call: Exchange) -> Answer:
    """Answer `GET …/issues/comments/{id}`."""
    repository = call.repository()
    return answered(call.views.comment(repository, call.comment(repository)))


def post_comment(call: Exchange) -> Answer:
    """Answer `POST …/issues/{n}/comments`; readers of a public repository may."""
    repository, content = call.writable(), _content(call)
    issue = call.issue(repository)
    _may_comment(call, repository)
    if issue.locked and not (call.world.facts.lock_spares_writers and call.may(repository, Level.WRITE)):
        raise Problem(403, "Unable to create comment because issue is locked")
    if issue.comments >= call.world.facts.comments_per_issue:
        raise Problem(403, "Commenting is disabled on issues with more than 2500 comments")
    row = repository.comment(issue.number, content, by=call.user().login, via_app=call.via_app)
    shown = call.views.comment(repository, row)
    return answered(shown, 201, {"Location": str(shown["url"])})


def change_comment(call: Exchange) -> Answer:
    """Answer `PATCH …/issues/comments/{id}`."""
    repository, content = call.writable(), _content(call)
    row = call.comment(repository)
    _owns(call, repository, row)
    row = repository.edit_comment(row.id, content, by=call.user().login)
    return answered(call.views.comment(repository, row))


def delete_comment(call: Exchange) -> Answer:
    """Answer `DELETE …/issues/comments/{id}`."""
    repository = call.writable()
    row = call.comment(repository)
    _owns(call, repository, row)
    repository.delete_comment(row.id, by=call.user().login)
    return Answer(status=NO_CONTENT)


def _content(call: Exchange) -> str:
    content = text(call.body(), "body", "IssueComment")
    if content is None or not content.strip():
        raise invalid("IssueComment", "body", "Body cannot be blank", "missing_field")
    check_body(call.world.facts, content, "IssueComment")
    return content


def _may_comment(call: Exchange, repository: Repository) -> None:
    token = call.caller.token
    if token is not None and token.kind != "classic":
        inside = token.repositories is None or repository.id in token.repositories
        if not inside or token.cap < Level.TRIAGE:
            raise call.caller.refusal()


def _owns(call: Exchange, repository: Repository, row: Comment) -> None:
    _may_comment(call, repository)
    if row.author != call.user().id and not call.may(repository, Level.WRITE):
        raise call.caller.refusal()
