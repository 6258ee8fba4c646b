"""A value that must not be shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that no repr, format or log line shows; `reveal()` is the only way to its text."""

    _text: str

    def reveal(self) -> str:
        """The secret itself, for the one place that sends or verifies it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)
