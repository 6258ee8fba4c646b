"""Decisions about links, reports and plans. Pure: no await, no clock, no logger.

In: what each side shows and what both last agreed on, as values of `reconciler.model`.
Out: plans, what the guard withholds of them, and views of plans and reports for people.
May import: the standard library, `reconciler.model`, `reconciler.fields`, `reconciler.text`.
"""
