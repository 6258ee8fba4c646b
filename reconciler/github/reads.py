"""Single objects: the repository, an account, an issue with its thread and events."""

from itertools import chain

from msgspec import UNSET, Raw

from reconciler.errors import GitHubError, MovedError, NotThereError
from reconciler.github import translate
from reconciler.github.answers import require, require_object
from reconciler.github.dispatch import Reply
from reconciler.github.drain import LONGEST_WALK
from reconciler.github.oneline import plain
from reconciler.github.origin import next_link
from reconciler.github.place import Place, issue_number
from reconciler.github.translate import FieldOfLabel
from reconciler.github.wire import (
    CommentRow,
    EventRow,
    IssueRow,
    KindRow,
    RepositoryRow,
    UserRow,
    attempt,
    decode,
    elements,
)
from reconciler.model.ids import IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.issue import Account, Etags, FieldEvent, Issue, RemoteComment, Repository, Whole
from reconciler.model.values import dataclass

PER_PAGE = 100
LOOKS = 5
"""How often a thread of several pages is read before it is said to change too fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Reads of one repository."""

    place: Place
    field_of: FieldOfLabel

    async def repository(self) -> Repository:
        """As it is now. Raises UnreadableError."""
        reply = await self._get(self.place.url())
        # Not `require`: whose id this is, is just what the caller wants to compare.
        unknown = Place(name=self.place.name, gateway=self.place.gateway)
        require(reply, unknown, f"the repository {self.place.name}")
        found = translate.repository(decode(reply.body, RepositoryRow, f"the repository {self.place.name}"))
        self.place.id = self.place.id or found.id
        return found

    async def own_id(self) -> RepositoryId:
        """The numeric id, asked for when it is not known."""
        return self.place.id or (await self.repository()).id

    async def account(self) -> Account:
        """Who writes with this credential. Raises GitHubError if it does not say.

        Source: docs/reference/github.md, Credentials and versions.
        """
        gateway, origin = self.place.gateway, self.place.origin
        bot = await gateway.credential.bot(gateway.ask, self.place.time.now)
        reply = await self._get(origin.url("users", bot) if bot else origin.url("user"))
        if reply.status != 200:
            raise GitHubError(
                f"GitHub does not say whose credential that of {self.place.name} is ({reply.status})."
            )
        found = translate.account(decode(reply.body, UserRow, "the credential's account"))
        assert found is not None
        return found

    async def newest_number(self) -> int:
        """The highest number of an issue or pull request; 0 when there is none."""
        query: dict[str, str | int] = {"state": "all", "sort": "created", "direction": "desc", "per_page": 1}
        reply = await self._get(self.place.url("issues", query=query))
        what = f"the newest issue of {self.place.name}"
        require(reply, self.place, what)
        return max((decode(raw, IssueRow, what).number for raw in elements(reply.body, what)), default=0)

    async def issue(self, number: IssueNumber) -> Issue:
        """As it is now. Raises MovedError, NotThereError (404, 410; 200: the number is a pull request)."""
        return await self._read_issue(await self._get(self.place.url("issues", number)), number)

    async def latest(self, number: IssueNumber, known: Etags | None) -> Issue | None:
        """As it is now, None when it has not changed since. Raises what `issue` raises."""
        ours = known is not None and known.credential == await self.place.gateway.key()
        reply = await self._get(self.place.url("issues", number), known.issue if known and ours else None)
        return None if reply.status == 304 else await self._read_issue(reply, number)

    async def _read_issue(self, reply: Reply, number: IssueNumber) -> Issue:
        what = f"the issue {self.place.name}#{number}"
        await self._still_here(reply, number, what)
        require_object(reply, self.place, what)
        row = decode(reply.body, IssueRow, what)
        if row.pull_request is not UNSET:
            raise NotThereError(f"{self.place.name}#{number} is a pull request.", reply.status)
        return translate.issue(row)

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        """As it is now. Raises NotThereError."""
        what = f"the comment {self.place.name} {comment_id}"
        reply = await self._get(self.place.url("issues", "comments", comment_id))
        require_object(reply, self.place, what)
        return read_comment(reply.body, what)

    async def whole(self, number: IssueNumber) -> Whole:
        """An issue with its complete thread, and the ETags of both where the thread is one page."""
        key = await self.place.gateway.key()
        reply = await self._get(self.place.url("issues", number))
        issue = await self._read_issue(reply, number)
        rows, pages = await self._thread(number) if issue.comments else ((), [])
        tags = [each.headers.get("etag") for each in (reply, *pages)]
        known = [tag for tag in tags if tag]
        # An ETag of a thread's first page says nothing about the second (docs/reference/github.md,
        # Conditional requests).
        single = len(tags) <= 2 and len(known) == len(tags) and key == await self.place.gateway.key()
        etags = Etags(issue=known[0], thread=next(iter(known[1:]), None), credential=key) if single else None
        return Whole(issue=issue, comments=rows, etags=etags)

    async def unchanged(self, number: IssueNumber, known: Etags) -> bool:
        """Two conditional requests, both answered 304; the second one only where there is a thread."""
        if known.credential != await self.place.gateway.key():
            return False
        reply = await self._get(self.place.url("issues", number), known.issue)
        if reply.status != 304:
            await self._read_issue(reply, number)
            return False
        if known.thread is None:
            return True
        return (await self._get(self._thread_url(number), known.thread)).status == 304

    async def _thread(self, number: IssueNumber) -> tuple[tuple[RemoteComment, ...], list[Reply]]:
        """All comments, all pages: complete or an error, for deletions are inferred from it.

        A comment deleted while later pages are read moves the rows behind it up, and one is skipped. So all
        pages but the last are asked for again, conditionally (free if nothing moved), until none has changed.
        """
        what = f"the comments of {self.place.name}#{number}"
        for _ in range(LOOKS):
            pages = await self._pages(self._thread_url(number), what)
            if await self._stands(pages[:-1]):
                rows = chain.from_iterable(elements(page.body, what) for page in pages)
                found = (read_comment(bytes(raw), what) for raw in rows)
                return tuple({comment.id: comment for comment in found}.values()), pages
        raise GitHubError(f"{what[0].upper()}{what[1:]} kept changing while they were read.")

    def _thread_url(self, number: IssueNumber) -> str:
        return self.place.url("issues", number, "comments", query={"per_page": PER_PAGE})

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        """Changes of state, labels and title, oldest first. Events are only ever added: one walk will do."""
        what = f"the events of {self.place.name}#{number}"
        pages = await self._pages(
            self.place.url("issues", number, "events", query={"per_page": PER_PAGE}), what
        )
        rows = chain.from_iterable(elements(page.body, what) for page in pages)
        events = (self._event(raw, what) for raw in rows)
        return tuple(sorted((event for event in events if event), key=lambda event: event.at))

    def _event(self, raw: bytes | Raw, what: str) -> FieldEvent | None:
        # There are dozens of kinds, each of a shape of its own: only those of interest have to fit.
        if decode(raw, KindRow, what).event not in translate.KINDS:
            return None
        return translate.field_event(decode(raw, EventRow, what), self.field_of)

    async def _get(self, url: str, etag: str | None = None) -> Reply:
        return (await self.place.gateway.read(url, etag=etag)).reply

    async def _pages(self, url: str, what: str) -> list[Reply]:
        pages: list[Reply] = []
        link: str | None = url
        while link is not None:
            if len(pages) >= LONGEST_WALK:
                raise GitHubError(f"The pages of {what} lead in circles.")
            reply = await self._get(link)
            require_object(reply, self.place, what)
            pages.append(reply)
            link = next_link(reply.headers.get("link"))
        return pages

    async def _stands(self, pages: list[Reply]) -> bool:
        for page in pages:
            again = await self._get(page.url, page.headers.get("etag"))
            if again.status != 304 and again.body != page.body:
                return False
        return True

    async def _still_here(self, reply: Reply, number: IssueNumber, what: str) -> None:
        """A redirect is a rename of the repository or a transfer of the issue; ids tell which."""
        if not reply.hops:
            return
        ours = await self.own_id()
        for hop in reply.hops:
            other = self.place.origin.repository_id(hop)
            if (other is not None and other != ours) or issue_number(hop) != number:
                raise _moved(reply, self.place.origin.repository_id(reply.hops[-1]), what)


def _moved(reply: Reply, repository: int | None, what: str) -> MovedError:
    row = attempt(reply.body, IssueRow) if reply.status == 200 else None
    there = plain(row.html_url) if isinstance(row, IssueRow) else "where this token may not look"
    text = f"{what[0].upper()}{what[1:]} was transferred to {there or 'another repository'}."
    return MovedError(text, repository, issue_number(reply.hops[-1]))


def read_comment(body: bytes, what: str) -> RemoteComment:
    """A comment. Raises GitHubError that names `what` and the field that does not fit."""
    found = translate.comment(decode(body, CommentRow, what))
    if found is None:
        raise GitHubError(f"GitHub's answer about {what} can't be read: no issue number - at `$.issue_url`.")
    return found
