"""The adapter to GitHub's REST API.

In: calls of `reconciler.ports.GitHub`. Out: values of `reconciler.model`, or errors.
May import: `reconciler.model`, `reconciler.ports`, `reconciler.errors`; never `reconciler.store`.
"""
