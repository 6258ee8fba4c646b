"""What exists on the simulated GitHub, and what people do there.

In: acts of people and of API calls, each naming who does it. Out: rows, events and webhook notices.
May import: the simulator's rows, tables, facts and clock; never routes or the server.
"""

from reconciler.demo.github.world.accounts import App, Token
from reconciler.demo.github.world.repository import Repository
from reconciler.demo.github.world.world import World

__all__ = ["App", "Repository", "Token", "World"]
