"""Benchmarks of the real program: `python -m bench`.

In: sizes. Out: a table on stdout and results/latest.json. Each measured pass is a process of its own, GitHub
(simulated) is another, PostgreSQL a third. May import: reconciler, tests.support. Nothing imports this.
"""
