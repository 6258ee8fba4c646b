"""The doorway to GitHub: the only room that speaks HTTP.

In: requests in the words of `reconciler.ports`. Out: values of `reconciler.model`, or errors.
May import: `reconciler.model`, `reconciler.ports`, `reconciler.errors`; never `reconciler.store`.
"""
