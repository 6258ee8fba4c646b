"""What identifies people or opens doors is taken out of text before it goes to GitHub."""

import pytest

from reconciler.model.policy import SanitizationPolicy
from reconciler.text import ExportedReport, comment_to_github, issue_body, title_to_github
from reconciler.text.redact import redact, redact_and_count

REDACTING = SanitizationPolicy(redacts=True)
SECRETS = (
    "ada.lovelace+bugs@mail.example.co.uk",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 8,
    "glpat-" + "a1B2" * 5,
    "AKIA" + "ABCD1234" * 2,
    "xoxb-" + "1234-abcd" * 2,
    "sk_live_" + "a1B2" * 6,
    "AIza" + "a1B2" * 9,
    "npm_" + "a1B2" * 9,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "before {} after", "`{}`", "```\n{}\n```", "a: {}, b", "({})"])
def test_a_secret_is_taken_out_wherever_it_stands_and_what_is_around_it_stays(
    secret: str, frame: str
) -> None:
    text = frame.format(secret)
    found = redact(text)
    assert secret not in found
    before, after = frame.split("{}")
    assert found.startswith(before)
    assert found.endswith(after)
    assert redact(found) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x.test/a?token=1&b=2#c", "https://x.test/a?redacted"),
        ("see https://x.test/a#access_token=1, then", "see https://x.test/a#redacted then"),
        ("[x](https://x.test/a?token=1)", "[x](https://x.test/a?redacted)"),
        ("https://ada:secret@x.test/a", "https://x.test/a"),
        ("Authorization: Basic YTpi", "Authorization: (redacted)"),
        ("curl -H 'authorization: Bearer abcdefgh123'\nnext", "curl -H 'authorization: (redacted)\nnext"),
        ("Cookie: a=b; c=d", "Cookie: (redacted)"),
        ("sent bearer abcdefgh12345 twice", "sent bearer (redacted) twice"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "(redacted private key)"),
    ],
)
def test_addresses_and_headers_keep_what_is_harmless(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    "text",
    ["why? because", "a @mention", "issue #12", "f(x)?", "https://x.test/a/b.py:3", "2 * 3 @ 4", "cookies"],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text
    assert not redact_and_count(text)[1]


@pytest.mark.parametrize(
    "text",
    [
        "git clone git@github.com:acme/web.git",
        "npm i lodash@4.17.21 @types/node@20.11.1 vue@3.0.0-rc.one",
        "uses: actions/checkout@v4.1.1",
        "img/logo@2x.png and icon@1.5x.webp",
        "systemctl status user@1000.service getty@tty1.service.",
        "ssh admin@10.0.0.1",
    ],
)
def test_commands_and_names_of_files_with_an_at_sign_are_no_e_mail_addresses(text: str) -> None:
    for framed in (text, f"`{text}`", f"```\n{text}\n```"):
        assert redact(framed) == framed


@pytest.mark.parametrize(
    "address",
    ["ada@163.com", "ada@1.2.3.example.com", "a@b.service.example", "mygit@host.example", "ada@x.xn--p1ai"],
)
def test_addresses_that_look_like_versions_or_units_are_taken_out(address: str) -> None:
    assert redact(f"to {address}, now") == "to (redacted e-mail), now"


def test_what_was_taken_out_is_counted_by_kind() -> None:
    _, counts = redact_and_count("a@b.test and c@d.test, https://x.test/?q=1")
    assert counts == {"e-mail": 2, "address": 1}


def test_a_report_and_a_comment_leave_without_secrets_only_where_the_policy_says_so() -> None:
    secret = "ada@example.test"
    report = ExportedReport(
        tracking_id="BUG-0001",
        title=f"Crash for {secret}",
        description=f"`{secret}` and https://x.test/?token=1",
        severity="high",
        category="bug",
        status="new",
        console_logs=[{"level": "error", "message": f"GET https://x.test/?token=1 for {secret}"}],
        metadata={"user": secret},
        reporter_identifier=secret,
    )
    for policy, leaves in ((SanitizationPolicy(), True), (REDACTING, False)):
        body = issue_body(report, "<!-- marker -->", policy)
        sent = (
            body,
            title_to_github("BUG-0001", report.title, policy),
            comment_to_github(secret, f"ask {secret}", "<!-- marker -->", policy),
        )
        assert [secret.split("@", maxsplit=1)[0] in text for text in sent] == [leaves] * 3
        assert ("token=1" in body) is leaves


def test_redaction_takes_time_in_proportion_to_the_text() -> None:
    for piece in ("a", "a.", "a@", "://", "https://x?", "-----BEGIN ", "eyJ", "cookie:"):
        redact(piece * 20_000)
