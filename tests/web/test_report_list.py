"""Many reports in one answer: batch by ids, the list and its search, ETags and compression."""

from typing import Any

import httpx
import pytest

from reconciler.model.fields import Field, Side
from reconciler.web.api.polled_response import accepts_gzip, has_etag
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_conflicts import relabel
from tests.web.harness import WebHarness, integration, open_web
from tests.web.page_fixtures import client, queue, served, sync
from tests.web.users import BUGSPARK, bearer, join, owner_of

__all__ = ["client", "github", "queue", "served", "sync"]


async def listed(client: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/reports", params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["reports"]
    return found


async def test_a_batch_has_the_same_values_for_each_report_as_its_own_answer(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    synced, number = await sync.linked(title="Don&#x27;t crash")
    conflicting, other = await sync.linked(severity="low")
    moved, _ = await sync.linked()
    unlinked = sync.bugspark.add_report(sync.project, title="Alone")
    relabel(sync, other, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(conflicting, severity="critical")
    await sync.settle()
    sync.change(moved, severity="critical")
    await sync.app.unlink(str(gone := (await sync.linked())[0]))
    sync.change(moved, severity="low")
    asked = [unlinked, conflicting, synced, moved, gone, unlinked]
    found = await listed(client, ids=",".join(map(str, asked)) + ",x," + str(sync.project))
    assert [each["id"] for each in found] == [str(each) for each in dict.fromkeys(asked)]
    for each in found:
        alone = (await client.get(f"/api/v1/reports/{each['id']}")).json()
        common = each.keys() & alone.keys()
        assert {key: each[key] for key in common} == {key: alone[key] for key in common}
    states = {each["id"]: each["state"] for each in found}
    assert list(states.values()) == ["unlinked", "conflict", "synced", "pending", "unlinked"]
    first = next(each for each in found if each["id"] == str(synced))
    assert (first["title"], first["issue"]["badge"]) == ("Don't crash", f"web#{number}")
    assert (first["status"], first["may_change"], first["page"]) == ("new", True, f"/reports/{synced}")
    for state in ("unlinked", "conflict", "synced", "pending"):
        same = {each["id"] for each in await listed(client, state=state)}
        assert same == {id_ for id_, each in states.items() if each == state}


async def test_a_list_is_searched_by_id_issue_address_and_words(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(title="Login &quot;fails&quot; on Safari", severity="high")
    other = sync.bugspark.add_report(sync.project, title="Login button is grey")
    sync.bugspark.add_report(sync.project, title="100% CPU")
    tracking_id = (await client.get(f"/api/v1/reports/{report}")).json()["tracking_id"]
    for q in (
        tracking_id.lower(),
        f"#{number}",
        str(number),
        f"acme/web#{number}",
        f"web#{number}",
        f"https://github.com/acme/web/issues/{number}#issuecomment-1",
        f"https://dashboard.example/en/projects/{sync.project}/bugs/{report}?tab=1",
        'safari login "FAILS"',
    ):
        assert [each["id"] for each in await listed(client, q=q)] == [str(report)], q
    assert {each["id"] for each in await listed(client, q="login")} == {str(report), str(other)}
    assert len(await listed(client, q="0%")) == 1  # no wildcard
    for q in ("acme/other#1", "nothing", "BUG-9999", "https://github.com/acme/app/issues/1"):
        assert await listed(client, q=q) == [], q
    assert [each["id"] for each in await listed(client, severity="high")] == [str(report)]
    assert len(await listed(client, project=str(sync.project))) == 3


async def test_a_long_list_comes_in_parts_and_each_report_once(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        for place in range(120):
            harness.bugspark.add_report(harness.project, title=f"Number {place}")
        user = bearer(harness, owner_of(harness, harness.project))
        for extra in ({}, {"state": "unlinked"}, {"q": "number"}):
            seen, cursor = [], ""
            for _ in range(9):
                answer = await harness.client.get(
                    "/api/v1/reports", params={"cursor": cursor, **extra}, headers=user
                )
                seen += [each["tracking_id"] for each in answer.json()["reports"]]
                cursor = answer.json()["cursor"]
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) == 120
            assert seen == sorted(seen, reverse=True)
        none = await harness.client.get("/api/v1/reports?state=synced", headers=user)
        assert none.json() == {"reports": [], "cursor": None}


async def test_many_reports_are_only_those_of_the_sender(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        ours = harness.bugspark.add_report(harness.project, title="Secret plans")
        stranger, member = harness.bugspark.add_user("Stranger"), harness.bugspark.add_user("Member")
        theirs = harness.bugspark.add_project("Theirs", owner=stranger)
        harness.bugspark.add_integration(theirs, config=integration("theirs"))
        own = harness.bugspark.add_report(theirs)
        join(harness, member, harness.project)
        for path in (f"ids={ours},{own}", "", f"q={ours}", "q=plans&state=unlinked"):
            assert (await harness.client.get(f"/api/v1/reports?{path}")).status_code == 401
            answer = await harness.client.get(f"/api/v1/reports?{path}", headers=bearer(harness, stranger))
            assert "Secret plans" not in answer.text
            assert {each["id"] for each in answer.json()["reports"]} <= {str(own)}
        refused = await harness.client.get(
            f"/api/v1/reports?project={harness.project}", headers=bearer(harness, stranger)
        )
        assert refused.status_code == 404
        seen = await harness.client.get(f"/api/v1/reports?ids={ours}", headers=bearer(harness, member))
        assert [each["may_change"] for each in seen.json()["reports"]] == [False]
        one = (await harness.client.get(f"/api/v1/reports/{ours}", headers=bearer(harness, member))).json()
        assert (one["may_change"], one["actions"]) == (False, [])


async def test_a_search_that_can_not_be_used_is_refused_with_the_reason(harness: WebHarness) -> None:
    many = ",".join(str(harness.project) for _ in range(201))
    for query, word in (
        (f"ids={many}", "200"),
        ("ids=a&q=b", "no other"),
        ("state=broken", "synced, pending, conflict, attention, unlinked"),
        ("severity=foo", "critical, high, medium, low"),
        ("cursor=x", "cursor"),
        ("q=%1b", "control"),
        (f"severity={'a' * 501}", "severity"),
    ):
        answer = await harness.client.get(f"/api/v1/reports?{query}")
        assert (answer.status_code, word in answer.json()["detail"]) == (400, True), query
    assert (await harness.client.get("/api/v1/reports?state=&severity=")).status_code == 200
    assert (await harness.client.get("/api/v1/reports?project=x")).status_code == 404
    assert (await harness.client.get("/api/v1/reports?ids=")).json()["reports"] == []


async def test_an_answer_that_has_not_changed_is_304_and_a_long_one_is_compressed(
    harness: WebHarness,
) -> None:
    report = harness.bugspark.add_report(harness.project, title="One")
    for _ in range(5):
        harness.bugspark.add_report(harness.project)
    for path in ("/api/v1/projects", f"/api/v1/projects/{harness.project}", f"/api/v1/reports/{report}"):
        answer = await harness.client.get(path)
        etag = answer.headers["etag"]
        for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
            again = await harness.client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    answer = await harness.client.get("/api/v1/reports", headers={"Accept-Encoding": "gzip"})
    plain = await harness.client.get("/api/v1/reports", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert answer.content == plain.content
    assert answer.headers["etag"] == plain.headers["etag"]
    assert answer.headers["cache-control"] == "no-store"
    harness.bugspark.add_report(harness.project)
    changed = await harness.client.get(
        "/api/v1/reports", headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": "identity"}
    )
    assert changed.status_code == 200


async def test_no_answer_with_a_form_token_is_compressed(harness: WebHarness) -> None:
    for path in ("/", f"/projects/{harness.project}", f"/projects/{harness.project}/setup"):
        answer = await harness.client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "form_token" in answer.text
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False), ("", False)],
)
def test_compression_is_only_for_clients_that_accept_it(header: str, is_accepted: bool) -> None:
    assert accepts_gzip(header) is is_accepted


def test_an_etag_is_compared_weakly() -> None:
    assert has_etag('W/"a", "b"', 'W/"b"')
    assert not has_etag('"bb"', 'W/"b"')


async def test_comments_conflicts_and_history_of_one_report_are_complete(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(severity="low")
    sync.add_comment(report, "It&#x27;s &lt;b&gt; here")
    sync.github.clock.advance(5)
    remote = sync.github.web.comment(number, "From **there** &amp;", by="alice")
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(report, severity="critical")
    await sync.settle()
    details = (await client.get(f"/api/v1/reports/{report}")).json()
    assert [each["text"] for each in details["comments"]] == ["It's <b> here", "From **there** &amp;"]
    assert details["comments"][1]["url"] == f"{details['issue']['url']}#issuecomment-{remote.id}"
    assert details["comments"][0]["url"].startswith(f"{details['issue']['url']}#issuecomment-")
    severity = next(each for each in details["fields"] if each["field"] == Field.SEVERITY)
    assert severity["conflict"]["lost"] == "high"
    assert severity["choices"] == [
        {"take": Side.GITHUB, "value": "high"},
        {"take": Side.BUGSPARK, "value": "critical"},
    ]
    assert {"unlink", "resolve", "duplicate"} == set(details["actions"])
    actions = [each["what"] for each in details["history"]]
    assert "conflict: severity" in actions and "import comment" in actions
    assert details["page"] == f"/reports/{report}"
