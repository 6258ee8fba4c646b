"""Checks for every text that is sent to GitHub, whatever the untrusted input."""

from reconciler.model.policy import SanitizationPolicy
from reconciler.text.comment_text import MAX_BODY_BYTES
from tests.support.github_oracle import (
    commonmark_tokens,
    github_html,
    seen_by_bots,
    seen_in_html,
    seen_in_tokens,
)

MARKER = f"<!-- bugspark-sync v1 0123abcd here 00000000-0000-4000-8000-000000000000 {'0' * 32} -->"
POLICY = SanitizationPolicy(image_hosts=frozenset({"ours.example"}))


def assert_safe(body: str) -> None:
    text, _, last = body.rpartition("\n")
    assert last == MARKER
    assert "bugspark-sync" not in text.lower()
    assert len(body.encode()) <= MAX_BODY_BYTES
    tokens, html = commonmark_tokens(body), github_html(body)
    assert seen_by_bots(body) + seen_in_html(html) + seen_in_tokens(tokens) == []
    assert (tokens[-1].type, tokens[-1].content.strip()) == ("html_block", MARKER)
    assert [token.content for token in tokens[:-1] if token.type in {"html_block", "html_inline"}] == []
    # Footnotes are shown after everything else.
    assert f"\n{MARKER}\n" in html
