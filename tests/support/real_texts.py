"""Texts as people write them in bug reports and READMEs, made of parts by a random generator with a seed.

Nobody in here is hostile: what these texts show is whether they arrive as they were written.
"""

import random
from collections.abc import Callable, Sequence
from itertools import product

SNIPPETS: Sequence[tuple[str, str]] = (
    ("python",
     ("@app.route('/users/<int:id>')\ndef show(id: int) -> dict[str, str]:\n"
     "    return db.get(id)  # see #12")),
    ("python", "@dataclass(frozen=True)\nclass Point:\n    x: int = 0\n    matrix = a @ b"),
    ("pycon", ">>> np.ones((2, 2)) @ np.eye(2)\narray([[1., 1.],\n       [1., 1.]])"),
    ("java", "@Override\npublic List<String> names() {\n    return map.get(\"#1\");\n}"),
    ("kotlin", "@Composable\nfun Greeting(name: String) = Text(\"Hi $name\")"),
    ("scala", "@tailrec def go[A](xs: List[A]): Option[A] = xs match { case _ => None }"),
    ("cpp", "std::optional<unsigned int> find(const std::map<int, T>& m);\n#include <vector>\n#if 0\n#endif"),
    ("c", "#define MAX(a, b) ((a) > (b) ? (a) : (b))\nint main(void) { return x &lt; 1; }"),
    ("csharp", "[Fact]\npublic async Task<IEnumerable<T>> Get<T>(string @class) => await _db.All<T>();"),
    ("objc", "@interface Store : NSObject\n@property (nonatomic) NSArray<NSString *> *items;\n@end"),
    ("swift", "@objc @MainActor func load() async throws -> [String: Any] { [:] }"),
    ("rust",
     ("#[derive(Debug)]\nstruct Node<'a> { next: Option<Box<Node<'a>>> }\n"
     "match n { x @ 1..=5 => x, _ => 0 }")),
    ("go",
     ("func Map[T any](in []T, f func(T) T) (out []T) {\n"
     "\tfor _, v := range in { out = append(out, f(v)) }\n\treturn\n}")),
    ("zig", "const std = @import(\"std\");\nconst n = @as(u8, 1);"),
    ("js", "import x from '@scope/pkg';\nconst el = <App onClick={() => go(`#${id}`)} />;"),
    ("ts", "@Component({ selector: 'app-root' })\nexport class App<T extends object> { @Input() name?: T; }"),
    ("vue", "<template><button @click=\"go\" :key=\"id\">#1</button></template>"),
    ("svelte", "{#each items as item}<li>{@html item}</li>{/each}"),
    ("html",
     ("<!-- head -->\n<div class=\"a\">&lt;b&gt; &amp; &#64;home</div>\n"
     "<img src=\"https://img.example/x.png\">")),
    ("xml", "<?xml version=\"1.0\"?>\n<![CDATA[ a < b ]]>\n<ns:item id=\"1\"/>"),
    ("css", "@media (max-width: 600px) { a { color: #123456; } }\n@import url('https://x.example/a.css');"),
    ("scss", "@mixin box($n) { width: $n; }\n#4fff { @include box(1px); }"),
    ("php", "/**\n * @param array<string, int> $a\n * @return self#1\n */\n$x = @file_get_contents($f);"),
    ("ruby", "class A\n  attr_reader :b\n  def c = @b ||= \"#{@@d} #1\"\nend"),
    ("perl", "my ($self, @args) = @_;\nprint \"#$#args\\n\" if $a <=> $b;"),
    ("elixir", "@doc \"\"\"\nSee #12.\n\"\"\"\ndef run(%{id: id}), do: &(&1 + id)"),
    ("haskell", "f xs@(x:_) = x <$> g @Int\n{-# LANGUAGE TypeApplications #-}"),
    ("julia", "@time sum(@view A[1:2, :])"),
    ("r", "x <- obj@slot\ny <- x[x$a < 3, ] # 1"),
    ("sql", "SELECT @total := COUNT(*) FROM a WHERE b < 5 AND c <> '#1';"),
    ("graphql", "query Q($a: Boolean!) { user @include(if: $a) { id } }"),
    ("prisma", "model User {\n  id Int @id @default(autoincrement())\n}"),
    ("sh", "npm i @types/node @scope/pkg@1.2.3\ngit clone git@host.example:team/repo.git # 1"),
    ("bash", "for f in \"$@\"; do echo \"${f##*/}\" > /dev/null; done\n#!/usr/bin/env bash"),
    ("console",
     ("$ ssh admin@10.0.0.1 'systemctl status getty@tty1'\n"
     "$ curl -d @body.json https://api.example/v1/issues/3")),
    ("powershell", "@{ Name = 'x'; Expression = { $_.Id } } | Format-Table @args"),
    ("bat", "@echo off\nset X=%~dp0\nif %1==#1 goto end"),
    ("make", "%.o: %.c\n\t@$(CC) -c $< -o $@ # 1"),
    ("dockerfile", "FROM node:20@sha256:0123456789abcdef\nRUN npm install -g @angular/cli"),
    ("yaml", "image: repo/app@sha256:0123abcd\nuses: actions/checkout@v4\n# 1: first"),
    ("toml", "[dependencies]\nfoo = { git = \"https://git.example/foo\", rev = \"#1\" }"),
    ("ini", "[user]\nemail = someone@mail.example\n; #12"),
    ("json", "{\n  \"dependencies\": { \"@scope/pkg\": \"^1.0.0\" },\n  \"color\": \"#0a0b0c\"\n}"),
    ("hcl", "resource \"x\" \"y\" { name = \"${var.a}@${var.b}\" } #1"),
    ("nginx", "location @fallback { return 302 /issues/1; }"),
    ("diff", "-  foo(#1)\n+  foo(@bar)\n@@ -1,2 +3,4 @@ fixes #12"),
    ("text",
     ("#0  0x00007f in raise () from /lib/libc.so.6\n#1  0x00007f in abort ()\n"
     "#2  main (argc=1) at a.c:3")),
    ("text",
     ("java.lang.NullPointerException: #1\n\tat com.acme.Foo$Bar.run(Foo.java:12)\n"
     "\tat java.base/java.lang.Thread.run(Thread.java:833)")),
    ("text", "run@https://app.example/static/main.js:1:2345\n@https://app.example/static/main.js:9:1"),
    ("text",
     ("TypeError: Cannot read properties of undefined (reading '#1')\n"
     "    at Object.<anonymous> (/srv/app/node_modules/@scope/x/index.js:3:7)")),
    ("text",
     ("Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in <module>\n    main()\n"
     "KeyError: '@id'")),
    ("text",
     ("error[E0308]: mismatched types\n --> src/issues/12.rs:3:5\n  |\n3 |     x\n"
     "  |     ^ expected `u8`, found `&str`")),
    ("text", "goroutine 1 [running]:\nmain.main.func1(0xc000, 0x1)\n\t/src/main.go:12 +0x1d"),
    ("log", "2026-01-02T03:04:05Z ERROR [pool-1-thread-3] user=a@b.example order=#42 GH-7 closes #3"),
    ("http", "POST /api/issues/3 HTTP/1.1\nHost: api.example\n\n{\"to\": \"@all\"}"),
    ("latex", "\\newcommand{\\x}[1]{\\textbf{#1}} \\makeatletter\\@startsection"),
    ("asm", "mov r0, #1 @ first\nldr r1, [r2, #4]"),
    ("tcl", "proc p {args} { puts \"#1 $args\" }"),
    ("lisp", "`(foo ,@bar #'baz #1=(a))"),
    ("clojure", "@(future (swap! a inc)) #{1 2} #\"\\d\""),
)  # fmt: skip
"""Sixty kinds of code: language and text."""


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in text.split("\n"))


