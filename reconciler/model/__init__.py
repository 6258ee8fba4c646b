"""The values of the program: reports, issues, links, changes, plans. Frozen, without I/O.

In: nothing. Out: values that every other package uses. May import: the standard library.
"""
