"""A port of which only the reads are passed on."""

from typing import Any, ClassVar


class ReadsOnly:
    """The methods of a port that are named in `reads`; those that write are the subclass's to replace.

    Any other one is refused, so that a method that is added to a port later can't write in a dry run.
    """

    reads: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, stored: Any) -> None:
        self._stored = stored

    def __getattr__(self, name: str) -> Any:
        if name not in self.reads:
            raise AttributeError(f"{type(self).__name__} has no {name!r}: a dry run doesn't write")
        return getattr(self._stored, name)
