"""Any input from outside is parsed to a value, or is an error of one row, report, project or answer.

In `make test` a few examples of each, in `make prove` a twentieth of N.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import GitHubError
from reconciler.github.drain import Drain, ListAnswer
from reconciler.github.http import MAX_CLOCK_DIFFERENCE, ApiUsage, GitHubTime
from reconciler.github.limits import MAX_WAIT_SECONDS, limit_wait
from reconciler.github.translate import to_comment_row, to_issue_row
from reconciler.github.transport import HttpResponse
from reconciler.github.wire import error_message, full_error_text, is_json, split_list
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.policy import SanitizationPolicy
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bugspark.integrations import ProjectConfigs, secrets_as_stored, to_project
from reconciler.store.bugspark.mappers import decode_report_json
from reconciler.store.foreign_json import MAX_CONFIG_BYTES, ForeignJsonError, decode_foreign_json, excerpt
from reconciler.text.issue_text import ExportedReport, issue_body
from tests.config.test_any_input import settings_or_sentence
from tests.github.client_harness import FixedClock
from tests.github.network import comment, issue

EXAMPLES = max(25, int(os.environ.get("PROVE", "0")) // 20)
PROVING: dict[str, Any] = {
    "deadline": None,
    "max_examples": EXAMPLES,
    "suppress_health_check": list(HealthCheck),
}
MARKER = "<!-- bugspark-sync v1 0123abcd here 00000000-0000-4000-8000-000000000000 0123 -->"
SHOP = ProjectId(UUID(int=1))
CIPHER = SecretCipher(())
TOKEN = Fingerprint("t")

texts = st.text(max_size=40) | st.sampled_from(
    ["", "\0", "\ud800", "gAAAA" + "x" * 40, "\u202e", "9" * 30, "-1"]
)
numbers = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 10**400, 0, -0.0])
scalars = st.none() | st.booleans() | numbers | texts
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            texts | st.sampled_from(["token", "owner", "repo", "message", "level"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
depths = st.integers(0, 1_500)
json_texts = (
    json_values.map(json.dumps)
    | st.builds(lambda depth, inner: "[" * depth + inner + "]" * depth, depths, json_values.map(json.dumps))
    | st.builds(lambda depth: '{"a":' * depth + "1" + "}" * depth, depths)
    | st.text(max_size=80)
    | st.sampled_from(
        ["1" * 5_000, "1e999", "NaN", "-Infinity", '"\\ud800"', "[1,]", "\ufeff{}", "x" * 70_000]
    )
)
times = st.sampled_from(
    ["2026-03-02T08:59:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59",
     "0001-01-01T00:00:00+23:59", "2026-03-02", "", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59.999999Z"],
)  # fmt: skip


def changed_rows(make: Callable[..., dict[str, Any]]) -> st.SearchStrategy[bytes]:
    """Rows of GitHub's with some members of another value or shape."""
    names = sorted({*make(), "user", "labels", "pull_request", "minimized", "body"})
    members = st.dictionaries(st.sampled_from(names), json_values | times, max_size=3)
    stamps: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"updated_at": times, "created_at": times}
    ) | st.just({})
    return st.builds(lambda one, two: json.dumps({**make(), **two, **one}).encode(), members, stamps)


@settings(**PROVING)
@given(json_texts)
def test_any_json_of_a_config_is_an_integration_or_a_sentence(text: str) -> None:
    project = to_project(ProjectConfigs(id=SHOP, name="Shop", configs=[text]), CIPHER, None)
    assert (project.integration is None) == bool(project.problem)
    assert "\n" not in (project.problem or "")
    assert len(project.problem or "") < 300
    assert all(isinstance(value, str) for value in secrets_as_stored(text))


@settings(**PROVING)
@given(json_texts, json_texts)
def test_any_json_of_a_report_is_rendered_within_the_limits_of_an_issue(logs: str, metadata: str) -> None:
    def body(shorten: Callable[[Any], Any]) -> str:
        report = ExportedReport(
            tracking_id="BUG-1", title="t", description="d", severity="low", category="ui", status="new",
            console_logs=shorten(decode_report_json(logs)), metadata=shorten(decode_report_json(metadata)),
        )  # fmt: skip
        return issue_body(report, MARKER, SanitizationPolicy())

    text = body(excerpt)
    assert len(text.encode()) <= 65_000
    assert text.endswith(MARKER)
    assert text == body(lambda value: value)


