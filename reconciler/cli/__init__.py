"""The command `reconcile`, one module per command or group of commands.

In: arguments. Out: data on stdout, logs and errors on stderr, an exit status (docs/reference/contract.md, The
command). May import: bootstrap, demo, config, logs, model, errors; the slow ones only when they are needed.
"""
