"""Comments that are read alone, to decide whether GitHub has them; and who closed an issue.

In: links with comments that a first reading showed otherwise than the ledger has them, or whose issue was
closed. Out: their plans.
May import: what `reconciler.sync` may.
"""
