"""A project's own settings: their values, how they are read, and what is in force for a project.

In: JSON text that an owner or the operator wrote, and the operator's defaults. Out: frozen values, or an
error that names the key. No I/O. May import: the standard library, `reconciler.model`, `reconciler.errors`.

Source: docs/reference/contract.md, Owners' settings.
"""
