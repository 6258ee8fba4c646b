"""Any content of files and variables gives settings or one error sentence, never a traceback or a secret."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.load import load_configuration
from reconciler.config.settings import DatabaseSection, PollSection, Settings
from reconciler.config.sources import environment_variable_of_key, known_keys
from reconciler.errors import ConfigurationError
from reconciler.model.secret import Secret

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
variables = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def settings_or_sentence(path: Path | None, environ: dict[str, str], flags: dict[str, Any]) -> None:
    try:
        loaded = load_configuration(path, environ, flags)
    except ConfigurationError as error:
        assert "\n" not in str(error)  # noqa: PT017 - the other outcome is as good
    else:
        assert {shown.key for shown in loaded.effective_values()} == set(known_keys())


@given(st.dictionaries(st.sampled_from(sorted(known_keys())), values, min_size=1, max_size=4))
def test_any_value_of_any_type(flags: dict[str, Any]) -> None:
    settings_or_sentence(None, {"RECONCILER_CONFIG": ""}, flags)


@given(
    st.dictionaries(
        st.sampled_from([environment_variable_of_key(key) for key in known_keys()]),
        variables,
        min_size=1,
        max_size=4,
    )
)
def test_any_text_in_any_variable(environ: dict[str, str]) -> None:
    settings_or_sentence(None, environ, {})


@given(st.binary())
def test_any_bytes_in_the_file(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "it.toml"
        path.write_bytes(content)
        settings_or_sentence(path, {}, {})


@pytest.mark.parametrize(
    "text", ["[keep]\ndays = " + "9" * 5000, "a = " + "[" * 9000, "[poll]\ninterval_seconds = 1e999", "é = 1"]
)
def test_numbers_and_nestings_without_measure(tmp_path: Path, text: str) -> None:
    path = tmp_path / "it.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        load_configuration(path, {})


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 99_999, '{"a": ' + "9" * 5000 + "}"])
def test_json_without_measure(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sync\.severity is not JSON"):
        load_configuration(None, {"RECONCILER_SYNC__SEVERITY": text})


def test_settings_can_be_made_in_code_too() -> None:
    settings = Settings(
        database=DatabaseSection(url=Secret("postgres://h/d")), poll=PollSection(interval_seconds=5)
    )
    assert settings.database.url.reveal() == "postgresql+psycopg://h/d"
    assert settings.poll.interval_seconds == 5.0
