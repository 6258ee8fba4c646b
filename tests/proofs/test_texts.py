"""Real texts through both renderers and back: inert on GitHub, and the same to read on both sides.

`make prove N=5000 ARGS=tests/proofs/test_texts.py` takes as many texts; a failure names the seed of its text.
"""

import html
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import seed as seed_of_examples
from hypothesis import strategies as st

from reconciler.fields.synced_field import Verdict
from reconciler.fields.title import TITLE, readable_title
from reconciler.model.policy import SanitizationPolicy, SyncPolicy
from reconciler.text import (
    comment_to_bugspark,
    comment_to_github,
    is_same_text,
    parse_import,
    title_from_github,
    title_to_github,
)
from reconciler.text.clean import clean, normalise
from reconciler.text.code_blocks import close_fences
from reconciler.text.inert import inert
from tests.support.factories import a_base, a_report, a_seen_issue
from tests.support.github_oracle import acting, github_html, parsed
from tests.support.hostile_text import hostile, hostile_lines
from tests.support.real_texts import CODE_KINDS, TITLES, real_text

PROVE = "PROVE" in os.environ
TEXTS = int(os.environ.get("PROVE", "60"))
SEED = int(os.environ.get("PROVE_SEED", "7")) * 1_000_000
SHARDS = 8 if PROVE else 2
MARKER = f"<!-- bugspark-sync v1 0123abcd here 00000000-0000-4000-8000-000000000000 {'0' * 32} -->"
POLICY = SanitizationPolicy(image_hosts=frozenset({"ours.example"}))


def as_written(text: str) -> str:
    """The text without what we put into it. HTML, images, entities and moved fences differ in more."""
    plain = normalise(clean(text)).replace("\u200b", "").replace("%40", "@")
    return "" if re.search(r"<[a-z/!]|!\[|&#?\w+;", plain, re.IGNORECASE) else plain


def read(text: str) -> str:
    """What people read on GitHub's page, without blanks: a fence in a list may move."""
    everything = parsed(github_html(clean(text))).everything
    return "".join(everything.replace("\u200b", "").replace("%40", "@").split())


@pytest.mark.timeout(0 if PROVE else 600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_real_texts_are_inert_on_github_and_the_same_to_read(shard: int) -> None:
    for seed in range(SEED + shard, SEED + TEXTS, SHARDS):
        text = real_text(seed)
        body = comment_to_github("Ada", html.escape(text), MARKER, POLICY)
        assert acting(body) == [], seed
        sent = body.removeprefix("[BugSpark] Ada:\n\n").removesuffix(f"\n\n{MARKER}")
        again = comment_to_github("Ada", html.escape(sent), MARKER, POLICY)
        assert again == body, seed
        is_same_source = as_written(sent) == as_written(text) != ""
        assert not is_same_source or read(sent) == read(text), seed
        found = parse_import(comment_to_bugspark("octocat", text))
        assert found is not None and is_same_text(found[1], text), seed


def test_kinds_of_code_block_stay_byte_for_byte() -> None:
    kinds = CODE_KINDS if PROVE else CODE_KINDS[::7]
    changed = [text for text in kinds if not _stays(text)]
    print(f"{len(kinds) - len(changed)} of {len(kinds)} kinds of code block stay byte for byte")
    assert len(CODE_KINDS) == 1_800
    assert changed == []


@pytest.mark.parametrize("title", TITLES)
def test_titles_are_the_same_on_both_sides(title: str) -> None:
    policy = SyncPolicy(directions={})
    stored = title_from_github(title, "BUG-0001")
    base = a_base(title=stored, remote_title=title)
    seen = a_seen_issue(title=title)
    assert TITLE.diff(a_report(title=stored), seen, base, policy).verdict is Verdict.EQUAL
    assert readable_title(a_report(title=stored), base) == " ".join(title.split()).removeprefix("[BUG-0001] ")
    sent = title_to_github("BUG-0001", title, POLICY)
    assert acting(sent) == []
    assert title_from_github(sent, "BUG-0001") == " ".join(title.split())


def _stays(text: str) -> bool:
    """Whether GitHub shows the same code for our rendering as for the text itself."""
    rendered = close_fences(inert(text, POLICY))
    return parsed(github_html(rendered)).code == parsed(github_html(clean(text))).code


@pytest.mark.timeout(0 if PROVE else 600)
@seed_of_examples(SEED)
@settings(max_examples=TEXTS, derandomize=False, database=None)
@given(st.one_of(hostile, hostile_lines))
def test_no_hostile_text_acts(text: str) -> None:
    body = comment_to_github("Ada", html.escape(text), MARKER, POLICY)
    assert acting(body) == []
