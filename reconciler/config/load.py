"""Settings from flags, environment, systemd credentials, file and defaults, in this order.

At the end: validation errors as one sentence that says what is wrong, where, and what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.config import sources, validators
from reconciler.config.settings import Settings
from reconciler.config.sources import ConfigurationLayer, SourcedValue
from reconciler.errors import ConfigurationError
from reconciler.model.addresses import (
    DEFAULT_SSLMODE,
    STRICT_SSLMODE,
    WEAK_SSLMODES,
    read_database_tls,
    with_sslmode,
)
from reconciler.model.secret import Secret, mask_secret, mask_url

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
# Pydantic's error type → (what is wrong, what to do). `{…}` is filled from the error's context.
MESSAGES_BY_ERROR_TYPE: Mapping[str, tuple[str, str]] = {
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "int_type": ("must be a whole number", "write a number without quotes"),
    "int_from_float": ("must be a whole number", "write a number without a fraction"),
    "float_type": ("must be a number", "write a number without quotes"),
    "string_type": ("must be text", "put it in quotes"),
    "tuple_type": ("must be a list of names", 'write a list, as in ["high-priority", "high"]'),
    "dict_type": ("must be a table", 'write "project id" = "owner/repo" lines in it'),
    "greater_than": ("must be greater than {gt:g}", "choose a larger number"),
    "greater_than_equal": ("must be at least {ge:g}", "choose a larger number"),
    "less_than_equal": ("must be at most {le:g}", "choose a smaller number"),
    "finite_number": ("must be a finite number", "write a number"),
    "literal_error": ("is none of its choices", "write one of {expected}"),
    "string_pattern_mismatch": ("is not a date", "write it as in 2022-11-28"),
    "string_too_short": ("must not be empty", "write a value, or leave the key out"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveValue:
    """One key as `reconcile config` shows it: its value, with secrets masked, and its source."""

    key: str
    value: object
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfiguration:
    """The settings, and the source of each key."""

    settings: Settings
    file: Path | None  # the TOML file that was read, if any
    sources: Mapping[str, str]  # source by key, for keys that are not at their default
    credentials: ConfigurationLayer  # the values that systemd passed as credentials

    def effective_values(self) -> tuple[EffectiveValue, ...]:
        """Return every key in the order of docs/reference/contract.md.

        Secrets that are set are shown as "***".
        """
        return tuple(
            EffectiveValue(key=key, value=_displayed_value(key, value), source=self._source_of_key(key))
            for key, value in _values_by_key(self.settings)
        )

    @property
    def secrets_file(self) -> Path | None:
        """The configuration file if it has secrets in it; None otherwise."""
        keys = (key for key in self.sources if sources.type_of_key(key) is Secret)
        has_secrets = any(self.sources[key].startswith("file ") for key in keys)
        return self.file if has_secrets else None

    def _source_of_key(self, key: str) -> str:
        return self.sources.get(key, "default")


def load_configuration(
    path: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    *,
    credentials: ConfigurationLayer | None = None,
) -> LoadedConfiguration:
    """Read and validate the configuration.

    `path`: the value of `--config`; `flags`: values by dotted key with the highest priority; `credentials`:
    used instead of those on disk, because a service keeps the ones of its start. Raises ConfigurationError
    with a sentence for each problem: what is wrong, where, what to do.
    """
    problems: list[str] = []
    if credentials is None:
        directory = sources.systemd_credentials_directory(environ)
        credentials = sources.read_systemd_credentials_layer(directory, problems)
    file = sources.find_configuration_file(path, environ)
    layer: ConfigurationLayer = {
        **(sources.read_file_layer(file, problems) if file else {}),
        **credentials,
        **sources.read_environment_layer(environ, problems),
        **sources.build_overrides_layer(flags or {}),
    }
    settings = _validate(layer, problems)
    if settings.github.trust_environment and (
        trusted := sources.read_common_variables_layer(environ, settings)
    ):
        layer = {**trusted, **layer}
        settings = _validate(layer)
    settings = check_dependent_keys(settings, layer, environ)
    places = {key: sourced.source.removeprefix("the ") for key, sourced in layer.items()}
    return LoadedConfiguration(settings=settings, file=file, sources=places, credentials=credentials)


def _validate(layer: ConfigurationLayer, problems: Sequence[str] = ()) -> Settings:
    """Validate every value. `problems`: what was found before. Raises ConfigurationError with all of them."""
    try:
        settings = Settings(**_nest_layer(layer))
    except ValidationError as error:
        sentences = [explain_validation_error(each, layer) for each in error.errors(include_url=False)]
        raise ConfigurationError(*dict.fromkeys((*problems, *sentences))) from None
    if problems:
        raise ConfigurationError(*problems)
    return settings


def _nest_layer(layer: ConfigurationLayer) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for key, sourced in layer.items():
        *above, name = key.split(".")
        table = root
        for part in above:
            table = table.setdefault(part, {})
        table[name] = sourced.value
    return root


def _values_by_key(settings: Settings) -> Iterator[tuple[str, object]]:
    for key in sources.known_keys():
        value: object = settings
        for part in key.split("."):
            value = getattr(value, part)
        yield key, value


def _displayed_value(key: str, value: object) -> object:
    if isinstance(value, Secret):
        return mask_url(value) if key in ("database.url", "github.proxy") else mask_secret(value)
    return list(value) if isinstance(value, tuple) else value


def explain_validation_error(error: "ErrorDetails", layer: Mapping[str, SourcedValue]) -> str:
    """Return the sentence for one error of pydantic's. `layer`: the merged values by key."""
    key = _key_of_error(error)
    sourced = layer.get(key)
    place = sourced.source if sourced else "the defaults"
    what, remedy = _problem_and_hint(error)
    shown = _rejected_value_text(key, sourced)
    return f"{key} {what}{shown}, in {place}; {remedy}"


