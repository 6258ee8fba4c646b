import pytest
from hypothesis import given

from reconciler.model.report import unescape_html
from reconciler.text.code_blocks import close_fences
from reconciler.text.inert import inert, inert_line, is_allowed_image
from tests.support.cpu_cost import require_cost_ratio
from tests.support.github_oracle import acting
from tests.support.hostile_text import FRAGMENTS, hostile
from tests.text.posted import POLICY

DOT = "\u200b"


def neutralised(text: str) -> str:
    return close_fences(inert(unescape_html(text), POLICY))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("ping @octocat", "ping @·octocat"),
        ("@org/team", "@·org/team"),
        (r"\@octocat", r"\@·octocat"),
        ("&#64;octocat", "@·octocat"),
        ("&amp;#64;octocat", "&·#·64;octocat"),
        ("&amp;commat;octocat", "&·commat;octocat"),
        ("see #1 and #x", "see #·1 and #x"),
        ("&num;1", "#·1"),
        ("GH-1 gh-2 high-3", "GH-·1 gh-·2 high-3"),
        ("owner/repo#1", "owner/repo#·1"),
        ("owner/repo@0123abc", "owner/repo@·0123abc"),
        ("Closes: owner/repo#1", "Closes: owner/repo#·1"),
        ("Duplicate of #1", "Duplicate of #·1"),
        ("https://github.com/o/r/issues/1", "https://github.com/o/r/issues/·1"),
        ("https://ghe.example/o/r/pull/2#1", "https://ghe.example/o/r/pull/2#1"),
        (r"[x](https://github.com/o/r/issues\/1)", r"[x](https://github.com/o/r/issues\/·1)"),
        ("`@octocat`", "`@octocat`"),
        ("https://npm.example/@types/node", "https://npm.example/%40types/node"),
        ("https://user@host.example/x", "https://user@·host.example/x"),
        ("mail a @ b, end @", "mail a @ b, end @"),
        ("a < b, c &amp;&amp; d, x<3", "a < b, c && d, x<3"),
        ("https://x.example/?a=1&copy=2", "https://x.example/?a=1&copy=2"),
        ("<img src=x>", "<·img src=x>"),
        ("&lt;img src=x&gt;", "<·img src=x>"),
        ("a <!-- hidden @x --> b", "a  b"),
        ("<!-->seen, <!--->seen", "seen, seen"),
        ("a <!-- never closed", "a <·!-- never closed"),
        ("![a](https://evil.example/x.png)", "!·[a](https://evil.example/x.png)"),
        ("![a](https://ours.example/x.png)", "![a](https://ours.example/x.png)"),
        ("![a](https://OURS.example/x.png)", "![a](https://OURS.example/x.png)"),
        ("![a](https://ours.example:8/x.png)", "!·[a](https://ours.example:8/x.png)"),
        ("![a][ref]", "!·[a][ref]"),
        ("[BugSpark]: https://evil.example", "[BugSpark]·: https://evil.example"),
        ("/close\n /lgtm now\n/usr/bin/env", "/·close\n /·lgtm now\n/usr/bin/env"),
        ("**fixes acme/other#**1** now**", "**fixes acme/other#**·1** now**"),
        ("**GH-**1** x**", "**GH-**·1** x**"),
        ("**x G****H-1**** y**", "**x G****H-·1**** y**"),
        ("__fixes #__1__ now__", "__fixes #__·1__ now__"),
        ("@**octocat**", "@·**octocat**"),
        ("my ($a) = @_", "my ($a) = @·_"),
        ("https://github.com/o/r/iss**ues/1**", "https://github.com/o/r/iss**ues/·1**"),
        ("<https://gitlab.example/o/r/-/issues/3>", "<https://gitlab.example/o/r/-/issues/3>"),
        ("<https://npm.example/@types/node>", "<https://npm.example/%40types/node>"),
        ("<https://github.com/o/r/pull/3>", "<https://github.com/o/r/pull/·3>"),
        ("\\<https://x.example/o/r#1>", "\\<·https://x.example/o/r#·1>"),
        ("https://github.com/o/r/%69ssues/1", "https://github.com/o/r/%·69ssues/1"),
        (
            "https://x.example/?u=https://github.com/o/r/pull/1",
            "https://x.example/?u=https://github.com/o/r/pull/·1",
        ),
        ("www.gitlab.example/a/@b/issues/3", "www.gitlab.example/a/%40b/issues/3"),
        ("[https://x.example/o/r#1", "[https://x.example/o/r#·1"),
        ("[a](https://x.example/o/r#1) https://x.example/o/r#1",) * 2,
        ("[a `](x) https://x.example/o/r#1", "[a `](x) https://x.example/o/r#·1"),
        (
            "[ ![a](https://no.example/) ` ![a](https://no.example/) https://x.example/o/r#1",
            "[ !·[a](https://no.example/) ` !·[a](https://no.example/) https://x.example/o/r#·1",
        ),
        ("[^<http://x.example/o/r#1>]", "[^<http://x.example/o/r#·1>]"),
        ("[^a\nb] https://x.example/o/r#1", "[^a\nb] https://x.example/o/r#·1"),
        ("[^![GH-1](https://ours.example/x)]", "[^![GH-·1](https://ours.example/x)]"),
        ("[open\n\nhttps://x.example/o/r#1", "[open\n\nhttps://x.example/o/r#1"),
        ("[open\n```\ncode\n```\nhttps://x.example/o/r#1",) * 2,
        (
            "src/issues/detail.ts:3 test/pull/12.py, issues/7",
            "src/issues/detail.ts:3 test/pull/12.py, issues/7",
        ),
        ("[x]: ../issues/1", "[x]: ../issues/·1"),
        ("[x](../pull/1)", "[x](../pull/·1)"),
        ("github.com/o/r/pull/9", "github.com/o/r/pull/·9"),
        ("a/GH-1", "a/GH-·1"),
        ("a\x00b\ud800c\x1b[0m\r\nd\te", "abc[0m\nd\te"),
        ("\u202eabc", "\u202eabc"),
    ],
)
def test_active_text_is_made_inert_and_stays_readable(written: str, sent: str) -> None:
    assert neutralised(written) == sent.replace("·", DOT)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_single_trick_acts(fragment: str) -> None:
    assert acting(neutralised(fragment)) == []


