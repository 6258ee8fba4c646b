"""docs/reference/contract.md lists what exists."""

import tomllib

from tests.docs.markdown import ROOT, read
from tests.docs.test_documents import command

CONTRACT = read(ROOT / "docs/reference/contract.md")


def test_its_configuration_is_the_example_s_keys_and_defaults() -> None:
    (block,) = [block for block in CONTRACT.blocks if block.kind == "toml"]
    assert tomllib.loads(block.text) == tomllib.loads((ROOT / "config.example.toml").read_text())


def test_every_command_there_is_stands_in_its_table() -> None:
    table = CONTRACT.section("The command")
    assert [name for name in command().commands if f"`reconcile {name}" not in table] == []
