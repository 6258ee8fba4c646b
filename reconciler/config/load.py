"""Settings from flags, environment, systemd credentials, file and defaults, in this order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reconciler.config import keys, sources, validation_errors
from reconciler.config.settings import Settings
from reconciler.config.sources import Layer
from reconciler.model.secret import Secret, mask, mask_database_url


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveValue:
    """One key as `reconcile config` shows it: value with secrets masked, and source."""

    key: str
    value: object
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfiguration:
    """The settings, and the source of each key."""

    settings: Settings
    file: Path | None  # the TOML file in use, if any
    sources: Mapping[str, str]  # of the keys that are not at their default
    credentials: Layer  # what systemd handed over

    def effective_values(self) -> tuple[EffectiveValue, ...]:
        """Every key in the order of docs/reference/contract.md, secrets masked ("***" when set)."""
        return tuple(
            EffectiveValue(key=key, value=_displayed_value(key, value), source=self._source_of(key))
            for key, value in _values_by_key(self.settings)
        )

    def _source_of(self, key: str) -> str:
        return self.sources.get(key, "default")


def load_configuration(
    path: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    *,
    credentials: Layer | None = None,
) -> LoadedConfiguration:
    """Read everything and validate it.

    `path` is the value of `--config`; `flags` are values by dotted key that win over all else; `credentials`
    stand for those on disk: a service keeps the ones it was started with. Raises ConfigurationError with one
    sentence: what, where, what to do.
    """
    if credentials is None:
        credentials = sources.from_credentials(sources.credentials_directory(environ))
    file = sources.find_configuration_file(path, environ)
    layer: Layer = {
        **(sources.from_file(file) if file else {}),
        **credentials,
        **sources.from_environment(environ),
        **sources.from_flags(flags or {}),
    }
    try:
        settings = Settings(**_nest(layer))
    except ValidationError as error:
        raise validation_errors.from_validation_error(error.errors(include_url=False)[0], layer) from None
    validation_errors.check_across_keys(settings, layer)
    places = {key: found.source.removeprefix("the ") for key, found in layer.items()}
    return LoadedConfiguration(settings=settings, file=file, sources=places, credentials=credentials)


def _nest(layer: Layer) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, found in layer.items():
        *above, name = key.split(".")
        table = root
        for part in above:
            table = table.setdefault(part, {})
        table[name] = found.value
    return root


def _values_by_key(settings: Settings) -> Iterator[tuple[str, object]]:
    for key in keys.known_keys():
        value: object = settings
        for part in key.split("."):
            value = getattr(value, part)
        yield key, value


def _displayed_value(key: str, value: object) -> object:
    if isinstance(value, Secret):
        return mask_database_url(value) if key == "database.url" else mask(value)
    return list(value) if isinstance(value, tuple) else value
