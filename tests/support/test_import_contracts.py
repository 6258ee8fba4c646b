"""The import contracts catch what docs/design.md, Packages does not allow, and nothing else."""

import grimp
import pytest

from tests.support.import_contracts import LibrariesContract, PackagesContract, TableContract, table


def graph(*imports: tuple[str, str]) -> grimp.ImportGraph:
    made = grimp.ImportGraph()
    for importer, imported in imports:
        for module in (importer, imported):
            made.add_module(module, is_squashed=not module.startswith("reconciler"))
        made.add_import(importer=importer, imported=imported)
    return made


def broken(contract: TableContract, *imports: tuple[str, str]) -> list[str]:
    found = contract.check(graph(*imports), verbose=False).metadata["broken"]
    return [line.partition(" (")[0] for line in found]


def packages(*rows: str) -> PackagesContract:
    return PackagesContract("packages", {}, {"rows": list(rows)})


def libraries(*rows: str, plain: tuple[str, ...] = ()) -> LibrariesContract:
    return LibrariesContract("libraries", {}, {"rows": list(rows), "plain": list(plain)})


def test_a_package_may_import_itself_and_what_its_row_names() -> None:
    contract = packages("model <-", "store <- model")
    assert not broken(
        contract, ("reconciler.store.a", "reconciler.store.b"), ("reconciler.store.a", "reconciler.model")
    )


def test_an_import_between_packages_that_no_row_allows_is_named() -> None:
    contract = packages("github store <- model", "model <-")
    assert broken(contract, ("reconciler.store.a", "reconciler.github.wire")) == [
        "reconciler.store.a -> reconciler.github.wire"
    ]


def test_a_package_without_a_row_is_named() -> None:
    assert broken(packages("model <-"), ("reconciler.attic.a", "json")) == ["reconciler.attic.a"]


def test_a_row_for_a_package_that_does_not_exist_is_ignored() -> None:
    assert not broken(packages("model <-", "daemon <- model"), ("reconciler.model.a", "reconciler.model.b"))


def test_a_library_is_imported_by_its_own_packages_only() -> None:
    contract = libraries("httpx <- github")
    assert not broken(contract, ("reconciler.github.wire", "httpx"))
    assert broken(contract, ("reconciler.sync.pass_", "httpx")) == ["reconciler.sync.pass_ -> httpx"]


def test_a_plain_package_imports_the_standard_library_and_granted_libraries() -> None:
    contract = libraries("regex <- text", "asyncio <- cycle", plain=("text",))
    assert not broken(contract, ("reconciler.text", "html"), ("reconciler.text", "regex"))
    assert broken(contract, ("reconciler.text", "structlog"), ("reconciler.text", "asyncio")) == [
        "reconciler.text -> asyncio",
        "reconciler.text -> structlog",
    ]


def test_a_row_without_an_arrow_is_refused() -> None:
    with pytest.raises(ValueError, match="not a row"):
        table(["store model"])