@given(hostile)
def test_no_mixture_of_tricks_acts(text: str) -> None:
    assert acting(neutralised(text)) == []


@given(hostile)
def test_making_inert_text_inert_changes_nothing(text: str) -> None:
    once = neutralised(text)
    assert neutralised(once) == once


@given(hostile)
def test_any_start_of_an_inert_text_is_inert(text: str) -> None:
    quiet = inert(text, POLICY, spans=False)
    step = max(1, len(quiet) // 30)
    assert [end for end in range(0, len(quiet), step) if acting(close_fences(quiet[:end]))] == []


@given(hostile)
def test_a_line_stays_one_line_and_inert(text: str) -> None:
    line = inert_line(unescape_html(text), POLICY)
    assert len(line.splitlines()) <= 1
    assert acting(line) == []
    assert inert_line(line, POLICY) == line


@given(hostile)
def test_markers_are_removed(text: str) -> None:
    assert "bugspark-sync" not in neutralised(text).lower()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://ours.example/a/b.png?x=1&y=%20", True),
        ("http://ours.example/", True),
        ("https://OURS.EXAMPLE/a", True),
        ("https://evil.example/ours.example/", False),
        ("https://ours.example@evil.example/", False),
        ("https://ours.example.evil.example/", False),
        ("https://ours.example/a) ![x](https://evil.example/", False),
        ("https://ours.example/a b", False),
        ("javascript:alert(1)", False),
        ("data:image/png;base64,AAAA", False),
        ("screenshots/key.png", False),
        ("", False),
    ],
)
def test_only_plain_addresses_on_listed_hosts_are_images(url: str, allowed: bool) -> None:
    assert is_allowed_image(url, POLICY) is allowed


@pytest.mark.parametrize(
    "piece",
    [
        "<!--", "-->", "<!-", "@", "#1", "&", "&a", "&#", "![", "![a", "![a](https://ours.example/", "[ ",
        "[BugSpark", "http://", "http://a@", "issues/", "issues\\", "/a", "\t/a-", "\n```", "`", "GH",
        "bugspark", " ", "\n", "</", "`a` ", "``` `", "\n  ```x", "\n> a", "\n- ", "\n    a", "g*", "i\\",
        "x/", "www.a", "$`", "\n/a", "\u2028", "@*",
    ],
)  # fmt: skip
def test_the_cost_of_anything_grows_with_its_length_and_not_faster(piece: str) -> None:
    """Eight times the length may cost eight times as much and some noise; quadratic work costs 64 times."""
    require_cost_ratio(
        24,
        lambda: neutralised(piece * (250_000 // len(piece))),
        lambda: neutralised(piece * (31_250 // len(piece))),
    )
