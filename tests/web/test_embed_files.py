"""The embedded module as it is served, and what holds for its source."""

import gzip
import re

import pytest

from reconciler.web.embed.files import MODULE_FOLDER, MODULE_PARTS, EmbedFiles, read_embed_files
from tests.web.harness import WebHarness

MAX_COMPRESSED_BYTES = 30_000
WORDS = {"words_en.js", "words_zh_hk.js"}
ENTRY = re.compile(r'^  "([^"]+)":\s+(.+),$', re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\w+\}")
FORBIDDEN = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "localStorage",
    "sessionStorage",
    "document.cookie",
    "document.body",
    "import(",
    "import {",
    ".style.",
)


@pytest.fixture
def files() -> EmbedFiles:
    return read_embed_files()


def texts(name: str) -> dict[str, str]:
    """Return the entries of a table: key → its text, or the forms of it, as they are written."""
    return dict(ENTRY.findall((MODULE_FOLDER / name).read_text("utf-8")))


async def test_the_module_is_served_to_pages_of_any_origin_under_both_names(
    harness: WebHarness, files: EmbedFiles
) -> None:
    caches = {
        "bugspark-sync.js": "public, max-age=300",
        files.hashed_name: "public, max-age=31536000, immutable",
    }
    for name, cache in caches.items():
        answer = await harness.client.get(f"/embed/{name}", headers={"Origin": "https://app.example.com"})
        assert answer.status_code == 200 and answer.content == files.module
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["cache-control"] == cache
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
        again = await harness.client.get(f"/embed/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content
        plain = await harness.client.get(f"/embed/{name}", headers={"Accept-Encoding": "identity"})
        assert plain.content == files.module and "content-encoding" not in plain.headers
    types = await harness.client.get("/embed/bugspark-sync.d.ts")
    assert types.status_code == 200 and "declare module" in types.text
    assert types.headers["access-control-allow-origin"] == "*"
    assert (await harness.client.get("/embed/bugspark-sync.0123456789abcdef.js")).status_code == 404


async def test_no_other_file_or_page_may_be_read_by_pages_of_any_origin(harness: WebHarness) -> None:
    origin = {"Origin": "https://app.example.com"}
    for path in ("/", "/sign-in", "/openapi.json", "/healthz", "/api/v1/projects", "/embed/other.js"):
        answer = await harness.client.get(path, headers=origin)
        assert "access-control-allow-origin" not in answer.headers, path
        assert "cross-origin-resource-policy" not in answer.headers, path


def test_the_module_is_small_and_needs_nothing_else(files: EmbedFiles) -> None:
    assert len(gzip.compress(files.module)) < MAX_COMPRESSED_BYTES
    source = files.module.decode()
    assert [each for each in FORBIDDEN if each in source] == []
    assert (
        re.findall(r"//\w[\w.]*", re.sub(r"^ *//.*", "", source, flags=re.MULTILINE)) == ["//www.w3.org"] * 2
    )
    assert {path.name for path in MODULE_FOLDER.iterdir()} == set(MODULE_PARTS)


def test_names_and_integrity_change_with_the_content(files: EmbedFiles) -> None:
    other = EmbedFiles(module=files.module + b"\n", types=files.types)
    assert other.hashed_name != files.hashed_name and other.integrity != files.integrity
    assert re.fullmatch(r"bugspark-sync\.[0-9a-f]{16}\.js", files.hashed_name)
    assert re.fullmatch(r"sha384-[A-Za-z0-9+/]{64}", files.integrity)


def test_both_languages_have_the_same_words_with_the_same_places_for_values() -> None:
    english, chinese = texts("words_en.js"), texts("words_zh_hk.js")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(chinese[key])), key


def test_every_word_is_used_and_every_used_key_has_words() -> None:
    """Keys made at run time, such as `state.${state}`, count for all keys with that beginning."""
    source = "\n".join(
        (MODULE_FOLDER / name).read_text("utf-8") for name in MODULE_PARTS if name not in WORDS
    )
    beginnings = tuple(set(re.findall(r"`([a-z]+[.])\$\{", source)))
    written = set(re.findall(r'"([^"\n]+)"', source))
    english = texts("words_en.js").keys()
    assert [key for key in english if key not in written and not key.startswith(beginnings)] == []
    called = set(re.findall(r'\b(?:t|plain|when)\((?:[^()"]*, )?"([^"]+)"', source))
    assert len(called) > 40 and called <= english, called - english
