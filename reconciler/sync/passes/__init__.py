"""Passes from their lock to their record: those a person ordered, and those of the daemon.

In: a context, or a project that is due. Out: the result of a pass. May import: what `reconciler.sync` may.
"""
