"""What a credential may do, as far as GitHub tells without being written to.

A classic token's answers carry its scopes (`X-OAuth-Scopes`). An App's installation token comes with its
permissions. A fine-grained token's permissions are told nowhere: what a repository calls `permissions` is its
account's role, not the token's grant.
"""

from collections.abc import Mapping

from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Both None: a fine-grained token, or one that nothing was asked with yet."""

    scopes: frozenset[str] | None = None  # of a classic token
    permissions: Mapping[str, str] | None = None  # of an App where it is installed: "issues" → "write"

    def has_scope(self, *wanted: str) -> bool:
        """Whether it is a classic token with one of these scopes."""
        return self.scopes is not None and not self.scopes.isdisjoint(wanted)
