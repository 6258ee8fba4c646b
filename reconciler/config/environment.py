"""What this process was given by its surroundings. Nothing else in the program reads the environment."""

import os
from collections.abc import Mapping


def read_environment() -> Mapping[str, str]:
    """A copy of the environment variables."""
    return dict(os.environ)


def may_use_colour(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Colour only on a terminal that can show it, and never with NO_COLOR (no-color.org)."""
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def disable_pydantic_plugins() -> None:
    """Before pydantic is imported: no package that happens to be installed may look into its validating.

    Settings hold secrets; and to ask every installed package for plugins costs a short command 10 ms.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
