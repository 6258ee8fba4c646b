"""Comments that are read alone, to decide whether GitHub has them.

In: links with comments that a first reading showed otherwise than the ledger has them. Out: their plans.
May import: what `reconciler.sync` may.
"""
