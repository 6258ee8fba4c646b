"""What identifies people or opens doors is taken out of text before it goes to GitHub, in code too.

Shapes of tokens are those that their issuers document; the names of headers are from RFC 9110 and RFC 6265. A
shape that is not here is not found: this makes accidents rarer, and replaces no review.

| kind | source |
|---|---|
| GitHub | docs.github.com, About authentication to GitHub, GitHub's token formats |
| GitLab | docs.gitlab.com, GitLab token overview, Token prefixes |
| AWS | docs.aws.amazon.com, IAM identifiers, Unique identifiers |
| Slack | docs.slack.dev, Tokens |
| Stripe | docs.stripe.com, API keys |
| Google | cloud.google.com, API keys overview |
| npm | docs.npmjs.com, About access tokens |
| JSON Web Token | RFC 7519, RFC 7515 |
| private key | RFC 7468 |
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_FLAGS: Final = re.IGNORECASE | re.MULTILINE
_TOKEN_SHAPES: Final = (
    r"gh[pousr]_[A-Za-z0-9]{16,}",
    r"github_pat_[A-Za-z0-9_]{16,}",
    r"glpat-[A-Za-z0-9_-]{16,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",
    r"AIza[A-Za-z0-9_-]{30,}",
    r"npm_[A-Za-z0-9]{30,}",
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
)
# Other things with an @ and dots, of which commands and logs are full: actions/checkout@v4.1.1,
# x@1.0.0-rc.one, logo@2x.png, user@1000.service.
_OTHER_DOMAINS: Final = (
    r"v?[0-9]+\.[0-9]+\.[0-9]+[+-]",
    r"[0-9](?:\.[0-9])?x\.",
    r"[A-Za-z0-9-]{1,63}\.(?:service|socket|timer|slice|scope)(?!\.?[A-Za-z0-9])",
)
_EMAIL: Final = (
    r"(?<![A-Za-z0-9._%+-])(?!git@)[A-Za-z0-9._%+-]{1,64}@"  # git@host:path names a repository and nobody
    rf"(?!{'|'.join(_OTHER_DOMAINS)})(?:[A-Za-z0-9-]{{1,63}}\.){{1,126}}"
    r"(?:xn--[A-Za-z0-9-]{1,59}|[A-Za-z]{2,63})(?![A-Za-z0-9])"  # RFC 3696, 2: no digits alone
)
_RULES: Final[Sequence[tuple[str, re.Pattern[str], str]]] = (
    (
        "private key",
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"),
        "(redacted private key)",
    ),
    (
        "header",
        re.compile(
            r"\b((?:proxy-)?authorization|x-api-key|set-cookie|cookie)(\"?'?[ \t]*[:=][ \t]*)[^\r\n]+", _FLAGS
        ),
        r"\1\2(redacted)",
    ),
    ("token", re.compile(r"\b(bearer[ \t]+)[A-Za-z0-9._~+/-]{8,}=*", _FLAGS), r"\1(redacted)"),
    ("token", re.compile(rf"\b(?:{'|'.join(_TOKEN_SHAPES)})"), "(redacted token)"),
    (
        "address",
        re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:<>]{1,255}:[^\s/@<>]{1,255}@", _FLAGS),
        r"\1",
    ),
    (
        "address",
        re.compile(r"(\bhttps?://[^\s?#<>\"'`)\]]{1,2000})([?#])(?!redacted\b)[^\s<>\"'`)\]]+", _FLAGS),
        r"\1\2redacted",
    ),
    ("e-mail", re.compile(_EMAIL), "(redacted e-mail)"),
)


def redact(text: str) -> str:
    """Return the text without addresses of people, secrets of addresses, headers and tokens.

    A second call changes nothing.
    """
    return redact_and_count(text)[0]


def redact_and_count(text: str) -> tuple[str, Counter[str]]:
    """Return the redacted text, and how many things of each kind were taken out."""
    counts: Counter[str] = Counter()
    for kind, pattern, replacement in _RULES:
        text, found = pattern.subn(replacement, text)
        counts[kind] += found
    return text, +counts
