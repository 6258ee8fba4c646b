"""The environment of this process; no other module reads it.

A module of its own because it is imported before pydantic.
"""

import os
from collections.abc import Mapping


def read_environment() -> Mapping[str, str]:
    """Return a copy of the environment variables."""
    return dict(os.environ)


def may_use_colour(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colour: on terminals that can, never with NO_COLOR (no-color.org)."""
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def disable_pydantic_plugins() -> None:
    """Keep pydantic, which is imported after this, from loading plugins of other installed packages.

    Settings hold secrets; and looking for plugins costs a short command 10 ms.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
