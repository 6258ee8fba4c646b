"""A simulator of GitHub on loopback: a stateful HTTP server for the endpoints this product uses.

In: HTTP requests, and actions of users as method calls. Out: GitHub's answers, webhooks, a journal.
May import: the standard library, h11, msgspec, jwt; nothing of this program, to share none of its mistakes.
"""
