"""Exports: requested ones, automatic ones, and issues that BugSpark's button made besides.

In: reports and GitHub's issues. Out: intents, links, and what people see of second issues. May import what
`reconciler.sync` may.
"""
