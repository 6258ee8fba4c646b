"""A stateful GitHub on loopback: a real HTTP server for the endpoints this product uses.

In: HTTP requests, and acts of people as method calls. Out: GitHub's answers, webhooks, a journal.
May import: the standard library, h11, msgspec, jwt; nothing of this program, to share none of its mistakes.
"""
