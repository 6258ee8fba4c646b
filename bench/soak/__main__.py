"""`python -m bench.soak`: soak, print an account, write JSON."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from bench.processes import ROOT, BrokenError
from bench.soak import account
from bench.soak.results import Wanted
from bench.soak.run import soak

LATEST = ROOT / "bench" / "results" / "soak.json"


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0; 1 when the sides are not equal in the end, memory grew, or a daemon broke a promise."""
    given = vars(_parser().parse_args(arguments))
    path: Path = given.pop("json")
    wanted = replace(Wanted(), **{name: value for name, value in given.items() if value is not None})
    try:
        found = soak(wanted, lambda line: print(line, file=sys.stderr, flush=True))
    except BrokenError as error:
        print(error, file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    print(account.text(found))
    print(f"\nwritten to {path}", file=sys.stderr)
    return 0 if found.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, help="of edits and troubles")
    parser.add_argument("--projects", type=int)
    parser.add_argument("--links", type=int, help="of each project")
    parser.add_argument("--edits-per-second", type=float, help="on both sides together")
    parser.add_argument("--interval", type=float, help="poll.interval_seconds")
    parser.add_argument("--settle", type=float, help="write.settle_seconds")
    parser.add_argument("--pace", type=float, help="write.min_interval_seconds")
    parser.add_argument("--trouble-every", type=float, help="seconds between two troubles")
    parser.add_argument("--seed", type=int, help="of the dice")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
