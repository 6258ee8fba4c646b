"""docs/embed.md says what the module is: its present name and hash, its attributes, events and properties."""

import re

from reconciler.model.project_status import ProjectStatusKind
from reconciler.web.embed.files import MODULE_FOLDER, read_embed_files
from tests.browser.embed_document import DOCUMENT, with_module

TEXT = DOCUMENT.read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in sorted(MODULE_FOLDER.iterdir()))


def test_name_and_integrity_value_are_those_of_this_module() -> None:
    """`python -m tests.browser.embed_pictures` writes them."""
    assert with_module(TEXT, read_embed_files()) == TEXT


def test_every_status_of_a_project_has_its_word_in_every_language() -> None:
    for language in MODULE_FOLDER.glob("words_*.js"):
        text = language.read_text("utf-8")
        assert [kind for kind in ProjectStatusKind if f'"health.{kind}":' not in text] == [], language.name


def test_every_element_attribute_event_and_custom_property_is_described() -> None:
    elements = re.findall(r'"(bugspark-sync-(?:badge|report|project))":', SOURCE)
    events = re.findall(r'_EVENT = "([\w-]+)"', SOURCE)
    flags = re.findall(r'static flags = \["([\w-]+)"\]', SOURCE)
    properties = re.findall(r"var\(--bugspark-sync(-[\w-]+)", SOURCE)
    assert len(elements) == 3 and len(events) == 3 and len(set(flags)) == 2 and len(properties) > 10
    for name in {*elements, *events, *flags, *properties}:
        assert name in TEXT, name


def test_the_type_declarations_have_every_element_event_and_attribute() -> None:
    types = read_embed_files().types.decode()
    for name in re.findall(r'"(bugspark-sync-[\w-]+)"', SOURCE):
        assert f'"{name}"' in types or f'"on{name}"' in types, name
    for flag in re.findall(r'static flags = \["([\w-]+)"\]', SOURCE):
        assert re.search(rf'"?{flag}"?\??: boolean', types), flag
