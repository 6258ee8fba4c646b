"""The service under steady work, faults and restarts for as long as wanted: `python -m bench.soak`.

In: minutes, a number of projects. Out: an account on stdout, results/soak.json, exit status 1 when the sides
are not equal in the end or memory grew. May import: bench, reconciler, tests.support. Nothing imports this.
"""