def _line(code: str) -> str:
    """The first line of a snippet as it stands in a sentence."""
    return code.split("\n", maxsplit=1)[0].replace("`", "'").replace("|", "/")


Frame = Callable[[str, str], str]
FRAMES: Sequence[Frame] = (
    lambda name, code: f"```{name}\n{code}\n```",
    lambda _, code: f"```\n{code}\n```",
    lambda name, code: f"``` {name}\n{code}\n```",
    lambda name, code: f"```{name} title=\"a.x\"\n{code}\n```",
    lambda name, code: f"```{name.upper()}\n{code}\n\n{code}\n```",
    lambda _, code: f"~~~\n{code}\n~~~",
    lambda name, code: f"````{name}\n```\n{code}\n```\n````",
    lambda name, code: f"Steps to reproduce:\n```{name}\n{code}\n```\nThen it fails.",
    lambda name, code: f"### Log\n```{name}\n{code}\n```\n\n### Expected\n\nNo error.",
    lambda name, code: f"Run this:\n\n```{name}\n{code}\n```\n\nand then\n\n```{name}\n{code}\n```",
    lambda name, code: f"- first\n- second\n\n```{name}\n{code}\n```",
    lambda name, code: f"- first:\n  ```{name}\n{_indented(code, '  ')}\n  ```\n- second",
    lambda name, code: f"1. Install:\n\n   ```{name}\n{_indented(code, '   ')}\n   ```\n\n2. Run it",
    lambda name, code: f"1. Install:\n\n    ```{name}\n{_indented(code, '    ')}\n    ```\n\n2. Run it",
    lambda name, code: f"* Install\n\n  ```{name}\n{_indented(code, '  ')}\n  ```\n\n  and wait.",
    lambda name, code: f"> ```{name}\n{_indented(code, '> ')}\n> ```\n\nSame here.",
    lambda _, code: f"It says:\n\n{_indented(code, '    ')}\n\nand stops.",
    lambda _, code: f"{_indented(code, chr(9))}\n\nis all I see.",
    lambda name, code: f"   ```{name}\n{code}\n   ```",
    lambda name, code: f"**Code**\n\n```{name}\n{code}\n```\n<sub>from the docs</sub>",
    lambda name, code: f"| a | b |\n|---|---|\n| 1 | 2 |\n\n```{name}\n{code}\n```",
    lambda name, code: f"See [the docs](https://docs.example/a_(b)).\n\n```{name}\n{code}\n```",
    lambda _, code: f"I ran `{_line(code)}` and it broke.",
    lambda _, code: f"- `{_line(code)}`\n- ``{_line(code)}`` twice",
    lambda _, code: f"### `{_line(code)}` fails\n\nEvery time.",
    lambda _, code: f"| call | result |\n|------|--------|\n| `{_line(code)}` | error |",
    lambda _, code: f"> Have you tried `{_line(code)}`?\n\nYes, and **`{_line(code)}`** too.",
    lambda _, code: f"Why does `{_line(code)}` differ from `{_line(code)}` in [this page](https://docs.example/x)?",
    lambda name, code: f"<!-- Paste the code here -->\n```{name}\n{code}\n```\n<!-- ``` -->",
    lambda name, code: f"- [ ] checked\n- [x] done\n\nOutput:\n\n```{name}\n{code}\n```",
)  # fmt: skip
"""Thirty ways in which code stands in a text."""

