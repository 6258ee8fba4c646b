"""The results of a soak run, as plain data."""

from dataclasses import dataclass, field

from bench.soak.figures import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakOptions:
    """Size and duration of a run, and the settings that are not the program's defaults."""

    minutes: float = 5.0
    projects: int = 200
    links: int = 5  # of each project
    hooked: float = 0.5  # share of the projects with webhooks
    edits_per_second: float = 4.0
    interval: float = 30.0  # poll.interval_seconds
    settle: float = 10.0  # write.settle_seconds
    pace: float = 1.0  # write.min_interval_seconds
    trouble_every: float = 20.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLatency:
    """Time from edits on one side until they were visible on the other. Seconds."""

    name: str
    all: Spread
    calm: Spread  # without edits close to a fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The resident memory of the first daemon, which runs all the time, in MiB."""

    first: float
    last: float
    most: float
    half_seconds: float  # of the second half
    per_hour: float  # slope of the regression line through the second half
    grown: float  # growth in the second half, by that line
    allowed: float
    samples: list[tuple[float, float]] = field(default_factory=list)  # (seconds since the start, MiB)

    @property
    def is_flat(self) -> bool:
        return self.grown <= self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakResult:
    """All results, with date and machine."""

    at: str
    machine: str
    wanted: SoakOptions
    edits: int
    ways: list[EditLatency]
    memory: Memory
    requests: dict[str, int]  # count by status; "0": no answer
    writes: int
    cpu_share: float  # of one core, used by the first daemon
    troubles: list[str]
    settled: float  # seconds from the last fault until both sides were equal
    apart: list[str]  # differences at the end
    explanations: list[str]  # output of `reconcile why` for the first of those reports

    @property
    def is_good(self) -> bool:
        return not self.apart and self.memory.is_flat
