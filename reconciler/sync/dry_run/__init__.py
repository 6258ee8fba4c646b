"""A pass that stores nothing: what its steps would store is kept in memory, where later steps read it.

In: a pass's context. Out: the plan of a project, as people and programs read it.
Decision: docs/decisions/0063-one-walk.md.
"""
