"""Verdicts, pure: no await, no clock, no logger.

In: what each side says and what both last agreed on, as values of `reconciler.model`.
Out: texts, plans and their guard. May import: the standard library, `regex` (graphemes), `reconciler.model`.
"""
