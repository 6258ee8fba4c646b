"""Logs: one event per line, no secret, no raw control character."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NoReturn
from uuid import UUID

import pytest

from reconciler import logs
from reconciler.model.formatting import escape_unprintable
from reconciler.model.secret import Secret

CANARY = "ghp_canary5f0c"


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger(logs.ROOT_LOGGER)
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def fail(message: str) -> NoReturn:
    raise ValueError(message)


def configured(stream: io.StringIO, **choice: Any) -> Any:
    values: dict[str, Any] = {"level": "info", "style": "json", "redaction": logs.Redaction([Secret(CANARY)])}
    logs.configure_logging(**{**values, **choice}, stream=stream)
    return logs.EventLogger("reconciler.test")


def test_an_event_is_one_json_line_with_level_and_time(stream: io.StringIO) -> None:
    configured(stream).info("pass done", requests=2)
    event = json.loads(stream.getvalue())
    assert event["event"] == "pass done"
    assert (event["level"], event["requests"]) == ("info", 2)
    assert event["timestamp"].endswith("Z")


def test_events_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configured(stream, level="warning").info("quiet")
    assert stream.getvalue() == ""


def test_auto_is_json_without_a_terminal(stream: io.StringIO) -> None:
    configured(stream, style="auto").info("x")
    assert json.loads(stream.getvalue())["event"] == "x"


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_secret_is_written_from_any_place(stream: io.StringIO, style: str) -> None:
    log = configured(stream, style=style)
    message = f"failed {CANARY}"
    try:
        fail(f"bad token {CANARY}")
    except ValueError:
        log.exception(
            message,
            token=Secret("other-secret"),
            deep={CANARY: [CANARY, (CANARY,)]},
            error=OSError(CANARY),
        )
    assert CANARY not in stream.getvalue()
    assert "other-secret" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_secret_added_later_is_masked_from_then_on(stream: io.StringIO) -> None:
    redaction = logs.Redaction()
    log = configured(stream, redaction=redaction)
    redaction.add_secret(Secret("late-token"))
    log.info("x", value="a late-token b")
    assert json.loads(stream.getvalue())["value"] == "a *** b"


def test_an_empty_secret_masks_nothing() -> None:
    assert logs.Redaction([Secret("")]).redact("abc") == "abc"


def test_a_secret_inside_a_longer_one_is_masked_completely() -> None:
    assert logs.Redaction([Secret("abcd"), Secret("abcdefgh")]).redact("-abcdefgh-abcd-") == "-***-***-"


@pytest.mark.parametrize(
    "text",
    [
        "ghp_0123456789abcdef",
        "github_pat_11ABC_0123456789",
        "gAAAAABm0123456789abcdefghij-_==",
        "postgresql://user:hunter2@host/db",
        "Authorization: Bearer v1.0123456789abcdef0123456789",
        "authorization: token 0123456789abcdef0123456789abcdef",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_text_in_the_form_of_a_secret_is_masked(text: str) -> None:
    cleaned = logs.Redaction().redact(f"before {text} after")
    assert "***" in cleaned
    assert cleaned.startswith("before ")
    assert not any(word in cleaned for word in ("01234", "hunter2", "MIIE"))


@pytest.mark.parametrize(
    "text", ["a token bearer came", "https://github.com/acme/web/issues/7", "mail a:b@c"]
)
def test_plain_words_and_addresses_stay(text: str) -> None:
    assert logs.Redaction().redact(text) == text


@pytest.mark.parametrize("style", ["json", "console"])
def test_text_cannot_forge_a_line_or_control_the_terminal(stream: io.StringIO, style: str) -> None:
    configured(stream, style=style).info("comment", body="a\n2030 [info] forged\r\x1b[2J\x00\u202egnp")
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert not set(written) & set("\r\x00\u202e")
    assert "\x1b[2J" not in written


def test_a_trace_keeps_its_lines_but_none_starts_like_an_event(stream: io.StringIO) -> None:
    log = configured(stream, style="console")
    try:
        fail("first\n2030 [error] forged")
    except ValueError:
        log.exception("failed")
    assert all(line.startswith("  ") for line in stream.getvalue().splitlines()[1:])


def test_events_have_the_bound_values(stream: io.StringIO) -> None:
    log = configured(stream)
    with logs.bind_log_values(pass_id="p1", project="acme"):
        log.info("inside")
    log.info("outside")
    inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert (inside["pass_id"], inside["project"]) == ("p1", "acme")
    assert "project" not in outside


def test_log_lines_of_libraries_are_cleaned_too(stream: io.StringIO) -> None:
    configured(stream)
    logging.getLogger("some.library").warning("token %s\n", CANARY)
    logging.getLogger("some.library").info("chatter")
    event = json.loads(stream.getvalue())
    assert event["event"] == "token ***\\n"
    assert event["level"] == "warning"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – née 👩‍🚀", "plain – née 👩‍🚀"),
        ("a\nb\tc\0", r"a\nb\tc\x00"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("\ud800", r"\ud800"),
        ("\x9b31m\u2028", r"\x9b31m\u2028"),
    ],
)  # fmt: skip
def test_terminal_control_characters_are_shown(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown


TOKEN = "ghp_abcdefgh0123456789"
SHOP, WEB = str(UUID(int=1)), str(UUID(int=2))


@pytest.mark.parametrize(
    "chosen",
    [
        "event", "info", "pass", "ghp_short", "x" * 15,
        *sorted(word for word in logs.words_never_masked() if len(word) >= logs.MIN_LEARNT_CHARS),
        "REMOTE_COMMENTS_REMOVED", SHOP, str(UUID(int=2**127)).upper(), "0123456789abcdef",
        "1234567890123456",
        "2026-03-02T09:00:00".replace("T", ":"), "victim-org/victim-repo", "https://api.github.com/repos",
        "GitHub could not be asked", "the database can't be used", "x" * 1_025, " " * 20, "", "\n" * 20,
    ],
)  # fmt: skip
def test_an_owner_s_secret_that_may_be_a_word_of_the_log_is_not_learnt(
    stream: io.StringIO, chosen: str
) -> None:
    redaction = logs.Redaction([Secret(CANARY)])
    log = configured(stream, redaction=redaction)
    log.info(chosen or "nothing", value=chosen, project=SHOP)
    before = json.loads(stream.getvalue())
    redaction.learn(WEB, Secret(chosen))
    log.info(chosen or "nothing", value=chosen, project=SHOP)
    after = json.loads(stream.getvalue().splitlines()[1])
    assert {**before, "timestamp": ""} == {**after, "timestamp": ""}


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "x" * 16,
        "x" * 1_024,
        "correct-horse-battery-staple",
        "pässwörter-genug!",
        "a/b/c/d/e/f/g/h/i",
        "0" * 15 + "g",
    ],
)
def test_a_long_secret_of_an_integration_is_learnt(secret: str) -> None:
    redaction = logs.Redaction()
    redaction.learn(SHOP, Secret(secret))
    assert redaction.redact(f"-{secret}-") == "-***-"


@pytest.mark.parametrize("secret", ["x", "event", "ab", "GitHub could not be asked"])
def test_any_secret_of_the_operator_is_masked(secret: str) -> None:
    assert logs.Redaction([Secret(secret)]).redact(f"<{secret}>") == "<***>"


def test_keys_are_never_redacted(stream: io.StringIO) -> None:
    log = configured(stream, redaction=logs.Redaction([Secret("event"), Secret("level"), Secret("value")]))
    log.info("a", value="level", deep=["value"])
    event = json.loads(stream.getvalue())
    assert (event["level"], event["event"], event["value"], event["deep"]) == (
        "info",
        "a",
        "***",
        ["***"],
    )


def test_what_is_learnt_is_forgotten_with_its_integration() -> None:
    redaction = logs.Redaction([Secret("operator")])
    redaction.learn(SHOP, Secret(TOKEN))
    redaction.learn(WEB, Secret(TOKEN[::-1]))
    redaction.keep_only([WEB])
    assert redaction.redact(f"{TOKEN[4:]} {TOKEN[::-1]} operator") == f"{TOKEN[4:]} *** ***"


def test_what_is_learnt_is_bounded_per_project_and_in_all() -> None:
    redaction = logs.Redaction()
    secrets = [f"secret-number-{number:06}" for number in range(20)]
    redaction.learn(WEB, Secret("the-only-one-of-web"))
    for secret in secrets:
        redaction.learn(SHOP, Secret(secret))
    known = [secret for secret in secrets if redaction.redact(secret) == "***"]
    assert known == secrets[-logs.MAX_LEARNT_PER_PROJECT :]
    assert redaction.redact("the-only-one-of-web") == "***"
    for number in range(logs.MAX_LEARNING_PROJECTS):
        redaction._learnt[str(number)] = {}
    redaction.learn("one more", Secret(TOKEN + "x"))
    assert WEB not in redaction._learnt


WITHOUT_DESCRIPTORS = """
import os, resource
from reconciler import logs
from reconciler.model.secret import Secret

redaction = logs.Redaction([Secret("ghp_canary5f0c")])
logs.configure_logging(level="info", style="json", redaction=redaction, ready=True)
log = logs.EventLogger("reconciler.test")
resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
try:
    os.open("/dev/null", os.O_RDONLY)
except OSError:
    log.exception("no descriptor", secret="ghp_canary5f0c")
"""


def test_a_process_without_descriptors_logs_an_error_redacted() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS], capture_output=True, text=True, check=True
    )
    (event,) = (json.loads(line) for line in done.stderr.splitlines())
    assert (event["event"], event["secret"]) == ("no descriptor", "***")
    assert "Too many open files" in event["exception"]


def test_a_line_that_cannot_be_written_leaves_a_sentence_without_its_content(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    class Unprintable:
        def __repr__(self) -> str:
            fail(CANARY)

        __str__ = __repr__

    configured(stream)
    logging.getLogger("reconciler.test").info("odd %s", Unprintable())
    assert stream.getvalue() == "a log line of reconciler.test could not be written\n"
    assert capsys.readouterr() == ("", "")
