"""The environment variables of this process; no other module reads them.

A separate module, because it is imported before pydantic.
"""

import os
from collections.abc import Mapping


def read_environment() -> Mapping[str, str]:
    """Return a copy of the environment variables."""
    return dict(os.environ)


def may_use_colour(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to use colour: on capable terminals, unless NO_COLOR is set (no-color.org)."""
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def disable_pydantic_plugins() -> None:
    """Stop pydantic, which is imported later, from loading plugins of other installed packages.

    Settings contain secrets, and the search for plugins would take 10 ms.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
