"""What a pass reads and writes: links, bases, comment pairs, intents, locks, limits, history.

In: batches and queries of a pass, through `ports`. Out: snapshots, results of a batch, claimed intents.
"""
