"""Every form of a limit's answer (docs/reference/github.md, Limits), and answers that only look like one."""

from datetime import UTC, datetime

import pytest

from reconciler.github.limits import MAX_WAIT_SECONDS, limit_wait, parse_date_header, parse_rate_limit_headers
from reconciler.model.issue import RateLimit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RESET = str(int(NOW.timestamp()) + 600)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def seconds(
    status: int, headers: dict[str, str] | None = None, message: str = "", unannounced_streak: int = 0
) -> float | None:
    wait = limit_wait(status, headers or {}, message, now=NOW, unannounced_streak=unannounced_streak)
    return wait.seconds if wait else None


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_in_seconds_is_what_is_waited(status: int) -> None:
    assert seconds(status, {"retry-after": "37"}, SECONDARY) == 37


def test_retry_after_as_a_date_is_counted_from_github_s_clock() -> None:
    assert seconds(403, {"retry-after": "Mon, 02 Mar 2026 09:01:30 GMT"}) == 90


@pytest.mark.parametrize("status", [403, 429])
def test_nothing_remaining_waits_for_the_reset(status: int) -> None:
    assert seconds(status, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}) == 601


def test_a_reset_in_the_past_waits_a_second() -> None:
    past = str(int(NOW.timestamp()) - 50)
    assert seconds(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": past}) == 1


@pytest.mark.parametrize(
    ("unannounced_streak", "expected"), [(0, 60), (1, 120), (2, 240), (5, 1_920), (6, 3_600), (99, 3_600)]
)
def test_a_message_alone_waits_a_minute_and_longer_each_time(
    unannounced_streak: int, expected: float
) -> None:
    assert seconds(403, message=SECONDARY, unannounced_streak=unannounced_streak) == expected


def test_a_429_without_a_message_is_a_limit_too() -> None:
    wait = limit_wait(429, {}, "", now=NOW, unannounced_streak=0)
    assert wait is not None
    assert (wait.seconds, wait.guessed) == (60, True)


def test_very_long_waits_are_cut_to_a_day() -> None:
    assert seconds(429, {"retry-after": "999999999999"}) == MAX_WAIT_SECONDS
    assert (
        seconds(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}) == MAX_WAIT_SECONDS
    )


def test_a_503_with_retry_after_is_a_wait() -> None:
    assert seconds(503, {"retry-after": "120"}) == 120
    assert seconds(503) is None


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (403, {}, "Resource not accessible by personal access token"),
        (
            403,
            {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": RESET},
            "Repository was archived so is read-only.",
        ),
        (403, {"x-ratelimit-remaining": "0"}, "Must have admin rights"),
        (403, {"retry-after": "soon"}, "Forbidden"),
        (404, {"retry-after": "5"}, SECONDARY),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, ""),
        (500, {"retry-after": "5"}, ""),
    ],
)
def test_other_refusals_are_no_limit(status: int, headers: dict[str, str], message: str) -> None:
    assert seconds(status, headers, message) is None


def test_the_primary_limit_is_read_from_every_answer() -> None:
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4990", "x-ratelimit-reset": RESET}
    expected = RateLimit(limit=5_000, remaining=4_990, reset_at=datetime(2026, 3, 2, 9, 10, tzinfo=UTC))
    assert parse_rate_limit_headers(headers, NOW) == expected
    assert parse_rate_limit_headers({**headers, "x-ratelimit-resource": "core"}, NOW) == expected


@pytest.mark.parametrize(
    "invalid",
    [{"x-ratelimit-limit": ""}, {"x-ratelimit-remaining": "-1"}, {"x-ratelimit-reset": "soon"},
     {"x-ratelimit-reset": "9" * 18}, {"x-ratelimit-resource": "search"}, {"x-ratelimit-limit": "9" * 30},
     {"x-ratelimit-remaining": "9" * 15}, {"x-ratelimit-reset": "4102444800"}],
)  # fmt: skip
def test_senseless_headers_are_ignored(invalid: dict[str, str]) -> None:
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "1", "x-ratelimit-reset": RESET}
    assert parse_rate_limit_headers({**headers, **invalid}, NOW) is None


def test_github_s_date_is_read() -> None:
    assert parse_date_header({"date": "Mon, 02 Mar 2026 09:00:00 GMT"}) == NOW
    assert parse_date_header({"date": "Mon, 02 Mar 2026 09:00:00 -0000"}) == NOW


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 99 Mar 2026 09:00:00 GMT", "1"])
def test_text_that_is_no_date_is_none(text: str) -> None:
    assert parse_date_header({"date": text}) is None
    assert parse_date_header({}) is None
