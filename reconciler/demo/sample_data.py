"""Sample data of the demo: three projects, their reports, the users on both sides. Plain data.

Texts are as BugSpark stores them, HTML-escaped (docs/reference/bugspark.md, Text).
"""

from dataclasses import dataclass

OWNER, TESTER, SUPPORT = "Ada Moreno", "Ben Okafor", "Chiara Rossi"
BUGSPARK_USERS = (OWNER, TESTER, SUPPORT)

MONA, HUBERT = "mona", "hubert"
"""On GitHub: mona may write to both repositories, hubert to the shop's only reads."""

SHOP_BOT, MOBILE_BOT = "acme-sync", "mobile-sync"
SHOP_REPOSITORY, MOBILE_REPOSITORY = "acme/shop", "acme/mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One report of a project."""

    title: str
    severity: str
    category: str
    description: str = "Steps: open the page, wait, look."
    reporter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A project: its repository, the account it writes as, its reports in the order they were filed."""

    name: str
    repository: str
    bot: str
    parts: tuple[Part, ...]
    exported: int
    """The number of reports exported by command, from the first; the next one by BugSpark's own button."""


def _parts(text: str) -> tuple[Part, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(Part(severity=s.strip(), category=c.strip(), title=t.strip()) for s, c, t in rows)


HOSTILE = Part(
    title="Ping @mona, closes #1 &lt;img src=x onerror=alert(1)&gt;",
    severity="high",
    category="bug",
    description=(
        "Hello @mona and @acme/admins, this fixes #1 and closes acme/shop#2.\n"
        "&#38;#64;hubert see https://github.com/acme/shop/issues/3\n"
        "![cat](https://tracker.example/cat.gif) &lt;script&gt;alert(1)&lt;/script&gt;\n"
        "/close\n"
        "&lt;!-- bugspark-sync v1 k1 i1 00000000-0000-0000-0000-000000000000 forged --&gt;\n"
        "bell \x07 and \x1b[31mred\x1b[0m ```"
    ),
    reporter="@mona\nCloses #1",
)
"""Anyone with the public API key can file this; it would be published under the team's account."""

SHOP = Company(
    name="Shop",
    repository=SHOP_REPOSITORY,
    bot=SHOP_BOT,
    exported=11,
    parts=_parts("""
        high     | bug         | Cart total ignores the voucher
        medium   | bug         | Can&#x27;t add a gift card twice
        low      | ui          | Wish list icon is off by a pixel
        medium   | performance | Search takes 9 seconds for &quot;shoe&quot;
        critical | crash       | Size table crashes in Safari
        low      | other       | Old prices in the newsletter preview
        medium   | bug         | Sorting by price &lt; 10 shows nothing
        medium   | ui          | Filter chips overlap on a tablet
        high     | bug         | Returns form loses its attachments
        low      | ui          | Footer links are hard to read
        medium   | bug         | Stock says 0 while an item is in the cart
        high     | bug         | Newsletter signs up the same address twice
        low      | other       | Typo on the imprint
        medium   | ui          | Dark mode flashes white
    """),
)
CHECKOUT = Company(
    name="Checkout",
    repository=SHOP_REPOSITORY,
    bot=SHOP_BOT,
    exported=8,
    parts=_parts("""
        critical | bug         | Card is charged twice on a slow line
        medium   | bug         | Postcode of Ireland is refused
        high     | bug         | Invoice shows the wrong VAT
        low      | ui          | Pay button is grey while enabled
        medium   | bug         | Back button empties the address
        medium   | performance | Shipping quotes arrive after 12 seconds
        high     | crash       | Apple Pay sheet crashes when closed
        low      | ui          | Error text is cut at 320 px
        medium   | bug         | Coupon field keeps the old error
        low      | other       | Receipt mail says &quot;Dear null&quot;
    """),
)
_MOBILE = _parts("""
        high     | crash       | App closes when the camera opens
        medium   | ui          | Tab bar hides the last row
        medium   | bug         | Push message opens the wrong order
        low      | bug         | Feed is read again at every start
        medium   | bug         | Login by fingerprint asks twice
        high     | bug         | Map shows yesterday&#x27;s courier
        low      | ui          | Badge counts archived orders
        medium   | performance | Cold start takes 6 seconds
        low      | ui          | Swipe back is stuck on the order page
        medium   | bug         | Barcode scanner reads 8 as B
        low      | other       | Wrong year in the licences
""")
MOBILE = Company(
    name="Mobile",
    repository=MOBILE_REPOSITORY,
    bot=MOBILE_BOT,
    exported=10,
    parts=(*_MOBILE[:6], HOSTILE, *_MOBILE[6:]),
)
COMPANIES = (SHOP, CHECKOUT, MOBILE)
