"""Single objects: present, deleted, moved or hidden."""

from dataclasses import replace

import pytest

from reconciler.demo.github.faults import DuringRequest, Reply, error, redirect
from reconciler.demo.github.rows import Issue as Row
from reconciler.errors import (
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    RepositoryInaccessibleError,
    RepositoryRecreatedError,
)
from reconciler.model.fields import Field, IssueState
from reconciler.model.ids import IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.issue import FieldEvent
from tests.github.client_harness import API, ClientHarness, field_of
from tests.github.network import REPO, REPOSITORY, Net, answer, comment, issue, refusal
from tests.support.github import GitHub

ONE = IssueNumber(1)


@pytest.fixture
def number(github: GitHub) -> IssueNumber:
    return IssueNumber(github.web.open_issue("One", by="alice", body="Text").number)


async def test_a_repository_is_read(harness: ClientHarness, github: GitHub) -> None:
    github.web.archive()
    github.web.disable_issues()
    repository_read = await harness.repository.repository()
    assert (repository_read.id, repository_read.full_name) == (github.web.id, "acme/web")
    assert (
        repository_read.private,
        repository_read.archived,
        repository_read.has_issues,
        repository_read.can_push,
    ) == (False, True, False, True)


async def test_the_primary_limit_is_that_of_the_last_answer_with_one(
    harness: ClientHarness, github: GitHub
) -> None:
    assert harness.repository.rate_limit() is None
    await harness.repository.repository()
    first = harness.repository.rate_limit()
    assert first is not None
    github.simulator.faults.add(Reply(status=200, body=b"{}"))
    with pytest.raises(GitHubError):
        await harness.repository.repository()
    await harness.repository.repository()
    limit = harness.repository.rate_limit()
    assert limit is not None
    assert (limit.limit, limit.remaining < first.remaining) == (first.limit, True)


async def test_an_installation_has_no_push_permission_in_answers() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, {"id": 7, "full_name": "acme/web"}))
    read = await net.github.repository()
    assert (read.can_push, read.can_triage, read.can_administer) == (None, None, None)


@pytest.mark.parametrize(("role", "administers"), [("admin", True), ("write", False)])
async def test_the_role_of_the_account_is_read(
    harness: ClientHarness, github: GitHub, role: str, administers: bool
) -> None:
    github.web.allow("bugspark-bot", role)
    read = await harness.repository.repository()
    assert (read.can_push, read.can_administer) == (True, administers)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(403, "what the token may do"), (404, "exists"), (410, "github.api_version"), (451, "legal")],
)
async def test_a_repository_that_is_not_shown_is_unreadable(
    harness: ClientHarness, github: GitHub, status: int, advice: str
) -> None:
    github.simulator.faults.add(error(status, "Because"), times=None)
    with pytest.raises(RepositoryInaccessibleError, match=rf"acme/web \({status}: Because\).*{advice}"):
        await harness.repository.repository()
    with pytest.raises(RepositoryInaccessibleError, match=rf"acme/web \({status}: Because\).*{advice}"):
        async for _ in harness.repository.all_comments():
            pass
    with pytest.raises(RepositoryInaccessibleError):
        await harness.repository.newest_number()


async def test_switched_off_issues_make_the_lists_unreadable(harness: ClientHarness, github: GitHub) -> None:
    github.web.disable_issues()
    with pytest.raises(RepositoryInaccessibleError, match="410"):
        async for _ in harness.repository.issue_changes(None):
            pass


async def test_an_unexpected_status_is_an_error(harness: ClientHarness, github: GitHub) -> None:
    github.simulator.faults.add(error(422, "Nonsense"))
    with pytest.raises(GitHubError, match=r"422 .*Nonsense"):
        await harness.repository.repository()


async def test_a_304_that_was_not_asked_for_is_an_error(harness: ClientHarness, github: GitHub) -> None:
    github.simulator.faults.add(Reply(status=304), path="issues")
    with pytest.raises(GitHubError, match="304"):
        async for _ in harness.repository.issue_changes(None):
            pass


async def test_an_unsupported_api_version_is_reported(harness: ClientHarness, github: GitHub) -> None:
    github.world.assume(api_versions=("2030-01-01",))
    with pytest.raises(RepositoryInaccessibleError, match=r"set github\.api_version to one that it names"):
        await harness.repository.repository()


