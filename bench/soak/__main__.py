"""`python -m bench.soak`: run, print a summary, write JSON."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from bench.processes import ROOT, BrokenError
from bench.soak import report
from bench.soak.results import SoakOptions
from bench.soak.run import soak

LATEST = ROOT / "bench" / "results" / "soak.json"


def main(arguments: list[str] | None = None) -> int:
    """Run and return the exit status: 1 when the sides differ in the end, memory grew, or a daemon failed."""
    arguments_by_name = vars(_parser().parse_args(arguments))
    path: Path = arguments_by_name.pop("json")
    options = replace(
        SoakOptions(), **{name: value for name, value in arguments_by_name.items() if value is not None}
    )
    try:
        result = soak(options, lambda line: print(line, file=sys.stderr, flush=True))
    except BrokenError as error:
        print(error, file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    print(report.text(result))
    print(f"\nwritten to {path}", file=sys.stderr)
    return 0 if result.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, help="duration of edits and faults")
    parser.add_argument("--projects", type=int)
    parser.add_argument("--links", type=int, help="of each project")
    parser.add_argument("--edits-per-second", type=float, help="on both sides together")
    parser.add_argument("--interval", type=float, help="poll.interval_seconds")
    parser.add_argument("--settle", type=float, help="write.settle_seconds")
    parser.add_argument("--pace", type=float, help="write.min_interval_seconds")
    parser.add_argument("--trouble-every", type=float, help="seconds between two faults")
    parser.add_argument("--seed", type=int, help="of the random generator")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())
