"""What an export would publish is shown before it is published, on a page and by the API."""

import pytest

from tests.web.browsing import page
from tests.web.harness import open_web
from tests.web.users import BUGSPARK, bearer, join, owner_of


async def test_the_exact_issue_is_shown_to_who_may_export_and_nothing_is_published(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        report = harness.bugspark.add_report(
            harness.project, "Crash for ada@example.test", description="<script>alert(1)</script> bob@b.test"
        )
        owner = bearer(harness, owner_of(harness, harness.project))
        shown = await page(harness.client, f"/reports/{report}", owner)
        assert "Preview the issue" in shown.shown_text
        seen = await page(harness.client, f"/reports/{report}/export", owner)
        assert "[BUG-0001] Crash for (redacted e-mail)" in seen.shown_text
        assert "2 × e-mail" in seen.shown_text and "<script>" not in seen.text
        answer = await harness.client.get(f"/api/v1/reports/{report}/export", headers=owner)
        assert answer.status_code == 200
        preview = answer.json()
        assert preview["title"] == "[BUG-0001] Crash for (redacted e-mail)"
        assert preview["redacted"] == [{"kind": "e-mail", "count": 2}]
        assert "(redacted e-mail)" in preview["body"] and "b.test" not in preview["body"]
        assert harness.bugspark.rows_of("sync_intents") == []


@pytest.mark.parametrize("path", ["/reports/{}/export", "/api/v1/reports/{}/export"])
async def test_who_may_not_export_sees_no_preview(migrated: str, path: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        report = harness.bugspark.add_report(harness.project)
        user = harness.bugspark.add_user("Max")
        join(harness, user, harness.project)
        member = bearer(harness, user)
        assert (await harness.client.get(path.format(report), headers=member)).status_code == 403
        other = harness.bugspark.add_project("Other")
        stranger = bearer(harness, owner_of(harness, other))
        assert (await harness.client.get(path.format(report), headers=stranger)).status_code == 404
        assert (await harness.client.get(path.format("nonsense"), headers=stranger)).status_code == 404
