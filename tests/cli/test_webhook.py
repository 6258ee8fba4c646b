"""`webhook show`, `rotate`, `create`: the output, also without a public address."""

import json

from tests.cli.fakes import FakeApplication, command

OPTION = ("--project", "Acme Web")


def test_show_prints_what_to_copy_and_numbered_steps() -> None:
    done = command("webhook", "show", *OPTION)
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[:4] == [
        "Webhook of Acme Web (acme/web)",
        "  URL     https://sync.example.com/hook",
        "  Secret  s3cr3t",
        "  Events  issues, issue_comment, label",
    ]
    assert [line[0] for line in lines if line[:2] in {f"{n}." for n in range(1, 9)}] == list("123456")
    narrow = command("webhook", "show", *OPTION, terminal=True).out.splitlines()
    assert max(map(len, narrow)) <= 80 < max(map(len, lines))
    assert lines[-1] == "  reconcile webhook create --project 'Acme Web'"


def test_json_has_the_same_for_programs() -> None:
    shown = json.loads(command("webhook", "show", *OPTION, "--json").out)
    assert shown["url"] == "https://sync.example.com/hook"
    assert (shown["secret"], shown["previous_valid_until"]) == ("s3cr3t", None)
    assert shown["events"] == ["issues", "issue_comment", "label"]
    rotated = json.loads(command("webhook", "rotate", *OPTION, "--json").out)
    assert rotated["previous_valid_until"] == "2026-03-02T09:00:00Z"
    made = json.loads(command("webhook", "create", *OPTION, "--json").out)
    assert made == {
        "repository": "acme/web",
        "hook": "4711",
        "created": True,
        "url": "https://sync.example.com/hook",
        "others": 1,
        "previous_url": None,
        "response": None,
    }


def test_rotate_says_how_long_the_old_secret_is_valid_and_create_what_it_did() -> None:
    application = FakeApplication()
    rotated = command("webhook", "rotate", *OPTION, application=application)
    assert "stays valid until 2026-03-02 09:00 UTC" in rotated.out
    made = command("webhook", "create", *OPTION, application=application)
    assert "The webhook of acme/web was created (id 4711)" in made.out
    assert "1 more webhook of the repository" in made.out
    assert application.calls == [("rotate_webhook", "Acme Web"), ("create_webhook", "Acme Web")]


def test_without_a_public_url_the_setup_is_shown_with_the_remedy() -> None:
    done = command("webhook", "show", *OPTION, application=FakeApplication(public_url=""))
    assert done.status == 1
    assert "  URL     -" in done.out
    assert "web.public_url is not set" in done.err


def test_a_project_must_be_named() -> None:
    assert command("webhook", "show").status == 2
    assert command("webhook").status == 2
