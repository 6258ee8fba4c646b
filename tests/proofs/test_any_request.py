"""Any request, to every route of `/openapi.json`, by anybody: answered as described, and only to who may.

Made by schemathesis. The routes come from the document, so a new one is covered by itself. `make test` sends
one request of each route and role, for the project and report that exist; `make prove` sends more, for any.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seed_of_examples
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.web.conftest import migrated, template
from tests.web.harness import WebHarness, integration, open_web
from tests.web.users import BUGSPARK, bearer, by_password, join, owner_of

__all__ = ["migrated", "template"]

PROVE = "PROVE" in os.environ
EXAMPLES = max(20, int(os.environ["PROVE"]) // 400) if PROVE else 1
TIMEOUT_SECONDS = 60.0
"""For an answer: the server shares its process with the requests, and the machine with other tests."""
SEED = int(os.environ.get("PROVE_SEED", "7"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
READING = {"GET", "HEAD", "OPTIONS"}
ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who asks. `ids`: whether they may see the project whose ids are asked for; `change`: and change it."""

    name: str
    headers: Mapping[str, str]
    may_see: bool = False
    may_change: bool = False


def roles(harness: WebHarness) -> tuple[Role, ...]:
    member, stranger = harness.bugspark.add_user("Member"), harness.bugspark.add_user("Stranger")
    join(harness, member, harness.project)
    theirs = harness.bugspark.add_project("Theirs", owner=stranger)
    harness.bugspark.add_integration(theirs, config=integration("theirs"))
    access_control = harness.access_control
    session = f"{access_control.session_cookie_name}={access_control.sessions.create_token()}"
    owner = bearer(harness, owner_of(harness, harness.project))
    return (
        Role(name="anonymous", headers={}),
        Role(name="owner of another project", headers=bearer(harness, stranger)),
        Role(name="member", headers=bearer(harness, member), may_see=True),
        Role(name="owner", headers=owner, may_see=True, may_change=True),
        Role(
            name="operator",
            headers={"Cookie": session, "Origin": f"http://127.0.0.1:{harness.port}"},
            may_see=True,
            may_change=True,
        ),
    )


@pytest.mark.timeout(0 if PROVE else 600)
@pytest.mark.parametrize("migrated", ["sqlite", "postgresql"] if PROVE else ["sqlite"], indirect=True)
async def test_anything_sent_by_anybody_is_answered_as_described_and_only_to_who_may(migrated: str) -> None:
    async with open_web(migrated, **BUGSPARK, **by_password()) as harness:
        report = harness.bugspark.add_report(harness.project)
        harness.bugspark.add_comment(report)
        ids = {"project_id": str(harness.project), "report_id": str(report)}
        description = (await harness.client.get("/openapi.json")).json()
        asked = await asyncio.to_thread(ask_everything, description, harness, roles(harness), ids)
        assert asked == {
            (method.upper(), path) for path, item in description["paths"].items() for method in item
        }
        row = harness.bugspark.report(UUID(str(report)))
        assert row is not None and row["status"] == "new"


def ask_everything(
    description: dict[str, Any], harness: WebHarness, roles: tuple[Role, ...], ids: Mapping[str, str]
) -> set[tuple[str, str]]:
    """Send requests, from a thread: the server runs in the test's event loop. Returns what was asked."""
    schema = schemathesis.openapi.from_dict(description)
    base = str(harness.client.base_url).rstrip("/")
    asked = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.add((operation.method.upper(), operation.path))

        @seed_of_examples(SEED)
        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy(), is_real=st.booleans() if PROVE else st.just(value=True))
        def ask(case: Any, is_real: bool) -> None:
            named = [name for name in case.path_parameters or {} if name in ids]
            if is_real:
                case.path_parameters |= {name: ids[name] for name in named}
            for role in roles:
                answer = case.call_and_validate(
                    base_url=base, headers=dict(role.headers), checks=CHECKS, timeout=TIMEOUT_SECONDS
                )
                may = role.may_see if case.method.upper() in READING else role.may_change
                is_list = not named and role.headers
                assert may or is_list or answer.status_code >= ERROR, (role.name, case.method, case.path)

        ask()
    return asked
