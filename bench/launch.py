"""Run a command and say what it took: `python bench/launch.py COMMAND…` prints one JSON object.

A process of its own because the kernel counts the memory of anyone who starts a command as the command's own
peak: this one is small. It imports nothing of the program for the same reason.
"""

import json
import resource
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "status": done.returncode,
        "out": done.stdout,
        "err": done.stderr,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
