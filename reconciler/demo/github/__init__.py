"""A stateful GitHub on loopback: a real HTTP server for the endpoints this product uses.

In: HTTP requests, and acts of people as method calls. Out: GitHub's answers, webhooks, a journal to assert on.
May import: the standard library, h11, msgspec, jwt; nothing else of this program, so that it cannot share its mistakes.
"""
