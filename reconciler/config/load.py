"""From the outside to Settings: flags, environment, systemd credentials, file, defaults, in this order."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reconciler.config import keys, masking, problems, sources
from reconciler.config.settings import Settings
from reconciler.config.sources import Layer
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One key for people: its value with secrets masked, and where it came from."""

    key: str
    value: object
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings, and the story of each key."""

    settings: Settings
    file: Path | None  # the TOML file in use, if any
    places: Mapping[str, str]  # of the keys that are not at their default
    credentials: Layer  # what systemd handed over

    def effective(self) -> tuple[Shown, ...]:
        """Every key in the order of docs/reference/contract.md, secrets masked ("***" when set)."""
        return tuple(
            Shown(key=key, value=_shown(key, value), source=self._source(key))
            for key, value in _values(self.settings)
        )

    def _source(self, key: str) -> str:
        return self.places.get(key, "default")


def load(
    path: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    *,
    credentials: Layer | None = None,
) -> Loaded:
    """Read everything and validate it.

    `path` is what `--config` said; `flags` are values by dotted key that win over all else; `credentials`
    stand for those on disk: a service keeps the ones it was started with. Raises ConfigurationError with one
    sentence: what, where, what to do.
    """
    if credentials is None:
        credentials = sources.from_credentials(sources.credentials_directory(environ))
    file = sources.file_in_use(path, environ)
    layer: Layer = {
        **(sources.from_file(file) if file else {}),
        **credentials,
        **sources.from_environment(environ),
        **sources.from_flags(flags or {}),
    }
    try:
        settings = Settings(**_nested(layer))
    except ValidationError as error:
        raise problems.of_validation(error.errors(include_url=False)[0], layer) from None
    problems.across(settings, layer)
    places = {key: found.place.removeprefix("the ") for key, found in layer.items()}
    return Loaded(settings=settings, file=file, places=places, credentials=credentials)


def _nested(layer: Layer) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, found in layer.items():
        *above, name = key.split(".")
        table = root
        for part in above:
            table = table.setdefault(part, {})
        table[name] = found.value
    return root


def _values(settings: Settings) -> Iterator[tuple[str, object]]:
    for key in keys.known():
        value: object = settings
        for part in key.split("."):
            value = getattr(value, part)
        yield key, value


def _shown(key: str, value: object) -> object:
    if isinstance(value, Secret):
        return masking.masked_address(value) if key == "database.url" else masking.masked(value)
    return list(value) if isinstance(value, tuple) else value
