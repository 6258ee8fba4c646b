"""Texts and reports that several steps use."""

from reconciler.demo.environment import Ref, ref
from reconciler.demo.sample_data import CHECKOUT, MOBILE, SHOP

QUOTE = "[BugSpark] says so; for which country?"
SEEN = "I see it on staging, too."
BETTER = "I see it on staging and live."
REPLY = "Only with shoes &amp; boots."
PLAIN_REPLY = "Only with shoes & boots."
TOUCHED = "[BugSpark] Ben Okafor: (mona wrote over this)"
ORDER = "@mona /close this: &lt;b&gt;fixes #1&lt;/b&gt;"
PLAIN_ORDER = "@mona /close this: <b>fixes #1</b>"
IRELAND = "Ireland, see invoice 4711."
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
