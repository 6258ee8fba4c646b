"""The endpoints: from a request and a caller to an answer, or a Problem.

In: Exchange. Out: Answer. May import: the world, views, paging, access; never the server.
"""
