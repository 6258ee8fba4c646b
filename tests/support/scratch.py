"""Where tests keep their files: in memory, if enough of it is free.

SQLite waits for the disk at every commit, and a PostgreSQL database is three hundred files. Nothing that a
test holds depends on the disk: no test takes the machine's power away.
"""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
ASKED_BY_PYTEST = "PYTEST_DEBUG_TEMPROOT"


def in_memory(place: Path = MEMORY, *, enough: int = ENOUGH_BYTES) -> list[Path]:
    """Return a directory in memory with enough space for a whole run, or none."""
    roomy = place.is_dir() and os.access(place, os.W_OK | os.X_OK) and shutil.disk_usage(place).free >= enough
    return [place] if roomy else []


def offer_to_pytest() -> None:
    """Put `tmp_path` there, unless the command line names a directory."""
    for place in in_memory():
        os.environ.setdefault(ASKED_BY_PYTEST, str(place))
