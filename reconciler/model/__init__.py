"""The nouns: reports, issues, links, changes, plans. Frozen values without behaviour of the outside.

In: nothing. Out: values every other room speaks in. May import: the standard library.
"""
