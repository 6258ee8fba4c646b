"""Keeps BugSpark reports and GitHub issues equal where they are linked.

In: BugSpark's database and GitHub's REST API. Out: the changes that make both sides equal.
The rooms below and what each may import are listed in docs/design.md, Packages, and held by import-linter.
"""

__version__ = "0.1.0"
