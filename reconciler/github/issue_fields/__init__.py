"""The organisation's issue fields: how rows, events and answers show them, and the requests about them.

In: GitHub's JSON. Out: values of `reconciler.model`. May import: what `reconciler.github` may.
Source: docs/reference/github.md, Fields and types.
"""
