"""A reference from the code to a document leads to a document, a section and a number that exist."""

import pytest

from tests.docs.markdown import ROOT
from tests.docs.references import files, problem, references

DESIGN = "docs/design" + ".md"  # put together, or the test below would follow the examples as well


def problems(text: str) -> list[str | None]:
    return [problem(each) for each in references("a.py", text)]


def test_every_document_that_code_names_is_there_with_the_section_it_names() -> None:
    wrong, count = [], 0
    for path in files():
        name = str(path.relative_to(ROOT))
        for each in references(name, path.read_text(encoding="utf-8")):
            count += 1
            if (what := problem(each)) is not None:
                wrong.append(f"{name}: {each.path}: {what}")
    assert wrong == []
    assert count > 200


@pytest.mark.parametrize(
    "text",
    [
        f"see {DESIGN}.",
        f"see {DESIGN}, which says so",
        f"({DESIGN}, Writing to GitHub: Classify)",
        f"({DESIGN}, Writing to GitHub, 5 and 6)",
        f"({DESIGN}, Writing\n    to GitHub, 5)",
        f"# ({DESIGN},\n# Guard)",
        f"Source: {DESIGN}, Guard; {DESIGN}, Comments.",
    ],
)
def test_a_reference_that_resolves(text: str) -> None:
    assert set(problems(text)) == {None}


@pytest.mark.parametrize(
    "text",
    [
        "see " + "DESIGN" + ".md",
        "see docs/" + "nowhere.sql",
        f"({DESIGN}, Guards)",
        f"({DESIGN}, Gua)",
        f"({DESIGN}, Writing to GitHub, 77)",
        f"({DESIGN}, Writing to GitHub, 5 and 77)",
        f"({DESIGN}, Guard, 1)",
        f"# ({DESIGN},\n# Nothing like it)",
    ],
)
def test_a_reference_that_does_not(text: str) -> None:
    assert None not in problems(text)
    assert problems(text)
