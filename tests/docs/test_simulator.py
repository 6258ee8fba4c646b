"""docs/simulator.md: its example runs, and its lists name what there is."""

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.github import faults
from reconciler.demo.github.__main__ import main
from reconciler.demo.github.control import Control
from reconciler.demo.github.facts import Facts
from reconciler.demo.github.limits import Limits
from reconciler.demo.github.messages import Request
from reconciler.demo.github.seeding import seed
from reconciler.demo.github.world import World
from tests.docs.markdown import ROOT, read

PAGE = read(ROOT / "docs/simulator.md")


def block(kind: str) -> str:
    (found,) = (each.text for each in PAGE.blocks if each.kind == kind)
    return found


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table in a section, without its head."""
    lines = [line for line in PAGE.section(heading).splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def first_codes(heading: str) -> list[str]:
    """The code words in the first cell of each row."""
    return [code for first, *_ in rows(heading) for code in re.findall(r"`([^`]+)`", first)]


def test_the_example_is_a_test_that_passes(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(block("python"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_seed_file_can_be_used() -> None:
    world = World()
    assert list(seed(world, json.loads(block("json")))) == ["acme/web"]
    assert list(world.tokens) == ["a-token"]


def test_the_options_of_the_process_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    named = set(re.findall(r"--[a-z][a-z-]*", PAGE.section("As a process of its own")))
    assert sorted(option for option in named if option not in shown) == []


def test_every_switch_is_listed_with_its_default() -> None:
    listed = {cells[0].strip("`"): cells[1].strip("`") for cells in rows("Switches for unsettled facts")}
    assert list(listed) == [each.name for each in dataclasses.fields(Facts)]
    plain = {name: text for name, text in listed.items() if not name.endswith("_versions")}
    assert {name: eval(text) for name, text in plain.items()} == {
        name: getattr(Facts(), name) for name in plain
    }


def test_every_fault_is_named() -> None:
    kinds = {kind.__name__ for kind in faults.Fault.__args__}
    assert sorted(kinds - set(PAGE.code)) == []


def test_every_control_request_is_listed() -> None:
    control = Control(World(), faults.Faults(), [], Limits())
    assert set(first_codes("As a process of its own")) == set(control.names)


def test_the_control_requests_of_the_example_are_accepted() -> None:
    world = World()
    seed(world, json.loads(block("json")))
    control = Control(world, faults.Faults(), [], Limits())
    commands = [line for each in PAGE.blocks if each.kind == "sh" for line in each.text.splitlines()]
    sent = [re.fullmatch(r"curl -s \$SIM/(\w+) -d '(.*)'", line) for line in commands if "$SIM/" in line]
    for request in sent:
        assert request is not None
        target, body = f"/_sim/{request[1]}", request[2].encode()
        answer = control.answer(Request(method="POST", target=target, headers={}, body=body))
        assert answer.status == 200, (request[0], answer.body)
    assert [request[1] for request in sent if request] == ["act", "fault", "fault", "calm"]
    assert world.repository("acme/web").issue(1).title == "It breaks"


def test_every_module_has_its_layer() -> None:
    folder = ROOT / "reconciler/demo/github"
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py"} - {"__init__"}
    there |= {path.name for path in folder.iterdir() if (path / "__init__.py").is_file()}
    named = [code for _, modules, _ in rows("Structure") for code in re.findall(r"`(\w+)`", modules)]
    assert sorted(named) == sorted(there)


def test_every_test_file_it_names_exists() -> None:
    named = [code for cells in rows("What it imitates") for code in re.findall(r"`(\w+\.py)`", cells[-1])]
    assert len(named) > 9
    assert sorted(name for name in set(named) if not (ROOT / "tests/demo" / name).is_file()) == []
