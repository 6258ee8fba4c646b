"""Tokens and GitHub Apps (docs/reference/github.md, Credentials and versions)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from reconciler.demo.github.faults import error
from reconciler.errors import CredentialError, GitHubError, LimitedError
from reconciler.github.credentials import AppCredential, TokenCredential, UnusableCredential, fingerprint
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import Confirmed, NotSent
from reconciler.model.issue import Grants
from reconciler.model.secret import Secret
from tests.github.client_harness import ClientHarness, FixedClock, open_client
from tests.github.network import REPO, REPOSITORY, Net, answer, refusal
from tests.support.github import GitHub, InstalledApp, install_app
from tests.support.memory_rate_limiter import MemoryRateLimiter


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture
def app(github: GitHub, key: RSAPrivateKey) -> InstalledApp:
    return install_app(github, key)


def credential_of(app: InstalledApp, clock: FixedClock, *, pem: str | None = None) -> AppCredential:
    return AppCredential(
        app_id=str(app.app.id),
        private_key=Secret(pem or app.pem.decode()),
        owner="acme",
        repository="web",
        clock=clock,
    )


@pytest.fixture
async def app_harness(
    github: GitHub, app: InstalledApp, rate_limiter: MemoryRateLimiter, clock: FixedClock
) -> AsyncIterator[ClientHarness]:
    opened = open_client(
        github.api, rate_limiter=rate_limiter, clock=clock, credential=credential_of(app, clock)
    )
    yield opened
    await opened.aclose()


def made_tokens(github: GitHub) -> int:
    return sum(seen.path.endswith("/access_tokens") for seen in github.simulator.requests)


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "tökén", "nul\0"])
def test_text_that_no_header_can_carry_is_refused_as_token(text: str) -> None:
    with pytest.raises(CredentialError) as raised:
        TokenCredential(Secret(text))
    assert not text or text not in str(raised.value)


@pytest.mark.parametrize("text", ["x", "g" * 2_000, "some-day=another_form.of+token/!"])
def test_a_tokens_form_is_not_checked(text: str) -> None:
    assert TokenCredential(Secret(text)).limits_key == fingerprint(text)


def test_a_fingerprint_differs_by_token_and_reveals_nothing() -> None:
    assert len(fingerprint("ghp_one")) == 16
    assert fingerprint("ghp_one") != fingerprint("ghp_two")
    assert "ghp" not in fingerprint("ghp_one")


async def test_a_token_s_account_is_its_user(harness: ClientHarness, github: GitHub) -> None:
    account = await harness.repository.account()
    assert (account.login, account.id) == ("bugspark-bot", github.world.user("bugspark-bot").id)


async def test_an_unknown_account_is_an_error() -> None:
    net = Net()
    net.on("GET", "https://api.test/user", refusal(403, "Resource not accessible by integration"))
    with pytest.raises(GitHubError, match=r"whose credential .* \(403: "):
        await net.github.account()


async def test_an_app_reads_and_writes_as_its_bot(app_harness: ClientHarness, github: GitHub) -> None:
    number = github.web.open_issue("One", by="alice").number
    result = await app_harness.repository.create_comment(IssueNumber(number), "Hello")
    assert isinstance(result, Confirmed)
    assert result.value.author == await app_harness.repository.account()
    assert result.value.author.login == "bugspark-sync[bot]"


async def test_an_apps_permissions_come_with_its_token(app_harness: ClientHarness) -> None:
    assert app_harness.repository.grants() == Grants()  # no request was sent yet
    await app_harness.repository.repository()
    held = app_harness.repository.grants().permissions
    assert held is not None
    assert held["issues"] == "write"


@pytest.mark.parametrize(
    ("header", "scopes"),
    [
        ({}, None),  # a fine-grained token: GitHub does not show its permissions
        ({"X_OAuth_Scopes": ""}, frozenset[str]()),
        ({"X_OAuth_Scopes": "repo, read:org"}, frozenset({"repo", "read:org"})),
    ],
)
async def test_a_classic_tokens_scopes_are_read_from_answers(
    header: dict[str, str], scopes: frozenset[str] | None
) -> None:
    net = Net()
    net.on("GET", REPO, answer(200, REPOSITORY, **header))
    await net.github.repository()
    assert net.github.grants() == Grants(scopes=scopes)


async def test_an_installation_token_is_made_once_and_kept(
    app_harness: ClientHarness, github: GitHub
) -> None:
    for _ in range(3):
        await app_harness.repository.repository()
        await app_harness.another().repository()
    assert made_tokens(github) == 1


async def test_an_installation_token_is_renewed_five_minutes_before_it_expires(
    app_harness: ClientHarness, github: GitHub, clock: FixedClock
) -> None:
    await app_harness.repository.repository()
    clock.passed += 3_290
    github.clock.advance(3_290)
    await app_harness.repository.repository()
    assert made_tokens(github) == 1
    clock.passed += 20
    github.clock.advance(20)
    await app_harness.repository.repository()
    assert made_tokens(github) == 2


async def test_a_revoked_installation_token_is_replaced_once(
    app_harness: ClientHarness, github: GitHub
) -> None:
    await app_harness.repository.repository()
    for token in [value for value in github.world.tokens if value.startswith("ghs_")]:
        github.world.revoke(token)
    await app_harness.repository.repository()
    assert made_tokens(github) == 2


async def test_a_write_refused_for_an_old_token_is_sent_once_more_with_a_new_one(
    app_harness: ClientHarness, github: GitHub
) -> None:
    number = github.web.open_issue("One", by="alice").number
    await app_harness.repository.repository()
    for token in [value for value in github.world.tokens if value.startswith("ghs_")]:
        github.world.revoke(token)
    assert isinstance(await app_harness.repository.create_comment(IssueNumber(number), "Hello"), Confirmed)
    assert [row.body for row in github.web.thread(number)] == ["Hello"]


async def test_a_token_renewed_by_another_request_is_kept(app_harness: ClientHarness, github: GitHub) -> None:
    await app_harness.repository.repository()
    assert app_harness.credential.discard_token(Secret("an older one"))
    await app_harness.repository.repository()
    assert made_tokens(github) == 1


async def test_an_app_that_is_refused_again_raises_credential_error(
    app_harness: ClientHarness, github: GitHub
) -> None:
    github.simulator.faults.add(error(401, "Bad credentials"), path="/repos/acme/web$", times=None)
    with pytest.raises(CredentialError, match="Bad credentials"):
        await app_harness.repository.repository()
    assert made_tokens(github) == 2


async def test_a_wrong_clock_is_corrected_by_githubs_date(app_harness: ClientHarness, github: GitHub) -> None:
    github.clock.advance(7_200)  # two hours: our first JWT is long expired
    assert (await app_harness.repository.repository()).full_name == "acme/web"


async def test_limits_belong_to_the_installation_not_to_its_tokens(
    app_harness: ClientHarness, github: GitHub, clock: FixedClock
) -> None:
    before = app_harness.repository.credential
    await app_harness.repository.repository()
    clock.passed += 3_500
    github.clock.advance(3_500)
    await app_harness.repository.repository()
    assert made_tokens(github) == 2
    assert app_harness.repository.credential == before
    assert {credential for credential, _ in app_harness.rate_limiter.reserved} == {before}


async def test_a_renewed_token_probes_the_lists_without_etags(
    app_harness: ClientHarness, github: GitHub, clock: FixedClock
) -> None:
    state = None
    async for page in app_harness.repository.issue_changes(None):
        state = page.state
    assert state is not None
    clock.passed += 3_500
    github.clock.advance(3_500)
    pages = [page async for page in app_harness.repository.issue_changes(state)]
    assert "if-none-match" not in github.simulator.requests[-1].headers
    assert pages[0].state is not None
    assert pages[0].state.etag_credential != state.etag_credential
    assert [page async for page in app_harness.repository.issue_changes(pages[0].state)] == []


async def test_two_repositories_that_need_a_token_at_once_make_one(
    app_harness: ClientHarness, github: GitHub
) -> None:
    async def look() -> None:
        await app_harness.another().repository()

    await asyncio.gather(*(look() for _ in range(5)))
    assert made_tokens(github) == 1


def _pem_of(key: EllipticCurvePrivateKey | X25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "form", ["broken", "EC", "X25519", "with a passphrase", "certificate", "client secret"]
)
async def test_an_invalid_key_is_reported_without_showing_it(
    github: GitHub, app: InstalledApp, clock: FixedClock, key: RSAPrivateKey, form: str
) -> None:
    locked = BestAvailableEncryption(b"passphrase")
    pem = {
        "broken": "-----BEGIN RSA PRIVATE KEY-----\nhush\n",
        "EC": _pem_of(generate_ec_key(SECP256R1())),
        "X25519": _pem_of(X25519PrivateKey.generate()),
        "with a passphrase": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode(),
        "certificate": "-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----\n",
        "client secret": "hush" * 10,
    }[form]
    credential = credential_of(app, clock, pem=pem)
    opened = open_client(github.api, clock=clock, credential=credential)
    with pytest.raises(CredentialError, match="PEM") as raised:
        await opened.repository.repository()
    assert pem.splitlines()[-1] not in str(raised.value)
    assert "github.app.private_key_file" in (raised.value.remedy or "")
    await opened.aclose()


@pytest.mark.parametrize("form", ["PEM", "PKCS1", "SSH", "SSH after a line"])
async def test_a_public_key_given_as_the_apps_key_is_reported_as_such(
    github: GitHub, app: InstalledApp, clock: FixedClock, key: RSAPrivateKey, form: str
) -> None:
    public = key.public_key()
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    pem = {
        "PEM": app.app.public_key,
        "PKCS1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        "SSH": ssh,
        "SSH after a line": f"\n{ssh}\n",
    }[form]
    credential = credential_of(app, clock, pem=pem)
    opened = open_client(github.api, clock=clock, credential=credential)
    with pytest.raises(CredentialError, match=r"holds a public key; .*\.pem file") as raised:
        await opened.repository.repository()
    assert "BEGIN" not in str(raised.value)
    assert raised.value.remedy is not None
    await opened.aclose()


async def test_an_app_that_is_not_installed_is_reported(
    github: GitHub, app: InstalledApp, clock: FixedClock
) -> None:
    credential = AppCredential(
        app_id=str(app.app.id),
        private_key=Secret(app.pem.decode()),
        owner="acme",
        repository="other",
        clock=clock,
    )
    opened = open_client(github.api, clock=clock, credential=credential)
    with pytest.raises(CredentialError, match=r"acme/other .*404: Not Found.*installed there") as raised:
        await opened.repository.repository()
    assert "installed there" in (raised.value.remedy or "")
    await opened.aclose()


async def test_the_request_for_a_token_is_retried_when_the_connection_drops(
    app_harness: ClientHarness, github: GitHub
) -> None:
    github.simulator.faults.add(error(502), path="/access_tokens")
    assert (await app_harness.repository.repository()).full_name == "acme/web"


async def test_without_a_usable_token_nothing_is_sent_and_each_request_raises_the_reason() -> None:
    net = Net(credential=UnusableCredential("The stored token can't be decrypted."))
    with pytest.raises(CredentialError, match="can't be decrypted"):
        await net.github.repository()
    with pytest.raises(CredentialError, match="can't be decrypted"):
        await net.github.account()
    assert net.requests == []
    assert net.harness.credential.limits_key == UnusableCredential("Another reason").limits_key
    assert not net.harness.credential.discard_token(Secret("any"))  # there is no other token to try


async def test_a_write_without_a_token_is_not_sent(app_harness: ClientHarness, github: GitHub) -> None:
    number = github.web.open_issue("One", by="alice").number
    github.simulator.faults.add(error(502), path="/installation", times=None)
    assert isinstance(await app_harness.repository.create_comment(IssueNumber(number), "Hello"), NotSent)
    assert github.web.thread(number) == []


async def test_a_limit_of_the_app_itself_ends_the_pass_too() -> None:
    clock = FixedClock()
    key = generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    net = Net(
        credential=AppCredential(
            app_id="1", private_key=Secret(pem), owner="acme", repository="web", clock=clock
        )
    )
    net.on(
        "GET", f"{REPO}/installation", httpx.ConnectError("x"), refusal(429, "Slow down", Retry_After="30")
    )
    with pytest.raises(LimitedError) as raised:
        await net.github.repository()
    assert raised.value.until == net.clock.now() + timedelta(seconds=30)
    assert len(net.rate_limiter.blocks) == 1
