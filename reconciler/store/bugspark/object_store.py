"""Addresses of screenshots in BugSpark's object store, as BugSpark itself presigns them. Pure.

Source: docs/reference/bugspark.md, The running product; docs/decisions/0085-addresses-of-screenshots.md.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from reconciler.model.secret import Secret

ADDRESS_SCHEMES = ("http://", "https://")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-_.~"
"""What Signature Version 4 leaves as it is, besides letters and digits."""
UUID_PATTERN = "[0-9a-f-]{36}"
OBJECT_KEY = re.compile(
    rf"(?:{UUID_PATTERN}/{UUID_PATTERN}/|screenshots/){UUID_PATTERN}\.[A-Za-z0-9_]{{1,5}}"
)
"""The keys that BugSpark's upload makes, now and earlier. It signs no other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """BugSpark's S3-compatible store: the settings `bugspark.s3.*`."""

    endpoint_url: str
    region: str
    bucket: str
    access_key: str
    secret_key: Secret
    lifetime_seconds: int

    def screenshot_address(self, stored: str | None, at: datetime) -> str | None:
        """Return what BugSpark shows for the value of a screenshot column, at that time.

        An address stays as it is; a key that BugSpark's upload makes becomes a presigned address; None for
        anything else: BugSpark signs no other key either.
        """
        if not stored or is_screenshot_address(stored):
            return stored or None
        if not OBJECT_KEY.fullmatch(stored):
            return None
        base = self.endpoint_url.rstrip("/")
        return presign_get(
            f"{base}/{quote(self.bucket, safe=UNRESERVED)}/{quote(stored, safe=f'/{UNRESERVED}')}",
            region=self.region,
            access_key=self.access_key,
            secret_key=self.secret_key,
            lifetime_seconds=self.lifetime_seconds,
            at=at,
        )


def is_screenshot_address(stored: str) -> bool:
    """Whether a screenshot column holds an address, as older reports do, and not a key."""
    return stored.startswith(ADDRESS_SCHEMES)


def presign_get(
    url: str, *, region: str, access_key: str, secret_key: Secret, lifetime_seconds: int, at: datetime
) -> str:
    """Return the address with which anybody may read this object of S3 until its lifetime has passed.

    `url`: percent-encoded, without a query. `at`: the beginning of the lifetime, with a time zone.

    Source: AWS, Amazon S3 API reference, Authenticating Requests: Using Query Parameters (AWS Signature
    Version 4).
    """
    split_url = urlsplit(url)
    time = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    parameters = (
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{access_key}/{scope}"),
        ("X-Amz-Date", time),
        ("X-Amz-Expires", str(lifetime_seconds)),
        ("X-Amz-SignedHeaders", "host"),
    )  # in the order of their names, which the signature demands
    query = "&".join(f"{name}={quote(value, safe=UNRESERVED)}" for name, value in parameters)
    host = split_url.netloc.lower().removesuffix(DEFAULT_PORTS[split_url.scheme])
    request = "\n".join(("GET", split_url.path, query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"))
    text = "\n".join((ALGORITHM, time, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{secret_key.reveal()}".encode()
    for part in scope.split("/"):
        key = _hmac_sha256(key, part)
    return f"{url}?{query}&X-Amz-Signature={_hmac_sha256(key, text).hex()}"


def _hmac_sha256(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
