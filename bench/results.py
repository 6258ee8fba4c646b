"""What a run found, as plain data."""

from dataclasses import dataclass, field

from bench.soak.figures import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    idle: tuple[int, ...] = (100, 10_000, 100_000)  # linked issues
    incoming: int = 10_000  # changed issues, each with one new comment
    outgoing: int = 1_000  # comments
    polled: int = 500  # projects, while webhooks come
    deliveries: int = 200  # webhooks, half of them of comments
    paged: int = 100_000  # linked issues of the projects whose pages are asked for
    shared: int = 500  # projects that share them; they are asked for as one project's, too
    repeats: int = 5  # of what is cheap to repeat; the median counts
    bursts: bool = True  # the same changes within one second, too


QUICK = Sizes(
    idle=(20,), incoming=120, outgoing=10, polled=4, deliveries=4, paged=60, shared=3, repeats=1, bursts=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A pass over links at peace. Seconds; memory in MiB."""

    database: str
    links: int
    requests: int
    not_modified: int
    cost: int
    rows_written: int
    pass_wall: float  # in a process that has made a pass before, as the daemon has
    pass_cpu: float
    first_pass_wall: float  # in a new process, as the command reports it
    command_wall: float
    command_cpu: float
    command_peak_mib: float
    spent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A pass with much to do."""

    database: str
    kind: str
    objects: int
    requests: int
    wall: float
    cpu: float
    peak_mib: float
    per_second: float
    reading: float = 0.0  # seconds in GitHub's lists: requests, decoding
    deciding: float = 0.0  # seconds in our own code between the doorways
    looking_up: float = 0.0  # seconds in database reads
    storing: float = 0.0  # seconds in transactions
    sending: float = 0.0  # seconds in writing requests
    spent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Deliveries to a daemon that polls many projects on PostgreSQL, beside a GitHub that takes its time.
    Seconds from the first byte sent.
    """

    projects: int
    answered: Spread
    changed: Spread  # until the report is changed, or has the comment
    late: int = 0  # of those, after more than a second
    lost: int = 0  # not seen at all
    requests_per_second: float  # to GitHub, in the meantime
    cpu_share: float  # of one core, by the daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One page of the dashboard, or an answer of the API, of the running daemon. Seconds."""

    database: str
    links: int
    projects: int
    page: str
    answered: Spread
    cpu: float  # of the daemon for each answer; on SQLite the database's, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything, and where it was measured."""

    at: str
    machine: str
    versions: dict[str, str]
    sizes: Sizes
    idle: list[Idle] = field(default_factory=list)
    bulk: list[Bulk] = field(default_factory=list)
    webhooks: list[Webhooks] = field(default_factory=list)
    pages: list[Pages] = field(default_factory=list)