@settings(**PROVING)
@given(json_texts)
def test_what_is_decoded_can_be_stored_again(text: str) -> None:
    try:
        value = decode_foreign_json(text, MAX_CONFIG_BYTES)
    except ForeignJsonError:
        return
    json.dumps(value)


@settings(**PROVING)
@given(st.lists(changed_rows(issue), max_size=4), st.booleans())
def test_any_issues_of_a_list_are_read_or_named(rows: list[bytes], has_next: bool) -> None:
    _read_list(to_issue_row, rows, has_next=has_next)


@settings(**PROVING)
@given(st.lists(changed_rows(comment), max_size=4), st.booleans())
def test_any_comments_of_a_list_are_read_or_named(rows: list[bytes], has_next: bool) -> None:
    _read_list(to_comment_row, rows, has_next=has_next)


def _read_list(read_row: Callable[..., Any], bodies: list[bytes], *, has_next: bool) -> None:
    raw = split_list(b"[" + b",".join(bodies) + b"]", "the list")
    rows = tuple(read_row(each, "acme/web") for each in raw)
    assert all(row.problem is None or "\n" not in row.problem.reason for row in rows)
    drain: Drain[Any] = Drain(datetime(2026, 3, 1, tzinfo=UTC), keep=timedelta(seconds=120))
    for at in range(3):
        if drain.next_request() is None:
            break
        following = f"https://api.test/{at}" if has_next else None
        date = datetime(2026, 3, 2, 9, tzinfo=UTC)
        answer = ListAnswer(rows=rows, next=following, date=date, etag=None, token=TOKEN)
        try:
            drain.process_answer(answer)
        except GitHubError:
            break


@settings(**PROVING)
@given(st.binary(max_size=200) | json_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_body_of_a_refusal_gives_a_message_or_none(body: bytes) -> None:
    message = error_message(body)
    assert message is None or "\n" not in message
    assert isinstance(full_error_text(body), str)
    assert is_json(body) in (True, False)


header_values = (
    texts
    | times
    | st.sampled_from(
        [
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Mon, 02 Mar 2026 09:00:00 -2359",
            "0",
            "1" * 18,
        ]
    )
)
headers = st.dictionaries(
    st.sampled_from(["date", "retry-after", "x-oauth-scopes", "x-ratelimit-resource",
                     *(f"x-ratelimit-{name}" for name in ("limit", "remaining", "reset"))]),
    header_values,
)  # fmt: skip


@settings(**PROVING)
@given(headers, st.sampled_from([200, 304, 403, 422, 429, 503]), texts)
def test_any_headers_leave_the_clock_and_waits_bounded(
    found: dict[str, str], status: int, message: str
) -> None:
    clock = FixedClock()
    time = GitHubTime(clock)
    usage = ApiUsage(time)
    for _ in range(2):
        usage.count_answer(HttpResponse(status=status, headers=found, body=b""))
        assert abs(time.now() - clock.now()) <= MAX_CLOCK_DIFFERENCE
        assert time.earliest_now() <= time.now()
        wait = limit_wait(status, found, message, now=time.now(), unannounced_streak=3)
        assert wait is None or 0 < wait.seconds <= MAX_WAIT_SECONDS
        if usage.limit is not None:
            assert usage.limit.reset_at <= time.now() + timedelta(seconds=MAX_WAIT_SECONDS + 1)


variables = st.dictionaries(st.sampled_from(["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "PGHOST"]), texts)
tables = st.dictionaries(
    st.sampled_from(["database", "bugspark", "github", "sync", "web", "x"]),
    st.dictionaries(
        st.sampled_from(
            ["url", "proxy", "ca_file", "insecure", "trust_environment", "severity", "host", "y"]
        ),
        st.booleans()
        | st.integers()
        | st.text(st.characters(codec="ascii"), max_size=20)
        | st.lists(st.integers()),
        max_size=3,
    ),
    max_size=3,
)


@settings(**PROVING)
@given(tables, variables)
def test_any_tables_of_the_file_are_settings_or_one_sentence(
    found: dict[str, Any], environ: dict[str, str]
) -> None:
    lines = [
        f"[{name}]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
        for name, table in found.items()
    ]
    with TemporaryDirectory() as directory:
        path = Path(directory) / "it.toml"
        path.write_text("\n".join(lines))
        settings_or_sentence(path, environ, {})