def _key_of_error(error: "ErrorDetails") -> str:
    path = [str(part) for part in error["loc"]]
    candidates = (".".join(path[:depth]) for depth in range(len(path), 0, -1))
    return next(key for key in candidates if key in sources.known_keys())


def _problem_and_hint(error: "ErrorDetails") -> tuple[str, str]:
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "value_error":
        what, remedy = context["error"].args
        return what, remedy
    what, remedy = MESSAGES_BY_ERROR_TYPE.get(
        error["type"], ("can't be used ({why})", "see config.example.toml")
    )
    context = {**context, "why": error["msg"]}
    return what.format(**context), remedy.format(**context)


def _rejected_value_text(key: str, sourced: SourcedValue | None) -> str:
    """Return the value in parentheses if it is short, printable and no secret; else ""."""
    if (
        sourced is None
        or sources.type_of_key(key) is Secret
        or not isinstance(sourced.value, str | int | float)
    ):
        return ""
    text = ascii(sourced.value)
    return f", not {text}" if len(text) <= 40 and "@" not in text else ""


def check_dependent_keys(
    settings: Settings, layer: Mapping[str, SourcedValue], environ: Mapping[str, str]
) -> Settings:
    """Check keys that depend on each other; return the settings with TLS to the database required.

    Raises ConfigurationError with all problems.
    """
    problems = [
        *_label_mapping_problems(settings, layer),
        *_s3_section_problems(settings, layer),
        *_app_section_problems(settings, layer),
    ]
    try:
        secured = require_database_tls(settings, layer, environ)
    except ConfigurationError as error:
        raise ConfigurationError(*problems, *error.sentences) from None
    if problems:
        raise ConfigurationError(*problems)
    return secured


def require_database_tls(
    settings: Settings, layer: Mapping[str, SourcedValue], environ: Mapping[str, str]
) -> Settings:
    """Return the settings with `sslmode=require` towards another machine, unless its address names one.

    The mode is always named, so that no variable (PGSSLMODE) weakens it. Raises ConfigurationError for one
    that does not protect, unless `database.insecure` is set.
    """
    url = settings.database.url.reveal()
    tls = read_database_tls(url, environ.get("PGHOST") or environ.get("PGHOSTADDR") or "")
    if tls is None:
        return settings
    if tls.sslmode is None:
        database = settings.database.model_copy(update={"url": Secret(with_sslmode(url, DEFAULT_SSLMODE))})
        return settings.model_copy(update={"database": database})
    if tls.sslmode in WEAK_SSLMODES and not settings.database.insecure:
        raise ConfigurationError(
            f"database.url has sslmode={tls.sslmode}, in {_source_of_key('database.url', layer)}, and"
            f" {tls.hosts[0]!a} is another machine: anybody on the way can read tokens and change"
            f" data; write sslmode={STRICT_SSLMODE} (or {DEFAULT_SSLMODE}), or set database.insecure = true"
        )
    return settings


def _source_of_key(key: str, layer: Mapping[str, SourcedValue]) -> str:
    return layer[key].source if key in layer else "the defaults"


def _label_mapping_problems(settings: Settings, layer: Mapping[str, SourcedValue]) -> Iterator[str]:
    mapping = {f"sync.severity.{name}": labels for name, labels in settings.sync.severity}
    mapping |= {f"sync.category.{name}": labels for name, labels in settings.sync.category}
    mapping |= {f"sync.stage.{name}": labels for name, labels in settings.sync.stage}
    if clash := validators.find_duplicate_label(mapping):
        label, *values = clash
        first, second = sorted(
            values, key=layer.__contains__
        )  # name the key that is configured, not the default
        yield (
            f"{second} has the label {label!r} that {first} has too (case ignored), "
            f"in {_source_of_key(second, layer)}; give every label to one value only"
        )


def _incomplete_section_problems(
    section: str, given: Mapping[str, object], layer: Mapping[str, SourcedValue], remedy: str
) -> Iterator[str]:
    """Yield which of these keys are missing, if some are set and others are not."""
    missing = [f"{section}.{name}" for name, value in given.items() if not value]
    there = next((f"{section}.{name}" for name, value in given.items() if value), None)
    if there and missing:
        yield (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing while {there} is set,"
            f" in {_source_of_key(there, layer)}; {remedy}"
        )


def _s3_section_problems(settings: Settings, layer: Mapping[str, SourcedValue]) -> Iterator[str]:
    s3 = settings.bugspark.s3
    given = {
        "endpoint_url": s3.endpoint_url,
        "bucket_name": s3.bucket_name,
        "access_key": s3.access_key,
        "secret_key": s3.secret_key,
    }
    remedy = "set endpoint_url, bucket_name, access_key and secret_key together, or none of them"
    yield from _incomplete_section_problems("bugspark.s3", given, layer, remedy)


def _app_section_problems(settings: Settings, layer: Mapping[str, SourcedValue]) -> Iterator[str]:
    app = settings.github.app
    given: dict[str, object] = {
        "id": app.id,
        "private_key_file": app.private_key_file,
        "repositories": app.repositories,
    }
    if app.webhook_secret:
        given = {"webhook_secret": app.webhook_secret, **given}
    remedy = "set id, private_key_file and repositories together, or none of them"
    yield from _incomplete_section_problems("github.app", given, layer, remedy)
    if not all(given.values()):
        return
    key = "github.app.private_key_file"
    try:
        with open(app.private_key_file, "rb") as file:  # noqa: PTH123 - checks only that it can be read
            file.read(1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        source = _source_of_key(key, layer)
        yield f"{key} cannot be read ({reason}), in {source}; check its path and permissions"
