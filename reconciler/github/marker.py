"""The marker: the hidden last line of what we write on GitHub, by which lost answers are recovered.

`<!-- bugspark-sync v1 <kid> <instance> <uuid> <mac> -->` (docs/design.md, Writing to GitHub). It proves that
a holder of the key wrote it for this very issue; the caller checks that the author is an account we write as.
Pure: nothing here sends a request.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from reconciler.model.database_identity import MARKER_NAME

MarkerKind = Literal["issue", "comment"]

_MARKER_VERSION: Final = "v1"
_KEY_BYTES: Final = 16
_KID_DIGITS: Final = 8
_MAC_DIGITS: Final = 32  # 128 bits
_INSTANCE_PATTERN: Final = r"[A-Za-z0-9._-]{1,64}"
_UUID_PATTERN: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MARKER_LINE: Final = re.compile(
    rf"<!-- {MARKER_NAME} {_MARKER_VERSION} (?P<kid>[0-9a-f]{{{_KID_DIGITS}}})"
    rf" (?P<instance>{_INSTANCE_PATTERN}) (?P<id>{_UUID_PATTERN}) (?P<mac>[0-9a-f]{{{_MAC_DIGITS}}}) -->"
)
_MARKER_START: Final = re.compile(rf"<!--\s*{MARKER_NAME}", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """What a marker says, verified or not."""

    kid: str  # which key signed it
    instance: str  # which database wrote it
    local_id: UUID  # the report's or comment's row


class MarkerKeys:
    """The keys that markers are signed with (the first) and verified with (all)."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes | str]) -> None:
        """Take the keys, newest first, each of 16 bytes or more; ValueError otherwise."""
        as_bytes = [key.encode() if isinstance(key, str) else bytes(key) for key in keys]
        if not as_bytes or any(len(key) < _KEY_BYTES for key in as_bytes):
            raise ValueError(f"marker keys: at least one, each of {_KEY_BYTES} bytes or more")
        self._keys = tuple((key_id(key), key) for key in as_bytes)

    def __repr__(self) -> str:
        return f"MarkerKeys({len(self._keys)} masked)"

    def sign(
        self, kind: MarkerKind, instance: str, repository_id: int, issue_number: int, local_id: UUID
    ) -> str:
        """Return the marker line for a local row's copy; `issue_number` is 0 for an issue not yet made.

        ValueError for an instance that is not 1 to 64 of `A-Za-z0-9._-`.
        """
        if not re.fullmatch(_INSTANCE_PATTERN, instance):
            raise ValueError("marker instance: 1 to 64 letters, digits, dots, underscores or hyphens")
        kid, key = self._keys[0]
        mac = _compute_mac(key, kind, instance, repository_id, issue_number, local_id)
        return f"<!-- {MARKER_NAME} {_MARKER_VERSION} {kid} {instance} {local_id} {mac} -->"

    def read_unverified(self, body: str) -> Marker | None:
        """Return the marker `body` ends with, unverified: the last line, the only one of its kind."""
        match = _match_marker_line(body)
        return None if match is None else _to_marker(match)

    def verify(self, body: str, kind: MarkerKind, repository_id: int, issue_number: int) -> Marker | None:
        """Return the marker of `body` if one of our keys signed it for this issue and kind; else None."""
        match = _match_marker_line(body)
        return None if match is None else self._verified(match, kind, repository_id, issue_number)

    def find(self, body: str, kind: MarkerKind, repository_id: int, issue_number: int) -> Marker | None:
        """Return the valid marker in `body`, wherever a person's edit has left it; None where there is not
        exactly one. For a text that may have been edited before it was first read: it proves less than
        `verify`, because a marker can be quoted.
        """
        if len(_MARKER_START.findall(body)) != 1:
            return None
        match = _MARKER_LINE.search(body)
        return None if match is None else self._verified(match, kind, repository_id, issue_number)

    def _verified(
        self, match: re.Match[str], kind: MarkerKind, repository_id: int, issue_number: int
    ) -> Marker | None:
        marker = _to_marker(match)
        expected_macs = (
            _compute_mac(key, kind, marker.instance, repository_id, issue_number, marker.local_id)
            for kid, key in self._keys
            if kid == marker.kid
        )
        return marker if any(hmac.compare_digest(mac, match["mac"]) for mac in expected_macs) else None

    def read_if_key_unknown(self, body: str) -> Marker | None:
        """Return the marker `body` ends with if none of our keys could have signed it: only its author proves
        anything about it.
        """
        marker = self.read_unverified(body)
        return marker if marker and marker.kid not in {kid for kid, _ in self._keys} else None


def _match_marker_line(body: str) -> re.Match[str] | None:
    text = body.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    match = _MARKER_LINE.fullmatch(text[text.rfind("\n") + 1 :])
    claims = _MARKER_START.finditer(text)
    return match if next(claims, None) and next(claims, None) is None else None


def _to_marker(match: re.Match[str]) -> Marker:
    return Marker(kid=match["kid"], instance=match["instance"], local_id=UUID(match["id"]))


def key_id(key: bytes) -> str:
    """Return the name of a key in the markers it signs; it reveals nothing about the key."""
    return hmac.new(key, f"{MARKER_NAME} kid".encode(), "sha256").hexdigest()[:_KID_DIGITS]


def _compute_mac(
    key: bytes, kind: MarkerKind, instance: str, repository_id: int, issue_number: int, local_id: UUID
) -> str:
    """Sign the parts, each preceded by its length, so that no two lists of parts read the same."""
    parts = (
        MARKER_NAME,
        _MARKER_VERSION,
        instance,
        str(repository_id),
        str(issue_number),
        kind,
        str(local_id),
    )
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(key, message, "sha256").hexdigest()[:_MAC_DIGITS]
