"""The composition root: the only room that knows every other. It puts parts together and decides nothing.

In: Settings. Out: an Application, whose methods are what the command offers.
May import: everything but cli and demo.
"""

from reconciler.config.settings import Settings
from reconciler.store import migrate as schema
from reconciler.wiring.application import Application, open_application

__all__ = ["Application", "migrate", "open_application"]


def migrate(settings: Settings) -> str:
    """Bring the schema up to date; a sentence that says what was done."""
    return str(schema.migrate(settings.database.url.reveal()))
