"""Checks for every text that is sent to GitHub, whatever the untrusted input."""

from reconciler.text.comment_text import MAX_BODY_BYTES
from tests.support.hostile_text import active, rendered

MARKER = f"<!-- bugspark-sync v1 0123abcd here 00000000-0000-4000-8000-000000000000 {'0' * 32} -->"
HOSTS = ("ours.example",)


def assert_safe(body: str) -> None:
    text, _, last = body.rpartition("\n")
    assert last == MARKER
    assert "bugspark-sync" not in text.lower()
    assert active(text) == []
    assert len(body.encode()) <= MAX_BODY_BYTES
    tokens = rendered(body)
    assert (tokens[-1].type, tokens[-1].content.strip()) == ("html_block", MARKER)
    assert [token.content for token in tokens[:-1] if token.type in {"html_block", "html_inline"}] == []
    images = [str(token.attrs["src"]) for token in tokens if token.type == "image"]
    assert [src for src in images if not src.startswith("https://ours.example/")] == []
