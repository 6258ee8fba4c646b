"""Keeps linked BugSpark reports and GitHub issues equal.

In: BugSpark's database and GitHub's REST API. Out: the changes that make both sides equal. The packages, and
what each may import, are listed in docs/design.md, Packages, and checked by import-linter.
"""

__version__ = "1.0.0rc1"
