"""The results of a run, as plain data."""

from dataclasses import dataclass, field

from bench.soak.figures import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes of the measured work."""

    idle: tuple[int, ...] = (100, 10_000, 100_000)  # linked issues
    incoming: int = 10_000  # changed issues, each with one new comment
    outgoing: int = 1_000  # comments
    polled: int = 500  # projects, while webhooks arrive
    deliveries: int = 200  # webhooks, half of them of comments
    paged: int = 100_000  # linked issues of the projects whose pages are requested
    shared: int = 500  # projects that share these links; measured with one project too
    repeats: int = 5  # of cheap measurements; the median counts
    bursts: bool = True  # measure the same changes within one second too


QUICK = Sizes(
    idle=(20,), incoming=120, outgoing=10, polled=4, deliveries=4, paged=60, shared=3, repeats=1, bursts=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """An idle pass. Seconds; memory in MiB."""

    database: str
    links: int
    requests: int
    not_modified: int
    cost: int
    rows_written: int
    pass_wall: float  # in a process that has run a pass before, like the daemon
    pass_cpu: float
    first_pass_wall: float  # in a new process, as reported by the command
    command_wall: float
    command_cpu: float
    command_peak_mib: float
    spent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A pass with much work."""

    database: str
    kind: str
    objects: int
    requests: int
    wall: float
    cpu: float
    peak_mib: float
    per_second: float
    reading: float = 0.0  # seconds in GitHub's lists: requests, decoding
    deciding: float = 0.0  # seconds in the program's own code, without database and GitHub
    looking_up: float = 0.0  # seconds in database reads
    storing: float = 0.0  # seconds in transactions
    sending: float = 0.0  # seconds in writing requests
    spent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Webhook deliveries to a daemon that polls many projects on PostgreSQL, with a slow GitHub.
    Seconds from the first byte sent.
    """

    projects: int
    answered: Spread
    changed: Spread  # until the report is changed or has the comment
    late: int = 0  # number of those that took more than a second
    lost: int = 0  # number of changes that never arrived
    requests_per_second: float  # to GitHub, during the measurement
    cpu_share: float  # of one core, by the daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Response times of one page of the dashboard or one API address. Seconds."""

    database: str
    links: int
    projects: int
    page: str
    answered: Spread
    cpu: float  # of the daemon per response; with SQLite including the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All results, with date, machine and versions."""

    at: str
    machine: str
    versions: dict[str, str]
    sizes: Sizes
    idle: list[Idle] = field(default_factory=list)
    bulk: list[Bulk] = field(default_factory=list)
    webhooks: list[Webhooks] = field(default_factory=list)
    pages: list[Pages] = field(default_factory=list)
