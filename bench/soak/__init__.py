"""A long run of the service with steady edits, faults and restarts: `python -m bench.soak`.

In: minutes, number of projects. Out: a summary on stdout, results/soak.json, exit status 1 when the sides are
not equal in the end or memory grew. May import: bench, reconciler, tests.support. Nothing imports this.
"""
