"""Words that were replaced occur nowhere: on pages, on the terminal, in the API, in documents.

Left out are docs/dictionary.md and the changelog: they say which word replaced which.
"""

import re

import pytest

from tests.test_repository import ROOT, tracked

RETIRED = (
    "needs? you\\b",
    "compared whole",
    "crossed over",
    "something to tell",
    "[>'\"]Decrypts\\b",
    "kept in cl[e]ar",
    "kept unencrypted",
    "asks GitHub nothing",
    "(?:found )?by looking",
    "make and reveal",
    "set the webhook right|(?:is|are) set right",
    "secret (?:on GitHub )?is another",
    "[>'\"](?:Came|Taken in|Looked into)\\b",
    "deliveries are taken in",
    "(?:GitHub|database) (?:is|goes) away",
    "go their own ways",
    "makes first contact",
    "[>'\"*]The story\\b",
    "not here, or not yours",
    "\\bgo on\\?",
    "verified equal",
    ", due again at",
)
PATTERN = re.compile("|".join(RETIRED), re.IGNORECASE)
SHOWN = {".py", ".html", ".js", ".md", ".toml", ".json", ".yml", ".service", ".css"}
LEFT_OUT = {"CHANGELOG.md", "docs/dictionary.md", "tests/test_wording.py"}


def test_replaced_words_occur_nowhere() -> None:
    found = []
    for path in tracked():
        if path.suffix not in SHOWN or str(path) in LEFT_OUT:
            continue
        lines = (ROOT / path).read_text("utf-8", errors="ignore").splitlines()
        found += [
            f"{path}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if PATTERN.search(line)
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["Needs you", "verified equal", "GitHub is away", "Accept them. Go on?"])
def test_the_search_finds_what_it_names(text: str) -> None:
    assert PATTERN.search(text)
