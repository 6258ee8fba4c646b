"""What a pass reads and writes: links, bases, comment pairs, intents, locks, limits, history.

In: plans and questions of `sync`, by the ports. Out: snapshots, applied batches, claimed intents.
"""
