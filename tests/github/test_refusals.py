"""A refusal's headers become part of the message: permissions, SAML, the IP allow list."""

import json
from collections.abc import Mapping

import pytest

from reconciler.github.http import Reply
from reconciler.github.refusals import refusal_advice

NO_PERMISSION = "Resource not accessible by personal access token"
NOT_IN_LIST = "the `acme` organization has an IP allow list enabled, and your IP address is not permitted"


def refused(message: str, status: int = 403, headers: Mapping[str, str] = {}) -> Reply:
    return Reply(
        status=status,
        headers=headers,
        body=json.dumps({"message": message}).encode(),
        url="https://api.test/",
    )


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("issues=write", "Issues: write"),
        ("issues=write; pull_requests=write", "Issues: write or Pull requests: write"),
        ("issues=write,metadata=read", "Issues: write and Metadata: read"),
        ("repository_hooks=write", "Webhooks: write"),
    ],
)
def test_accepted_permissions_are_named_as_github_names_them(accepted: str, expected: str) -> None:
    advice = refusal_advice(refused(NO_PERMISSION, headers={"x-accepted-github-permissions": accepted}))
    assert advice == f"it needs the permission {expected}"


@pytest.mark.parametrize(
    ("message", "status", "accepted"),
    [
        ("Unable to create comment because issue is locked.", 403, "issues=write"),
        ("Repository was archived so is read-only.", 403, "issues=write"),
        ("Not Found", 404, "issues=write"),
        (NO_PERMISSION, 403, ""),
        (NO_PERMISSION, 403, "=; ,;=write"),
    ],
)
def test_a_refusal_for_another_reason_names_no_permission(message: str, status: int, accepted: str) -> None:
    assert refusal_advice(refused(message, status, {"x-accepted-github-permissions": accepted})) is None


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ("required; url=https://github.com/orgs/acme/sso?a=1", "at https://github.com/orgs/acme/sso?a=1"),
        ("required; url=javascript:alert(1)", "on GitHub (Settings"),
        ("required; url=https://github.com/ and more", "on GitHub (Settings"),
        ("", "on GitHub (Settings"),
    ],
)
def test_saml_shows_the_address_to_authorise_where_it_is_one(header: str, where: str) -> None:
    message = "Resource protected by organization SAML enforcement."
    advice = refusal_advice(refused(message, headers={"x-github-sso": header}))
    assert advice is not None
    assert advice.startswith(f"authorise the token for the organisation's SAML single sign-on {where}")


def test_an_ip_allow_list_is_no_matter_of_the_token() -> None:
    advice = refusal_advice(refused(NOT_IN_LIST))
    assert advice is not None
    assert "IP allow list" in advice
    assert "nothing is wrong with the token" in advice


def test_a_repository_that_github_has_blocked_is_no_matter_of_the_token() -> None:
    accepted = {"x-accepted-github-permissions": "issues=read"}
    advice = refusal_advice(refused("Repository access blocked", headers=accepted))
    assert advice is not None
    assert "blocked the repository itself" in advice
    assert "nothing is wrong with the token" in advice
