"""Run a command and measure it: `python bench/launch.py COMMAND…` prints one JSON object.

This is a separate small process, because the kernel counts the memory of the starting process as the
command's own peak. For the same reason it imports nothing of the program.
"""

import json
import resource
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    began = time.perf_counter()
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "status": completed.returncode,
        "out": completed.stdout,
        "err": completed.stderr,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
