"""Reads of single objects: the repository, an account, an issue with its thread and events, webhooks."""

from collections.abc import Callable
from itertools import chain

from msgspec import Raw

from reconciler.errors import (
    AnswerTooHeavyError,
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
)
from reconciler.github import translate
from reconciler.github.drain import MAX_PAGES, PER_PAGE
from reconciler.github.http import Reply
from reconciler.github.limits import parse_date_header
from reconciler.github.origin import issue_number_in_url, parse_next_link
from reconciler.github.page_size import SMALLER_PAGES, url_with_page_size
from reconciler.github.repository_ref import (
    RepositoryRef,
    require_account_ok,
    require_found,
    require_hooks_ok,
    require_repository_ok,
)
from reconciler.github.translate import FieldOfLabel, clamp_times
from reconciler.github.wire import (
    CommentRow,
    EventKindRow,
    EventRow,
    HookRow,
    Id,
    IssueRow,
    LabelRow,
    Number,
    RepositoryRow,
    UserRow,
    decode,
    decode_issue_data,
    read_json_member,
    read_json_members,
    split_list,
    try_decode,
)
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.issue import (
    Account,
    FieldEvent,
    Issue,
    IssueThread,
    RemoteComment,
    Repository,
    ThreadEtags,
)
from reconciler.model.webhook import Hook

RequireReply = Callable[[Reply, RepositoryRef, str], None]
"""Passes a 200 about what the last argument names, and raises an error for any other answer."""

MAX_THREAD_READS = 5
"""How often a thread of several pages is read before it counts as changing too fast."""


