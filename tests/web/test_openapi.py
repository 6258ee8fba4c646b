"""`/openapi.json` says what the API answers. tests/proofs/test_any_request.py asks all of its routes."""

import schemathesis

from reconciler.web.api.action_routes import PROJECT_COMMANDS, REPORT_COMMANDS, REVEAL, WEBHOOK_COMMANDS
from tests.web.harness import open_web
from tests.web.users import BUGSPARK, bearer, owner_of


async def test_these_routes_are_described(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        description = (await harness.client.get("/openapi.json")).json()
        paths = set(description["paths"])
        assert paths == {
            "/api/v1/projects",
            "/api/v1/projects/{project_id}",
            "/api/v1/projects/{project_id}/settings",
            "/api/v1/projects/{project_id}/settings/apply",
            "/api/v1/projects/{project_id}/settings/preview",
            "/api/v1/reports",
            "/api/v1/reports/{report_id}",
            "/api/v1/reports/{report_id}/export",
            "/api/v1/projects/{project_id}/webhook",
            "/api/v1/webhooks/github/{project_id}",
            "/api/v1/webhooks/github-app",
            *(f"/api/v1/reports/{{report_id}}/{each.name}" for each in REPORT_COMMANDS),
            *(f"/api/v1/projects/{{project_id}}/{each.name}" for each in PROJECT_COMMANDS),
            *(f"/api/v1/projects/{{project_id}}/webhook/{each.name}" for each in (*WEBHOOK_COMMANDS, REVEAL)),
        }


async def test_a_real_project_and_report_are_described_to_the_letter(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        report = harness.bugspark.add_report(harness.project)
        harness.bugspark.add_comment(report)
        await harness.deliver(b"{}")
        user = bearer(harness, owner_of(harness, harness.project))
        schema = schemathesis.openapi.from_dict((await harness.client.get("/openapi.json")).json())
        for path, ids in (
            ("/api/v1/projects", {}),
            ("/api/v1/reports", {}),
            ("/api/v1/projects/{project_id}", {"project_id": str(harness.project)}),
            ("/api/v1/projects/{project_id}/webhook", {"project_id": str(harness.project)}),
            ("/api/v1/reports/{report_id}", {"report_id": str(report)}),
        ):
            answer = await harness.client.get(path.format(**ids), headers=user)
            assert answer.status_code == 200
            assert schema[path]["GET"].is_valid_response(answer), answer.text
