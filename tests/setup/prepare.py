"""`python -m tests.setup.prepare [--without PARTS] [-- ARGUMENTS OF PYTEST]`: install what the tests start.

What the machine has is taken as it is. What is missing is installed: Chromium by Playwright's own download,
else, as root with apt, by Debian's package; the React page's packages by npm; systemd, util-linux, pgbouncer
and PostgreSQL (where the wheel has none) by Debian's packages. What cannot be had is said at once, with the
command that helps. Exit status: 0 ready, 1 something is missing, 2 usage.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from tests.setup import apt, chromium, node_packages, parts
from tests.setup.needs import NEEDS, Missing, Need, find_missing, report


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make test", usage="make test [WITHOUT=PART,…] [ARGS='…']")
    parser.add_argument("--without", default="")
    parser.add_argument("pytest", nargs="*")
    given = parser.parse_args(arguments)
    try:
        left_out = parts.parse(given.without)
    except parts.UnknownPartError as error:
        parser.error(str(error))
    needs = select(left_out, given.pytest)
    missing = find_missing(needs)
    lost = [each for each in missing if not may_be_installed(each.need)]
    if missing and not lost:
        install(missing)
        lost = find_missing(needs)
    if lost:
        print("\n".join(report(lost)), file=sys.stderr)
        return 1
    if needs:
        print(f"ready: {', '.join(need.name for need in needs)}", flush=True)
    if not left_out and not given.pytest:
        print("running the whole suite, about fifteen minutes on two cores", flush=True)
    return 0


def select(left_out: Sequence[str], arguments: Sequence[str]) -> list[Need]:
    """What the tests start that a run with these arguments of pytest may select."""
    chosen = [part for part in parts.PARTS if part not in left_out and parts.is_selected(part, arguments)]
    return [need for need in NEEDS if need.part in chosen]


def may_be_installed(need: Need) -> bool:
    """Whether it is worth trying."""
    return need.name in ("Chromium", "npm packages") or ("Debian" in need.packages and has_apt())


def has_apt() -> bool:
    """Whether Debian's packages can be installed by this process."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(missing: Sequence[Missing]) -> None:
    """Try to install what is missing; print what is done and what failed."""
    names = {each.need.name for each in missing}
    if "Chromium" in names and "Playwright" not in names:
        print("Chromium is missing: downloading Playwright's (170 MB, about a minute)", flush=True)
        if failure := chromium.download():
            print(f"  {failure}", flush=True)
        missing = find_missing(each.need for each in missing)
    packages = [each.need.packages["Debian"] for each in missing if "Debian" in each.need.packages]
    if packages and has_apt():
        print(f"installing with apt-get: {', '.join(packages)} (one to three minutes)", flush=True)
        if failure := apt.install(packages):
            print(f"  {failure}", flush=True)
    if "npm packages" in names:  # last: Node may need a library of a system package
        print("installing the packages of the React page with npm (40 MB)", flush=True)
        if failure := node_packages.install():
            print(f"  {failure}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
