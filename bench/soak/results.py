"""What a soak run found, as plain data."""

from dataclasses import dataclass, field

from bench.soak.figures import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How much, how long. Everything else is the program's default, except where `settings` says so."""

    minutes: float = 5.0
    projects: int = 200
    links: int = 5  # of each project
    hooked: float = 0.5  # so much of the projects have webhooks
    edits_per_second: float = 4.0
    interval: float = 30.0  # poll.interval_seconds
    settle: float = 10.0  # write.settle_seconds
    pace: float = 1.0  # write.min_interval_seconds
    trouble_every: float = 20.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Edits of one side, until they were seen on the other. Seconds."""

    name: str
    all: Spread
    calm: Spread  # those that no trouble had anything to do with


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The resident memory of the daemon that lived through all of it, in MiB."""

    first: float
    last: float
    most: float
    half_seconds: float  # of the second half
    per_hour: float  # the slope of the straight line through the second half
    grown: float  # what that line says of the second half
    allowed: float
    samples: list[tuple[float, float]] = field(default_factory=list)  # (seconds since the beginning, MiB)

    @property
    def is_flat(self) -> bool:
        return self.grown <= self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """Everything, and where it was measured."""

    at: str
    machine: str
    wanted: Wanted
    edits: int
    ways: list[Way]
    memory: Memory
    requests: dict[str, int]  # by status; "0": never answered
    writes: int
    cpu_share: float  # of one core, by the first daemon
    troubles: list[str]
    settled: float  # seconds from the last trouble to equality
    apart: list[str]  # what was different in the end
    stories: list[str]  # what the program itself tells of the first of those reports

    @property
    def is_good(self) -> bool:
        return not self.apart and self.memory.is_flat
