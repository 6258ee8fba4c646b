"""The API conforms to `/openapi.json` for any request (schemathesis)."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.web.harness import WebHarness, open_web
from tests.web.users import BUGSPARK, bearer, owner_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES = 6


async def test_answers_are_as_described_for_anything_that_is_asked(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK) as harness:
        harness.bugspark.add_report(harness.project)
        user = bearer(harness, owner_of(harness, harness.project))
        description = (await harness.client.get("/openapi.json")).json()
        paths = set(description["paths"])
        assert paths == {
            "/api/v1/projects",
            "/api/v1/projects/{project_id}",
            "/api/v1/reports",
            "/api/v1/reports/{report_id}",
            "/api/v1/reports/{report_id}/duplicate",
            "/api/v1/webhooks/github/{project_id}",
        }
        await asyncio.to_thread(ask_everything, description, harness, user)


def ask_everything(description: dict[str, Any], harness: WebHarness, user: dict[str, str]) -> None:
    """Send requests from a thread, because the server runs in the test's event loop."""
    schema = schemathesis.openapi.from_dict(description)
    base = str(harness.client.base_url).rstrip("/")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            for headers in (user, {}):
                case.call_and_validate(base_url=base, headers=headers, checks=CHECKS)

        ask()


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
            ("/api/v1/reports/{report_id}", {"report_id": str(report)}),
        ):
            answer = await harness.client.get(path.format(**ids), headers=user)
            assert answer.status_code == 200
            assert schema[path]["GET"].is_valid_response(answer), answer.text
