"""`python -m tests.setup.pip_install LOCK`: install a lock file into this environment.

pip warns at every package about each location of its configuration that does not exist on this machine; such
locations are named once here. Every other warning and every error is shown as it comes.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.setup.progress import follow, in_steps

SILENCE_SECONDS = 600.0
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off")
PIN = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?==", re.MULTILINE)
UNREACHABLE = re.compile(r"^WARNING: Location '(.+?)(?:/[^/']*/)?' is ignored")
FOUND = ("Collecting ", "Requirement already satisfied: ", "Ignoring ")
DURATIONS = {"requirements.lock": "half a minute", "requirements-dev.lock": "one to two minutes"}


@dataclass(slots=True, kw_only=True)
class Progress:
    """pip's output so far for a lock file with `total` packages."""

    total: int
    found: int = 0
    unreachable: set[str] = field(default_factory=set)

    def read(self, line: str) -> str | None:
        """What to show for a line of pip's, None for nothing."""
        if match := UNREACHABLE.match(line):
            self.unreachable.add(match[1])
            return None
        if line.startswith(FOUND):
            self.found += 1
            return in_steps("found", 100 * min(self.found / self.total, 1))
        if line.startswith("Installing collected packages"):
            return "unpacking"
        return line if line.lstrip().startswith(("WARNING", "ERROR", "error")) else None


def main(lock: Path) -> int:
    """Exit status: pip's; 1 when it was stopped because it hung."""
    progress = Progress(total=max(len(PIN.findall(lock.read_text())), 1))
    duration = DURATIONS.get(lock.name, "a minute")
    print(
        f"installing {lock.name} into {Path(sys.prefix).name}: {progress.total} packages, about {duration}",
        flush=True,
    )
    command: list[str | Path] = [sys.executable, *PIP, "--require-hashes", "-r", lock]
    finished = follow(command, read_progress=progress.read, silence_seconds=SILENCE_SECONDS)
    if progress.unreachable:
        places = ", ".join(sorted(progress.unreachable))
        print(
            f"  pip's configuration names locations that do not exist here, it went on without them: {places}"
        )
    if finished.code is None:
        print(f"pip said nothing for {SILENCE_SECONDS:.0f} s and was stopped", file=sys.stderr)
    elif finished.code != 0:
        print("\n".join(["pip failed; its last lines:", *finished.lines[-15:]]), file=sys.stderr)
    return 1 if finished.code is None else finished.code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
