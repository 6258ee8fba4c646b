"""The state of the simulated GitHub, and the actions of users.

In: actions of users and of API calls, each with the login of its user. Out: rows, events, webhook notices.
May import: the simulator's rows, tables, facts and clock; never routes or the server.
"""

from reconciler.demo.github.world.accounts import App, Token
from reconciler.demo.github.world.repository import Repository
from reconciler.demo.github.world.world import World

__all__ = ["App", "Repository", "Token", "World"]
