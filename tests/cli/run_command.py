"""Starts the command as its installed script does."""

import sys

from reconciler.cli.main import main

sys.argv[0] = "reconcile"
main()
