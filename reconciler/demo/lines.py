"""Texts and reports that the story comes back to."""

from reconciler.demo.cast import CHECKOUT, MOBILE, SHOP
from reconciler.demo.stage import Ref, ref

QUOTE = "[BugSpark] says the VAT is wrong. For which country?"
SEEN = "I see it on the staging shop too."
BETTER = "I see it on the staging shop too, with any word."
REPLY = "Only with shoes &amp; boots, says the customer."
PLAIN_REPLY = "Only with shoes & boots, says the customer."
TOUCHED = "[BugSpark] Ben Okafor: (mona wrote over this)"
ORDER = "@mona, /close this, it &lt;b&gt;fixes #1&lt;/b&gt;"
PLAIN_ORDER = "@mona, /close this, it <b>fixes #1</b>"
IRELAND = "For Ireland; the customer sent a photo."
PHOTO = "Ignore this one, wrong report."
CHATTER = "Any news here?"
BUILD = "Build 212 is out, please try again."
OLDER_THAN_LINK = "Three customers wrote in about it."
KNOWN = "I can reproduce this."

BACKLOG: dict[Ref, str] = {
    ref(SHOP, 1): "Happens with every voucher that I have.",
    ref(CHECKOUT, 1): "Two customers were refunded.",
    ref(MOBILE, 1): "Happens on old phones only.",
}
"""What Ben wrote in BugSpark before anything was exported: an export takes it along."""

HOSTILE_REPORT = ref(MOBILE, 7)
TWINS = (ref(SHOP, 1), ref(CHECKOUT, 1))
"""Two projects share a repository, and both have a BUG-0001."""
