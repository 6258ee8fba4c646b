"""How many pytest workers a machine gets: from the cores that this process may use."""

import math
import os
from pathlib import Path

FEW_CORES = 4
MOST_WORKERS = 16
CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def cores(limit: Path = CPU_LIMIT) -> int:
    """The cores this process may use: its affinity, and a container's limit (cgroup v2) if any."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not limit.is_file():
        return allowed
    quota, period = limit.read_text().split()
    return allowed if quota == "max" else max(1, min(allowed, math.ceil(int(quota) / int(period))))


def worker_count(cores: int) -> int:
    """One worker per core, and one more on few cores: it uses the waits for disks and processes.

    At most 16: with more, all others wait for the longest test.
    """
    return min(cores + 1 if cores <= FEW_CORES else cores, MOST_WORKERS)