async def test_the_newest_number_is_that_of_issues_and_pull_requests(
    harness: ClientHarness, github: GitHub
) -> None:
    assert await harness.repository.newest_number() == 0
    github.web.open_issue("One", by="alice")
    assert await harness.repository.newest_number() == 1
    github.web.seed(3, pull, by="alice")
    assert await harness.repository.newest_number() == 4


def pull(row: Row) -> Row:
    return replace(row, pull_request=True)


async def test_all_parts_of_an_issue_are_read(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.label(number, "ui", by="alice")
    github.web.comment(number, "Hello", by="bob")
    github.web.close(number, by="alice", reason="not_planned")
    github.web.lock(number, by="alice")
    issue_read = await harness.repository.issue(number)
    assert (issue_read.number, issue_read.title, issue_read.body, issue_read.labels) == (
        number,
        "One",
        "Text",
        ("ui",),
    )
    assert (issue_read.state, issue_read.state_reason, issue_read.comments) == (
        IssueState.CLOSED,
        "not_planned",
        1,
    )
    assert (issue_read.locked, issue_read.author and issue_read.author.login) == (True, "alice")
    assert issue_read.url.endswith(f"/acme/web/issues/{number}")


async def test_a_deleted_issue_is_not_there(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.delete_issue(number, by="alice")
    with pytest.raises(GitHubNotFoundError, match=f"acme/web#{number} .410") as raised:
        await harness.repository.issue(number)
    assert raised.value.status == 410
    with pytest.raises(GitHubNotFoundError):
        await harness.repository.issue_thread(number)
    with pytest.raises(GitHubNotFoundError):
        await harness.repository.field_events(number, field_of)


async def test_an_issue_that_never_existed_is_not_there(harness: ClientHarness) -> None:
    with pytest.raises(GitHubNotFoundError) as raised:
        await harness.repository.issue(IssueNumber(4_711))
    assert raised.value.status == 404


@pytest.mark.parametrize("status", [403, 451])
async def test_a_hidden_issue_is_unreadable_not_missing(
    harness: ClientHarness, github: GitHub, number: IssueNumber, status: int
) -> None:
    github.simulator.faults.add(error(status, "Because"))
    with pytest.raises(RepositoryInaccessibleError):
        await harness.repository.issue(number)


async def test_a_number_that_is_a_pull_request_is_no_issue(harness: ClientHarness, github: GitHub) -> None:
    (number,) = github.web.seed(1, pull, by="alice")
    with pytest.raises(GitHubNotFoundError, match="pull request") as raised:
        await harness.repository.issue(IssueNumber(number))
    assert raised.value.status == 200


@pytest.mark.parametrize("known", [True, False])
async def test_a_transferred_issue_has_moved(
    harness: ClientHarness, github: GitHub, number: IssueNumber, known: bool
) -> None:
    other = github.world.add_repository("acme/other")
    github.web.transfer(number, other, by="alice")
    repository = harness.another(repository_id=RepositoryId(github.web.id) if known else None)
    with pytest.raises(IssueTransferredError, match=f"acme/web#{number} was transferred"):
        await repository.issue(number)


async def test_an_issue_transferred_to_a_hidden_repository_has_moved() -> None:
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY))
    net.on("GET", f"{REPO}/issues/1", answer(301, Location=f"{API}/repositories/8/issues/3"))
    net.on("GET", f"{API}/repositories/8/issues/3", refusal(404, "Not Found"))
    with pytest.raises(IssueTransferredError):
        await net.github.issue(ONE)


