"""The command `reconcile`, one file per family of sub-commands.

In: arguments. Out: data on stdout, logs on stderr, an exit status.
May import: `reconciler.wiring`, `reconciler.demo`, and their words (model, errors, config, logs).
"""
