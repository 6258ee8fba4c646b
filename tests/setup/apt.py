"""Installing Debian's packages, as root."""

import re
from collections.abc import Callable, Sequence

from tests.setup.progress import Finished, follow, in_steps

SILENCE_SECONDS = 300.0
STATUS = re.compile(r"(dlstatus|pmstatus):[^:]*:([\d.]+):")
WORDS = {"dlstatus": "downloaded", "pmstatus": "installed"}
APT = (
    "apt-get", "-qq", "-o", "APT::Status-Fd=1", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2",
)  # fmt: skip
ENVIRON = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def install(packages: Sequence[str]) -> str:
    """Install `packages` without what they only recommend. Return why that failed, "" when it did not."""
    _run("update", show=lambda _: None)  # may fail for one source of many: what matters is the installation
    finished = _run("install", "--yes", "--no-install-recommends", *packages, show=read_progress)
    if finished.code == 0:
        return ""
    errors = [line for line in finished.lines if line.startswith("E: ")]
    stopped = [f"silent for {SILENCE_SECONDS:.0f} s"] if finished.code is None else []
    return f"apt-get install failed: {(stopped or errors or finished.lines[-1:] or ['no output'])[0]}"


def _run(*arguments: str, show: Callable[[str], str | None]) -> Finished:
    return follow([*APT, *arguments], read_progress=show, silence_seconds=SILENCE_SECONDS, environ=ENVIRON)


def read_progress(line: str) -> str | None:
    """What to show for a line of apt-get's, None for nothing."""
    match = STATUS.match(line)
    return in_steps(WORDS[match[1]], float(match[2])) if match else None
