"""The command `reconcile`, one file per family of sub-commands.

In: arguments. Out: data on stdout, logs on stderr, an exit status.
May import: `reconciler.wiring`, `reconciler.demo`, and the words they are spoken in (model, errors, config, logs).
"""