class Reads:
    """Reads of one repository."""

    def __init__(self, ref: RepositoryRef) -> None:
        self._ref = ref

    async def repository(self) -> Repository:
        """Read the repository. Raises RepositoryInaccessibleError."""
        reply = await self._get(self._ref.url())
        if reply.status == 410:
            await self._ref.require_supported_api_version()
        # Without its id, so that another repository is no error here: the caller compares ids itself.
        unknown = RepositoryRef(name=self._ref.name, gateway=self._ref.gateway)
        require_repository_ok(reply, unknown, f"the repository {self._ref.name}")
        repository_read = translate.to_repository(
            decode(reply.body, RepositoryRow, f"the repository {self._ref.name}")
        )
        self._ref.id = self._ref.id or repository_read.id
        return repository_read

    async def repository_id(self) -> RepositoryId:
        """Return the numeric id, read from GitHub when it is not known."""
        return self._ref.id or (await self.repository()).id

    async def account(self) -> Account:
        """Read whose credential this is.

        Raises RepositoryInaccessibleError or GitHubError where GitHub does not say.

        Source: docs/reference/github.md, Credentials and versions.
        """
        gateway, origin = self._ref.gateway, self._ref.origin
        bot = await gateway.credential.app_bot_login(gateway.request_as_app, self._ref.github_time.now)
        reply = await self._get(origin.url("users", bot) if bot else origin.url("user"))
        require_account_ok(reply, self._ref)
        credential_account = translate.to_account(decode(reply.body, UserRow, "the credential's account"))
        assert credential_account is not None
        return credential_account

    async def user(self, login: str) -> Account | None:
        """Read whose login this is now; None if it is nobody's."""
        reply = await self._get(self._ref.origin.url("users", login))
        if reply.status == 404:
            return None
        require_account_ok(reply, self._ref)
        return translate.to_account(decode(reply.body, UserRow, f"the account {login}"))

    async def newest_number(self) -> int:
        """Read the highest number of an issue or pull request; 0 when there is none.

        Where GitHub never shows that one, the one before is near enough: the number is for an estimate.
        """
        query: dict[str, str | int] = {"state": "all", "sort": "created", "direction": "desc", "per_page": 1}
        try:
            reply = await self._get(self._ref.url("issues", query=query))
        except AnswerTooHeavyError:
            reply = await self._get(self._ref.url("issues", query={**query, "page": 2}))
        what = f"the newest issue of {self._ref.name}"
        require_repository_ok(reply, self._ref, what)
        rows = map(read_json_members, split_list(reply.body, what))
        return max((read_json_member(row, "number", Number) or 0 for row in rows), default=0)

    async def require_own_page_addresses(self) -> None:
        """Check that the next page of a list is at this API. Raises UntrustedUrlError, and as `_get` does.

        A server behind another address shows its own in links.

        Source: docs/reference/github.md, Credentials and versions.
        """
        reply = await self._get(self._ref.url("issues", query={"state": "all", "per_page": 1}))
        link = parse_next_link(reply.headers.get("link"))
        if link is not None:
            self._ref.origin.admit(link)

    async def issue(self, number: IssueNumber) -> Issue:
        """Read an issue.

        Raises IssueTransferredError, GitHubNotFoundError (404, 410; 200: the number is a pull request).
        """
        return await self._read_issue(await self._get_object(self._ref.url("issues", number)), number)

    async def issue_if_changed(self, number: IssueNumber, known: ThreadEtags | None) -> Issue | None:
        """Read an issue; None when it has not changed since. Raises what `issue` raises."""
        ours = known is not None and known.credential == await self._ref.gateway.token_fingerprint()
        reply = await self._get_object(
            self._ref.url("issues", number), known.issue if known and ours else None
        )
        return None if reply.status == 304 else await self._read_issue(reply, number)

    async def _read_issue(self, reply: Reply, number: IssueNumber) -> Issue:
        what = f"the issue {self._ref.name}#{number}"
        await self._require_not_transferred(reply, number, what)
        require_found(reply, self._ref, what)
        row = decode_issue_data(reply.body, IssueRow, what)
        if row.is_pull_request:
            raise GitHubNotFoundError(f"{self._ref.name}#{number} is a pull request.", reply.status)
        return clamp_times(translate.to_issue(row), parse_date_header(reply.headers))

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        """Read a comment. Raises GitHubNotFoundError."""
        what = f"the comment {self._ref.name} {comment_id}"
        reply = await self._get_object(self._ref.url("issues", "comments", comment_id))
        require_found(reply, self._ref, what)
        return clamp_times(decode_comment(reply.body, what), parse_date_header(reply.headers))

    async def issue_thread(self, number: IssueNumber) -> IssueThread:
        """Read an issue with its complete thread, and the ETags of both where the thread is one page."""
        key = await self._ref.gateway.token_fingerprint()
        reply = await self._get_object(self._ref.url("issues", number))
        issue = await self._read_issue(reply, number)
        rows, pages = await self._read_consistent_comments(number) if issue.comments else ((), [])
        tags = [page.headers.get("etag") for page in (reply, *pages)]
        known = [tag for tag in tags if tag]
        # An ETag of a thread's first page says nothing about the second (docs/reference/github.md,
        # Conditional requests).
        single = (
            len(tags) <= 2 and len(known) == len(tags) and key == await self._ref.gateway.token_fingerprint()
        )
        etags = (
            ThreadEtags(issue=known[0], thread=next(iter(known[1:]), None), credential=key)
            if single
            else None
        )
        return IssueThread(issue=issue, comments=rows, etags=etags)

    async def is_unchanged(self, number: IssueNumber, known: ThreadEtags) -> bool:
        """Whether conditional requests for the issue and for its thread, if it has one, are answered 304."""
        if known.credential != await self._ref.gateway.token_fingerprint():
            return False
        reply = await self._get_object(self._ref.url("issues", number), known.issue)
        if reply.status != 304:
            await self._read_issue(reply, number)
            return False
        if known.thread is None:
            return True
        return (await self._get_object(self._thread_url(number), known.thread)).status == 304

    async def _read_consistent_comments(
        self, number: IssueNumber
    ) -> tuple[tuple[RemoteComment, ...], list[Reply]]:
        """Read all pages of comments: complete or an error, because deletions are inferred from it.

        A comment deleted while later pages are read moves the rows behind it up, and one is skipped. So all
        pages but the last are asked for again, conditionally (free if nothing moved), until none has changed.
        """
        what = f"the comments of {self._ref.name}#{number}"
        for _ in range(MAX_THREAD_READS):
            pages = await self._read_pages(self._thread_url(number), what)
            if await self._are_pages_unchanged(pages[:-1]):
                found = (
                    clamp_times(self._thread_comment(raw, number), parse_date_header(page.headers))
                    for page in pages
                    for raw in decode_issue_data(page.body, list[Raw], what)
                )
                return tuple({comment.id: comment for comment in found}.values()), pages
        raise IssueUnreadableError(f"{what[0].upper()}{what[1:]} kept changing while they were read.")

    def _thread_comment(self, raw: Raw, number: IssueNumber) -> RemoteComment:
        comment_id = read_json_member(read_json_members(raw), "id", Id)
        name = f"the comment {comment_id}" if comment_id else "a comment"
        return decode_comment(bytes(raw), f"{name} of {self._ref.name}#{number}")

    def _thread_url(self, number: IssueNumber) -> str:
        return self._ref.url("issues", number, "comments", query={"per_page": PER_PAGE})

    async def field_events(self, number: IssueNumber, field_of: FieldOfLabel) -> tuple[FieldEvent, ...]:
        """Read changes of state, labels and title, oldest first. None is ever removed.

        `field_of`: which field a label is a value of; others are left out.
        """
        what = f"the events of {self._ref.name}#{number}"
        pages = await self._read_pages(
            self._ref.url("issues", number, "events", query={"per_page": PER_PAGE}), what
        )
        events = (
            clamp_times(self._field_event(raw, what, field_of), parse_date_header(page.headers))
            for page in pages
            for raw in decode_issue_data(page.body, list[Raw], what)
        )
        return tuple(sorted((event for event in events if event), key=lambda event: event.at))

    def _field_event(self, raw: bytes | Raw, what: str, field_of: FieldOfLabel) -> FieldEvent | None:
        # There are dozens of kinds, each with its own shape: only those of interest must decode.
        kind = decode_issue_data(raw, EventKindRow, what).event
        if kind not in translate.FIELD_EVENT_KINDS:
            return None
        commit = self._closing_commit(raw) if kind == "closed" else None
        return translate.to_field_event(decode_issue_data(raw, EventRow, what), field_of, commit)

    def _closing_commit(self, raw: bytes | Raw) -> str | None:
        """Return the commit of this repository that closed the issue (docs/reference/github.md, Events)."""
        members = read_json_members(raw)
        sha, url = (read_json_member(members, name, str) or "" for name in ("commit_id", "commit_url"))
        return sha if self._ref.is_own_commit(url, sha) else None

    async def label_names(self) -> frozenset[str]:
        """Read the names of all labels of the repository."""
        what = f"the labels of {self._ref.name}"
        pages = await self._read_pages(self._ref.url("labels", query={"per_page": PER_PAGE}), what)
        rows = chain.from_iterable(decode(page.body, list[LabelRow], what) for page in pages)
        return frozenset(translate.label_names(rows))

    async def hooks(self) -> tuple[Hook, ...]:
        """Read every webhook, the oldest first. Raises CredentialError where the token may not see them."""
        what = f"the webhooks of {self._ref.name}"
        pages = await self._read_pages(self._ref.url("hooks"), what, require_hooks_ok)
        members = chain.from_iterable(split_list(page.body, what) for page in pages)
        rows = (try_decode(raw, HookRow) for raw in members)
        hooks = (translate.to_hook(row) for row in rows if isinstance(row, HookRow))
        return tuple(sorted(hooks, key=lambda hook: hook.id))

    async def _get(self, url: str, etag: str | None = None) -> Reply:
        return (await self._ref.gateway.read(url, etag=etag)).reply

    async def _get_object(self, url: str, etag: str | None = None) -> Reply:
        """Read what concerns one issue alone. Raises IssueUnreadableError where GitHub can't answer that."""
        try:
            return await self._get(url, etag)
        except AnswerTooHeavyError as error:
            raise IssueUnreadableError(str(error)) from None

    async def _read_pages(self, url: str, what: str, require: RequireReply = require_found) -> list[Reply]:
        """Read every page, with fewer rows on each while GitHub does not answer."""
        failed = ""
        for size in (PER_PAGE, *SMALLER_PAGES):
            attempts = 1 if size in SMALLER_PAGES[:-1] else None  # the next smaller page is another attempt
            try:
                return await self._pages_from(url_with_page_size(url, size), what, require, attempts)
            except AnswerTooHeavyError as error:
                failed = str(error)
        raise IssueUnreadableError(failed)

    async def _pages_from(
        self, link: str | None, what: str, require: RequireReply, attempts: int | None
    ) -> list[Reply]:
        pages: list[Reply] = []
        while link is not None:
            if len(pages) >= MAX_PAGES or any(page.url == link for page in pages):
                raise IssueUnreadableError(f"The pages of {what} lead in circles.")
            reply = (await self._ref.gateway.read(link, attempts=attempts)).reply
            require(reply, self._ref, what)
            pages.append(reply)
            link = parse_next_link(reply.headers.get("link"))
        return pages

    async def _are_pages_unchanged(self, pages: list[Reply]) -> bool:
        for page in pages:
            repeated = await self._get_object(page.url, page.headers.get("etag"))
            if repeated.status != 304 and repeated.body != page.body:
                return False
        return True

    async def _require_not_transferred(self, reply: Reply, number: IssueNumber, what: str) -> None:
        """Raise IssueTransferredError for a redirect that is a transfer of the issue alone."""
        if not reply.redirects:
            return
        own_id = await self.repository_id()
        for hop in reply.redirects:
            other = self._ref.origin.repository_id(hop)
            if (other is not None and other != own_id) or issue_number_in_url(hop) != number:
                raise _issue_transferred_error(
                    reply, self._ref.origin.repository_id(reply.redirects[-1]), what
                )


def _issue_transferred_error(reply: Reply, repository: int | None, what: str) -> IssueTransferredError:
    row = try_decode(reply.body, IssueRow) if reply.status == 200 else None
    place = (
        single_printable_line(row.html_url or "")
        if isinstance(row, IssueRow)
        else "where this token may not look"
    )
    text = f"{what[0].upper()}{what[1:]} was transferred to {place or 'another repository'}."
    return IssueTransferredError(text, repository, issue_number_in_url(reply.redirects[-1]))


def decode_comment(body: bytes, what: str) -> RemoteComment:
    """Decode a comment. Raises IssueUnreadableError that names `what` and the field that does not fit."""
    found = translate.to_comment(decode_issue_data(body, CommentRow, what))
    if found is None:
        reason = "no issue number - at `$.issue_url`"
        raise IssueUnreadableError(f"GitHub's answer about {what} can't be read: {reason}.")
    return found
