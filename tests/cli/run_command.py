"""Starts the command as its installed script does, and lists the imported modules when asked to."""

import os
import sys

from reconciler.cli.main import main

try:
    sys.argv[0] = "reconcile"
    main()
finally:
    if os.environ.get("STARTED_LISTS_MODULES"):
        print("modules:", *sys.modules, file=sys.stderr)
