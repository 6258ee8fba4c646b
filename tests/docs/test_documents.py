"""The documents are correct: their links resolve, their commands and keys exist."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Column, MetaData, Table
from typer.core import TyperGroup
from typer.main import get_command

from reconciler.cli.app import build_cli
from reconciler.cli.main import move_config_first
from reconciler.config import sources
from reconciler.config.load import load_configuration
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.schema import tables
from reconciler.store.schema.version import VERSION_TABLE
from tests.docs.markdown import ROOT, Document, arguments_of, documents, read, shell_lines

DOCUMENTS = {str(each.path.relative_to(ROOT)): each for each in documents()}
DECISIONS = [each for name, each in DOCUMENTS.items() if re.match(r"docs/decisions/\d{4}-", name)]
README = DOCUMENTS["README.md"]
CHECKED = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())


def command() -> TyperGroup:
    found = get_command(build_cli())
    assert isinstance(found, TyperGroup)
    return found


def parse(arguments: list[str]) -> None:
    """Take a command line in as the program would, without doing anything. Raises what is wrong with it."""
    group, arguments = command(), move_config_first(arguments)
    while arguments[:1] == ["--config"]:
        del arguments[:2]
    if arguments and arguments[0] in group.commands:
        with group.make_context("reconcile", []) as context:
            group.commands[arguments[0]].make_context(arguments[0], arguments[1:], parent=context)
    else:
        assert not arguments or arguments[0].startswith("-"), f"no command {arguments[0]}"
        group.make_context("reconcile", arguments)


def options(name: str) -> set[str]:
    """The options of a sub-command; of the command itself, where the name is an option or none."""
    group = command()
    params = group.commands.get(name, group).params
    return {option for param in params for option in (*param.opts, *param.secondary_opts)}


def keys_of(table: dict[str, object], above: str = "") -> Iterator[str]:
    for name, value in table.items():
        yield above + name
        if isinstance(value, dict):
            yield from keys_of(value, f"{above}{name}.")


def example_keys() -> set[str]:
    return set(keys_of(tomllib.loads((ROOT / "config.example.toml").read_text())))


@CHECKED
def test_every_link_leads_to_a_file_and_a_heading_that_exist(document: Document) -> None:
    lost = []
    for target in document.links:
        place, _, heading = target.partition("#")
        path = (document.path.parent / place).resolve() if place else document.path
        inside = path.exists() and ROOT in (path, *path.parents)
        if not inside or (heading and heading not in read(path).anchors):
            lost.append(target)
    assert lost == []


@CHECKED
def test_every_command_in_a_block_is_one_the_program_takes(document: Document) -> None:
    for line in shell_lines(document):
        if (arguments := arguments_of("reconcile", line)) is not None:
            parse(arguments)


@CHECKED
def test_every_command_in_a_sentence_exists_with_the_options_it_names(document: Document) -> None:
    for code in document.code:
        if not code.startswith("reconcile "):
            continue
        arguments = code.split()[1:]
        assert arguments[0].startswith("-") or arguments[0] in command().commands, code
        named = {word.partition("=")[0] for word in arguments if word.startswith("-")}
        assert named <= options(arguments[0]) | {"--config", "--help", "-h"}, code


@CHECKED
def test_every_key_it_names_is_in_the_example_configuration(document: Document) -> None:
    known = example_keys()
    sections = {key.partition(".")[0] for key in known}
    named = {word for code in document.code for word in re.findall(r"^[a-z_]+(?:\.[a-z_]+)+(?= = |$)", code)}
    files = {word for word in named if word.endswith((".toml", ".py", ".md", ".sql"))}
    ours = {word for word in named - files if word.partition(".")[0] in sections}
    assert sorted(ours - known - {"github.app.private_key"}) == []  # that one is a credential's name
    tables_named = {code[1:-1] for code in document.code if re.fullmatch(r"\[[a-z_.]+\]", code)}
    assert sorted(tables_named - known) == []


@CHECKED
def test_every_variable_and_credential_it_names_is_read(document: Document) -> None:
    variables = {
        sources.environment_variable_of_key(key) for key in (*sources.known_keys(), *sources.known_sections())
    } | {sources.CONFIG_FILE_VARIABLE}
    assert sorted(set(re.findall(r"RECONCILER_[A-Z0-9_]+", document.text)) - variables) == []
    credentials = set(re.findall(r"^LoadCredential=([^:\n]+):", document.text, re.MULTILINE))
    assert sorted(credentials - set(sources.known_keys()) - {"github.app.private_key"}) == []


@CHECKED
def test_every_piece_of_configuration_can_be_used(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.pem").touch()
    for block in document.blocks:
        if block.kind == "toml":
            file = tmp_path / "config.toml"
            file.write_text(block.text.replace("/etc/bugspark-reconciler/", f"{tmp_path}/"))
            assert load_configuration(file, {}).file == file


@CHECKED
def test_every_make_target_it_names_is_in_the_makefile(document: Document) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    lines = [line for line in (*document.code, *shell_lines(document)) if line.startswith("make ")]
    named = {word for line in lines for word in line.split()[1:] if re.fullmatch(r"[a-z]+", word)}
    assert sorted(named - targets) == []


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(shell_lines(README))


def test_every_command_there_is_can_be_found_in_the_documents() -> None:
    everything = "\n".join(document.text for document in DOCUMENTS.values())
    silent = [name for name in command().commands if f"reconcile {name}" not in everything and name != "demo"]
    assert silent == []


def test_the_picture_is_described_and_readable_in_light_and_dark() -> None:
    described = re.search(r"!\[([^\]]{80,})\]\(docs/pictures/flow\.svg\)", README.text)
    assert described
    text = (ROOT / "docs" / "pictures" / "flow.svg").read_text()
    svg = ET.fromstring(text)
    ground = svg.find("{*}rect")
    assert ground is not None
    assert (ground.get("width"), ground.get("height")) == tuple(svg.attrib["viewBox"].split()[2:])
    dark = text.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
    used = {name for tag in svg.iter() for name in tag.get("class", "").split()}
    assert used == {name for name in used if f".{name}" in dark}


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    listed = DOCUMENTS["docs/decisions/README.md"]
    assert len(DECISIONS) > 5
    for decision in DECISIONS:
        title = decision.text.splitlines()[0].removeprefix("# ")
        number, _, name = title.partition(" ")
        assert f"| [{number}]({decision.path.name}) | {name} |" in listed.text, title
        headings = re.findall(r"^## (.*)$", decision.prose, re.MULTILINE)
        assert headings == ["Status", "Context", "Decision", "Consequences"], title


def test_every_table_of_ours_is_explained() -> None:
    text = DOCUMENTS["docs/how-it-works.md"].section("What is remembered")
    assert {f"`{name}`" for name in tables.metadata.tables} <= set(re.findall(r"`sync_\w+`", text))


def test_the_advice_on_autogenerate_spares_our_tables_and_columns_and_nothing_else() -> None:
    section = DOCUMENTS["docs/operating.md"].section("For BugSpark's maintainers")
    advice = Document(path=README.path, text=section).blocks[0]
    names: dict[str, object] = {}
    exec(compile(advice.text, "docs/operating.md", "exec"), names)
    admits = names["include_object"]
    assert callable(admits)
    ours = (*tables.metadata.tables, "procrastinate_jobs", VERSION_TABLE)
    assert not any(admits(None, name, "table", True, None) for name in ours)
    assert all(admits(None, name, "table", True, None) for name in bugspark_tables.metadata.tables)
    assert names["ADDED"] == set(bugspark_tables.ADDED_COLUMNS)
    reports = Table("reports", MetaData(), Column("github_repo"), Column("title"))
    assert not admits(reports.c.github_repo, "github_repo", "column", True, None)
    assert admits(reports.c.github_repo, "github_repo", "column", False, SimpleNamespace())
    assert admits(reports.c.title, "title", "column", True, None)


def test_the_python_it_shows_can_be_run() -> None:
    for document in DOCUMENTS.values():
        for block in document.blocks:
            if block.kind == "python":
                compile(block.text, document.path.name, "exec")
    section = DOCUMENTS["docs/operating.md"].section("Upgrade and downgrade")
    shown = Document(path=README.path, text=section).blocks[0].text.splitlines()
    names: dict[str, object] = {}
    exec(shown[0], names)
    assert callable(names["downgrade"])


def test_shell_blocks_are_shell() -> None:
    for document in DOCUMENTS.values():
        text = "\n".join(shell_lines(document))
        done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{document.path.name}: {done.stderr}"


def test_the_changelog_begins_with_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## (.*)$", DOCUMENTS["CHANGELOG.md"].text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_the_readme_travels_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["readme"] == "README.md"
    assert "/README.md" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
