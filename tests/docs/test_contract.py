"""docs/reference/contract.md lists what exists, and as planned only what does not."""

import re
import tomllib
from pathlib import Path

import pytest

from reconciler.config.load import load_configuration
from reconciler.errors import ConfigurationError
from tests.docs.markdown import ROOT, read
from tests.docs.test_documents import command, keys_of

CONTRACT = read(ROOT / "docs/reference/contract.md")


def planned(heading: str) -> str:
    _, found, rest = CONTRACT.text.partition(f"\n### Planned: {heading}\n")
    assert found
    return re.split(r"^##+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def test_its_configuration_is_the_example_s_keys_and_defaults() -> None:
    (block,) = [block for block in CONTRACT.blocks if block.kind == "toml"]
    assert tomllib.loads(block.text) == tomllib.loads((ROOT / "config.example.toml").read_text())


def test_configuration_that_is_planned_is_refused_and_named(tmp_path: Path) -> None:
    (block,) = re.findall(r"```\n(.*?)```", planned("configuration"), re.DOTALL)
    names = list(keys_of(tomllib.loads(block)))
    keys = {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
    file = tmp_path / "config.toml"
    file.write_text(block)
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(file, {})
    assert {sentence.split()[0] for sentence in refused.value.sentences} == keys


def test_every_command_there_is_stands_in_its_table() -> None:
    table = CONTRACT.section("The command")
    assert [name for name in command().commands if f"`reconcile {name}" not in table] == []
