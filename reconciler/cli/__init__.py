"""The command `reconcile`, one file per family of commands.

In: words of an operator. Out: data on stdout, logs and errors on stderr, an exit status
(docs/reference/contract.md, The command). May import: wiring, demo, config, logs, model, errors – the heavy
ones only once they are needed.
"""
