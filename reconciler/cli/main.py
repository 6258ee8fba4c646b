"""The entry point of the command `reconcile`."""

import sys

from reconciler import __version__


def main() -> int:
    """Answer `--version`; anything else is a usage error (exit status 2)."""
    if sys.argv[1:] == ["--version"]:
        print(f"reconcile {__version__}")
        return 0
    print("usage: reconcile --version", file=sys.stderr)
    return 2