async def test_an_issue_of_a_renamed_repository_is_read(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.rename("site")
    assert (await harness.repository.issue(number)).title == "One"
    assert (await harness.another(repository_id=RepositoryId(github.web.id)).issue(number)).title == "One"
    github.web.comment(number, "Hello", by="bob")
    assert len((await harness.repository.issue_thread(number)).comments) == 1


async def test_lists_that_lead_to_another_repository_are_not_read() -> None:
    net = Net()
    repository = net.harness.another(repository_id=RepositoryId(7))
    net.router.get(path="/repos/acme/web/issues").mock(
        return_value=answer(301, Location=f"{API}/repositories/8/issues")
    )
    net.router.get(path="/repositories/8/issues").mock(return_value=answer(200, []))
    with pytest.raises(RepositoryRecreatedError, match="another repository"):
        async for _ in repository.all_issues():
            pass


async def test_a_redirect_to_a_foreign_host_is_not_followed(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.simulator.faults.add(redirect("https://evil.example/"))
    with pytest.raises(GitHubError, match="points away"):
        await harness.repository.issue(number)


async def test_a_comment_is_read(harness: ClientHarness, github: GitHub, number: IssueNumber) -> None:
    row = github.web.comment(number, "Hello", by="bob")
    comment_read = await harness.repository.comment(RemoteCommentId(row.id))
    assert (comment_read.id, comment_read.body, comment_read.issue_number) == (row.id, "Hello", number)
    github.web.delete_comment(row.id, by="bob")
    with pytest.raises(GitHubNotFoundError):
        await harness.repository.comment(RemoteCommentId(row.id))


async def test_a_comment_in_another_repository_has_moved() -> None:
    net = Net()
    elsewhere = f"{API}/repositories/8/issues/comments/5"
    net.on("GET", f"{REPO}/issues/comments/5", answer(301, Location=elsewhere))
    net.on("GET", elsewhere, answer(200, comment(5)))
    with pytest.raises(IssueTransferredError, match=r"^The comment .* is in another repository now\.$"):
        await net.harness.another(repository_id=RepositoryId(7)).comment(RemoteCommentId(5))


async def test_a_comment_that_names_no_issue_is_an_error() -> None:
    net = Net()
    net.on("GET", f"{REPO}/issues/comments/5", answer(200, comment(5, issue_url="nowhere")))
    with pytest.raises(GitHubError, match="issue_url"):
        await net.github.comment(RemoteCommentId(5))


async def test_a_thread_is_read_over_all_its_pages(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.seed_comments(number, [f"Comment {n}" for n in range(250)], by="bob")
    asked = len(github.simulator.requests)
    comments = (await harness.repository.issue_thread(number)).comments
    assert [row.body for row in comments] == [f"Comment {n}" for n in range(250)]
    # The pages before the last are requested once more, which is free.
    assert [seen.status for seen in github.simulator.requests[asked:]] == [200, 200, 200, 200, 304, 304]


async def test_a_short_thread_is_one_request_more_than_its_issue(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.seed_comments(number, ["Comment"] * 100, by="bob")
    assert len((await harness.repository.issue_thread(number)).comments) == 100
    assert harness.repository.cost().requests == 2


async def test_an_issue_without_comments_is_one_request(harness: ClientHarness, number: IssueNumber) -> None:
    assert (await harness.repository.issue_thread(number)).comments == ()
    assert harness.repository.cost().requests == 1


async def test_an_unchanged_issue_and_thread_cost_nothing_to_read_again(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    comment = github.web.comment(number, "Comment", by="bob")
    known = (await harness.repository.issue_thread(number)).etags
    assert known is not None
    spent = harness.repository.cost()
    assert await harness.repository.is_unchanged(number, known)
    assert harness.repository.cost().cost == spent.cost
    github.web.delete_comment(comment.id, by="bob")
    assert not await harness.repository.is_unchanged(number, known)


async def test_an_edited_comment_is_a_change_even_if_its_issue_is_unchanged(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.world.assume(comment_edit_bumps_issue=False)
    comment = github.web.comment(number, "Comment", by="bob")
    known = (await harness.repository.issue_thread(number)).etags
    assert known is not None
    github.clock.advance(5)
    github.web.edit_comment(comment.id, "Changed", by="bob")
    assert not await harness.repository.is_unchanged(number, known)


async def test_a_changed_issue_is_detected_without_reading_its_thread(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.comment(number, "Comment", by="bob")
    known = (await harness.repository.issue_thread(number)).etags
    assert known is not None
    github.clock.advance(5)
    github.web.close(number, by="alice")
    asked = len(github.simulator.requests)
    assert not await harness.repository.is_unchanged(number, known)
    assert [seen.status for seen in github.simulator.requests[asked:]] == [200]


async def test_an_unchanged_issue_without_comments_is_one_conditional_request(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    known = (await harness.repository.issue_thread(number)).etags
    assert known is not None
    assert known.thread is None
    asked = len(github.simulator.requests)
    assert await harness.repository.is_unchanged(number, known)
    assert [seen.status for seen in github.simulator.requests[asked:]] == [304]


async def test_etags_of_another_credential_are_not_used(harness: ClientHarness, number: IssueNumber) -> None:
    known = (await harness.repository.issue_thread(number)).etags
    assert known is not None
    assert not await harness.repository.is_unchanged(number, replace(known, credential="another"))


async def test_a_thread_of_several_pages_has_no_etags(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.seed_comments(number, ["Comment"] * 101, by="bob")
    assert (await harness.repository.issue_thread(number)).etags is None


async def test_a_deletion_between_two_pages_hides_no_other_comment(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    seeded = github.web.seed_comments(number, [f"Comment {n}" for n in range(150)], by="bob")
    gone = DuringRequest(before=lambda: github.web.delete_comment(seeded[3].id, by="bob"))
    github.simulator.faults.add(gone, path="page=2")
    comments = (await harness.repository.issue_thread(number)).comments
    assert {row.id for row in comments} == {row.id for row in seeded} - {seeded[3].id}


async def test_a_thread_that_keeps_changing_is_an_error(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    made = iter(github.web.seed_comments(number, [f"Comment {n}" for n in range(150)], by="bob"))
    gone = DuringRequest(before=lambda: github.web.delete_comment(next(made).id, by="bob"))
    github.simulator.faults.add(gone, path="page=2", times=None)
    with pytest.raises(GitHubError, match="kept changing"):
        await harness.repository.issue_thread(number)


async def test_a_thread_without_etags_is_compared_by_its_text() -> None:
    net = Net()
    second = f'<{REPO}/issues/1/comments?page=2>; rel="next"'
    net.on("GET", f"{REPO}/issues/1", answer(200, issue(1, comments=2)))
    net.on("GET", f"{REPO}/issues/1/comments?per_page=100", answer(200, [comment(5)], Link=second))
    net.on("GET", f"{REPO}/issues/1/comments?page=2", answer(200, [comment(5), comment(6)]))
    assert [row.id for row in (await net.github.issue_thread(ONE)).comments] == [5, 6]


async def test_a_thread_with_a_comment_that_can_t_be_read_is_an_error_not_an_incomplete_answer() -> None:
    net = Net()
    rows = [comment(5), {"id": 6}]
    net.on("GET", f"{REPO}/issues/1", answer(200, issue(1, comments=2)))
    net.on("GET", f"{REPO}/issues/1/comments?per_page=100", answer(200, rows))
    with pytest.raises(GitHubError, match=r"acme/web#1 can't be read: .*issue_url"):
        await net.github.issue_thread(ONE)


async def test_pages_that_lead_in_circles_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.github.reads.MAX_PAGES", 5)
    net = Net()
    circle = f'<{REPO}/issues/1/events?page=1>; rel="next"'
    net.router.get(path="/repos/acme/web/issues/1/events").mock(return_value=answer(200, [], Link=circle))
    with pytest.raises(GitHubError, match="circles"):
        await net.github.field_events(ONE, field_of)


async def test_the_events_of_synced_fields_are_read_oldest_first(
    harness: ClientHarness, github: GitHub, number: IssueNumber
) -> None:
    github.web.label(number, "high-priority", "nobody-asked", by="alice")
    github.clock.advance(1)
    github.web.close(number, by="bob")
    github.clock.advance(1)
    github.web.retitle(number, "Uno", by="alice")
    github.web.lock(number, by="alice")
    github.clock.advance(1)
    github.web.unlabel(number, "high-priority", by="alice")
    github.clock.advance(1)
    github.web.reopen(number, by="bob")
    events = await harness.repository.field_events(number, field_of)
    assert [shape(event) for event in events] == [
        (Field.SEVERITY, "high-priority", True, "alice"),
        (Field.STATUS, "closed", True, "bob"),
        (Field.TITLE, "Uno", True, "alice"),
        (Field.SEVERITY, "high-priority", False, "alice"),
        (Field.STATUS, "reopened", True, "bob"),
    ]


def shape(event: FieldEvent) -> tuple[Field, str, bool, str | None]:
    return event.field, event.value, event.added, event.actor.login if event.actor else None


async def test_events_on_later_pages_and_of_deleted_accounts_are_read() -> None:
    net = Net()
    at = "2026-03-02T08:00:00Z"
    first = [{"event": "mentioned", "created_at": None, "label": 7}] * 99 + [
        {"event": "labeled", "created_at": at, "label": {"name": "ui", "color": "x"}, "actor": None}
    ]
    rest = [
        {"event": "closed", "created_at": at},
        {"event": "labeled", "created_at": at},
        {"event": "renamed", "created_at": at},
    ]
    second = f'<{API}/repositories/7/issues/1/events?page=2>; rel="next"'
    net.on("GET", f"{REPO}/issues/1/events?per_page=100", answer(200, first, Link=second))
    net.on("GET", f"{API}/repositories/7/issues/1/events?page=2", answer(200, rest))
    assert [shape(event) for event in await net.harness.another().field_events(ONE, field_of)] == [
        (Field.CATEGORY, "ui", True, None),
        (Field.STATUS, "closed", True, None),
    ]


async def test_times_ahead_of_date_are_read_as_date() -> None:
    """GitHub's own times have been hours ahead (docs/reference/github.md, Lists)."""
    net, ahead = Net(), "2026-03-02T13:00:00Z"
    net.on("GET", f"{REPO}/issues/1", answer(200, issue(1, updated_at=ahead)))
    net.on("GET", f"{REPO}/issues/comments/5", answer(200, comment(5, created_at=ahead, updated_at=ahead)))
    repository = net.harness.another()
    read, copy = await repository.issue(ONE), await repository.comment(RemoteCommentId(5))
    assert [f"{each:%d %H:%M}" for each in (read.created_at, read.updated_at)] == ["01 00:00", "02 09:00"]
    assert [f"{each:%d %H:%M}" for each in (copy.created_at, copy.updated_at)] == ["02 09:00", "02 09:00"]


async def test_an_event_with_a_time_ahead_of_date_happened_at_date() -> None:
    net = Net()
    rows = [
        {"event": "closed", "created_at": "2026-03-02T13:00:00Z"},
        {"event": "reopened", "created_at": "2026-03-02T08:00:00Z"},
    ]
    net.on("GET", f"{REPO}/issues/1/events?per_page=100", answer(200, rows))
    events = await net.harness.another().field_events(ONE, field_of)
    assert [(event.value, f"{event.at:%H:%M}") for event in events] == [
        ("reopened", "08:00"),
        ("closed", "09:00"),
    ]


async def test_the_names_of_all_labels_of_a_repository_are_read() -> None:
    net = Net()
    second = f'<{API}/repositories/7/labels?page=2>; rel="next"'
    first = [{"name": f"label {each}", "color": "ff0000"} for each in range(100)]
    net.on("GET", f"{REPO}/labels?per_page=100", answer(200, first, Link=second))
    net.on("GET", f"{API}/repositories/7/labels?page=2", answer(200, [{"name": "P1"}, {"name": None}]))
    names = await net.harness.another().label_names()
    assert names == {"P1", *(f"label {each}" for each in range(100))}


async def test_without_a_mapping_no_label_is_a_field() -> None:
    net = Net()
    rows = [{"event": "labeled", "created_at": "2026-03-02T08:00:00Z", "label": {"name": "ui"}}]
    net.on("GET", f"{REPO}/issues/1/events?per_page=100", answer(200, rows))
    plain = net.harness.client.repository("acme/web", net.harness.credential)
    assert await plain.field_events(ONE, lambda _: None) == ()


async def test_a_bad_row_of_a_list_is_returned_beside_the_good_ones() -> None:
    net = Net()
    rows = [issue(1), issue(2, title=None), issue(3)]
    net.router.get(path="/repos/acme/web/issues").mock(return_value=answer(200, rows))
    (page,) = [page async for page in net.github.all_issues()]
    assert [row.number for row in page.rows] == [1, 3]
    assert [bad.what for bad in page.poisoned] == ["issue acme/web#2"]
