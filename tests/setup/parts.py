"""The parts of the suite that `make test WITHOUT=…` and `make test-fast` leave out, and where they are."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path, PurePath

ROOT = Path(__file__).parents[2]
PARTS = {
    "browser": ("tests/browser",),
    # What takes root and namespaces.
    "systemd": ("tests/systemd", "tests/proofs/test_full_disk.py"),
    # Long histories, random or fixed, and what takes many passes.
    "histories": (
        "tests/proofs",
        "tests/github/test_random_changes.py",
        *(
            f"tests/sync/test_{name}.py"
            for name in (
                "after_restore",
                "alerts",
                "any_history",
                "applied_settings",
                "assignee",
                "brakes",
                "bursts",
                "button_export",
                "comments",
                "comments_from",
                "conflicts",
                "customer",
                "directions",
                "dry_run",
                "edited_copies",
                "export_requests",
                "follower_comments",
                "followers",
                "full_read",
                "heavy_rows",
                "hostile",
                "identity",
                "link_comment",
                "misnamed_columns",
                "moved_links",
                "owner_mail",
                "priority",
                "races",
                "refused",
                "regressions",
                "refused_answers",
                "remapped_labels",
                "issue_resolutions",
                "second_issues",
                "second_readings",
                "stage",
                "succession",
                "texts_on_both_sides",
                "undone",
                "unknown",
                "unreadable_rows",
                "unrecorded_issues",
                "webhook_hints",
                "what_may_leave",
                "withheld",
                "write_confirmations",
            )
        ),
    ),
    # Every route, and what each page says.
    "routes": tuple(
        f"tests/web/test_{name}.py"
        for name in (
            "api_commands",
            "app_setup",
            "every_route",
            "hostile_requests",
            "lists",
            "page",
            "prefix",
            "project_page",
            "report_list",
            "report_page",
            "reports",
            "routes",
            "settings_page",
            "setup_page",
            "unknown_values",
            "withheld_page",
        )
    ),
    # The command, the daemon, the demo and the benchmarks, as processes of their own.
    "processes": (
        "tests/bench",
        "tests/cli/test_installation_files.py",
        "tests/daemon/test_daemon.py",
        "tests/demo/test_demo.py",
        "tests/e2e",
        "tests/setup/test_parts.py",
    ),
    # Project locks through a real pgbouncer.
    "pooler": ("tests/store/test_poolers.py", "tests/e2e/test_poolers.py"),
    # And every test that asks for a server: see `needs_postgresql`.
    "postgresql": ("tests/sync/test_physical_copy.py", "tests/support/test_postgres.py"),
}
"""Each word that WITHOUT takes, and the folders and files of those tests."""
POSTGRESQL_FIXTURE = "postgres_server"
POSTGRESQL_PARAMETERS = {"postgresql", "procrastinate"}


class UnknownPartError(ValueError):
    """A word in WITHOUT that names no part; the message lists the parts."""


def parse(text: str) -> tuple[str, ...]:
    """The parts named in `text`, separated by commas or spaces, in the order of PARTS.

    Raises UnknownPartError.
    """
    names = text.replace(",", " ").split()
    if unknown := [word for word in names if word not in PARTS]:
        raise UnknownPartError(f"WITHOUT={text}: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    return tuple(part for part in PARTS if part in names)


def is_left_out(path: PurePath, parts: Iterable[str], root: PurePath = ROOT) -> bool:
    """Whether the file or folder `path` (absolute) belongs to one of `parts`."""
    places = [root / place for part in parts for place in PARTS[part]]
    return any(place == path or place in path.parents for place in places)


def is_selected(part: str, arguments: Iterable[str]) -> bool:
    """Whether a run of pytest with these arguments may run tests of `part`.

    Paths among the arguments select what is in them; without any path, all parts are selected.
    """
    paths = [PurePath(each.partition("::")[0]) for each in arguments if not each.startswith("-")]
    paths = [path for path in paths if (ROOT / path).exists()]
    places = [PurePath(place) for place in (["tests"] if part == "postgresql" else PARTS[part])]
    return not paths or any(
        path == place or path in place.parents or place in path.parents for path in paths for place in places
    )


def needs_postgresql(fixtures: Iterable[str], parameters: Iterable[object]) -> bool:
    """Whether a test with these fixtures and values of parameters, or tuples of them, starts PostgreSQL."""
    values = chain.from_iterable(each if isinstance(each, tuple) else (each,) for each in parameters)
    return POSTGRESQL_FIXTURE in fixtures or any(
        isinstance(each, str) and each in POSTGRESQL_PARAMETERS for each in values
    )


def summary(parts: Iterable[str]) -> str:
    """The last line of a run that left parts out."""
    return f"left out: {', '.join(parts)} (make test without WITHOUT runs everything)"
