"""The import contracts of the packages, as types for import-linter; their tables are in pyproject.toml.

In: rows `package <- what it may import`. Out: every import that no row allows. import-linter's own types list
what is forbidden and want every module to exist; these list what is allowed, so that a new package or library
is caught, and a package that is not built yet has its row already.
"""

import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PACKAGE = "reconciler"


def package_of(module: str) -> str | None:
    """`store` for `reconciler.store.schema.tables`, "" for the package itself, None for anything else."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == PACKAGE else None


def table(rows: Iterable[str]) -> dict[str, frozenset[str]]:
    """`["store <- model ports"]` as `{"store": {"model", "ports"}}`; names on the left share what follows."""
    read: dict[str, frozenset[str]] = {}
    for row in rows:
        left, arrow, right = row.partition("<-")
        if not arrow or not left.split():
            raise ValueError(f"not a row of the form 'package <- packages': {row!r}")
        read.update(dict.fromkeys(left.split(), frozenset(right.split())))
    return read


class TableContract(Contract):
    """What both contracts share: walk the direct imports, and print the ones a table does not allow."""

    rows: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """All violations, as `importer -> imported (why)`; transitive imports are other packages' rows."""
        allowed = table(self.rows)
        broken = sorted(set(self.violations(graph, allowed)))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per violation."""
        for line in check.metadata["broken"]:
            output.print_error(line, bold=False)
        output.new_line()

    @abstractmethod
    def violations(self, graph: ImportGraph, allowed: dict[str, frozenset[str]]) -> Iterator[str]:
        """A line for every import that the table does not allow."""


class PackagesContract(TableContract):
    """Rows `package <- packages`: a package imports itself and these, and every package has a row."""

    type_name = "packages"

    def violations(self, graph: ImportGraph, allowed: dict[str, frozenset[str]]) -> Iterator[str]:
        """Imports from package to package that no row allows, and packages without a row."""
        for importer, imported in direct_imports(graph):
            package, other = package_of(importer), package_of(imported)
            if package and package not in allowed:
                yield f"{importer} (the package {package} has no row)"
            elif package and other and other not in {package, *allowed[package]}:
                yield f"{importer} -> {imported} ({package} may import: {' '.join(sorted(allowed[package]))})"


class LibrariesContract(TableContract):
    """Rows `library <- packages`: only these import the library; `plain` packages import no unlisted one."""

    type_name = "libraries"
    plain: Any = fields.SetField(subfield=fields.StringField())

    def violations(self, graph: ImportGraph, allowed: dict[str, frozenset[str]]) -> Iterator[str]:
        """Imports of a listed library by another package, and of any unlisted one by a plain package."""
        for importer, imported in direct_imports(graph):
            package, library = package_of(importer), imported.partition(".")[0]
            if package is None or library == PACKAGE:
                continue
            if library in allowed and package not in allowed[library]:
                yield f"{importer} -> {library} (only for: {' '.join(sorted(allowed[library]))})"
            elif library not in allowed and package in self.plain and library not in sys.stdlib_module_names:
                yield f"{importer} -> {library} ({package} imports no library)"


def direct_imports(graph: ImportGraph) -> Iterator[tuple[str, str]]:
    """Every (importer, imported) of the graph; a module that imports nothing comes with itself."""
    for importer in graph.modules:
        yield importer, importer
        for imported in graph.find_modules_directly_imported_by(importer):
            yield importer, imported