CODE_KINDS: Sequence[str] = tuple(frame(name, code) for (name, code), frame in product(SNIPPETS, FRAMES))
"""1,800 kinds of code block, each in its text."""

SENTENCES: Sequence[str] = (
    "The page stays **blank** after I click *Save*.",
    "Same as #12, and maybe acme/web#7 or GH-3.",
    "@alice can you have a look? cc @acme/web-team",
    "Fixes #4. Duplicate of https://github.com/acme/web/issues/9.",
    "See https://gitlab.example/team/app/-/issues/31#note_2 and <https://docs.example/a?b=1&c=2#3>.",
    "It happens in src/issues/detail.ts:3 and lib/pull/12/index.js, never in `main.ts`.",
    "Installed from https://packages.example/package/@scope/pkg today.",
    "My mail is someone@mail.example; I don't use 100% of it.",
    "Expected &lt;div&gt; but got <div> & nothing else: a < b && c > d.",
    "costs $5, at 10:30 - \"really\" (no joke)... ~~never mind~~",
    "使用者按下「儲存」之後畫面空白，請看 https://docs.example/路徑。",
    "Über die Größe: 3 × 4 \U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "**Version:** 1.2.3  \n**Browser:** Firefox 130",
    "- [x] I searched\n- [ ] I read the FAQ\n  - nested `@a`",
    "> It works for me\n>\n> @bob\n\nNot here.",
    "| name | value |\n|---|---|\n| a | `#1` |\n| @b | c |",
    "<details><summary>More</summary>\n\nhidden #1\n\n</details>",
    "<!-- Please fill in -->\n## Environment\n---",
    "1. Open\n2. Click\n3. **Boom** @ home",
    "![shot](https://img.example/a.png) and ![ours](https://ours.example/b.png)",
    "A note.[^1]\n\n[^1]: By @carol, see #5.",
    "Works with __init__.py, snake_case_names and 2*3*4.",
    "/close is what I typed, and bors r+ too.",
    "/assign me\nrecheck",
    "[ref]: https://docs.example/x \"Title\"\n\nSee [ref] and [this](../issues/1).",
    "Cost: $x^2 + y$ and $$z$$",
)  # fmt: skip
TITLES: Sequence[str] = (
    "Show &lt;b&gt; in the header", "Don't crash on #12", "`@Override` is lost",
    "Crash in src/issues/12.ts:3",
    "100% CPU & <div> leaks", "Über \U0001f600 größe", "@alice: fixes GH-1?", "a  b\tc", "[BUG] x [BUG-0001]",
)  # fmt: skip


def real_text(seed: int) -> str:
    """Return the text of this seed: sentences, lists, tables and code, two to nine of them."""
    pick = random.Random(seed)
    parts = [
        pick.choice(CODE_KINDS) if pick.random() < 0.4 else pick.choice(SENTENCES)
        for _ in range(pick.randint(2, 9))
    ]
    text = pick.choice(["\n\n", "\n\n", "\n\n", "\n"]).join(parts)
    return text.replace("\n", "\r\n") if pick.random() < 0.1 else text
