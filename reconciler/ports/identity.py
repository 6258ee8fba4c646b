"""Which database this is, and what a person decided about it."""

from typing import Protocol

from reconciler.model.database_identity import DatabaseInstance


class DatabaseIdentity(Protocol):
    """This very database's name, and where it is (docs/decisions/0030-which-database.md)."""

    async def read(self) -> DatabaseInstance:
        """As it is now. Raises ConfigurationError where `migrate` gave no name."""
        ...

    async def bind(self) -> None:
        """Remember where this database is, if it never was anywhere: done before it first writes."""
        ...

    async def declare_identity(self, word: str) -> None:
        """A person says what this database is: `moved`, `copy`, or the instance of a database that is no
        more. Every project is read anew before it writes. Raises UsageError when that is not in question.
        """
        ...

    async def record_duplicate_instance(self, where: str) -> None:
        """Another database writes as this one, seen at `where`: nothing is written until `decide`."""
        ...
