"""The results of a run as Markdown tables that are also readable in a terminal."""

from collections.abc import Iterator, Sequence

from bench.results import Bulk, Idle, Pages, Run, Webhooks

IDLE = (
    "database", "links", "requests", "304s", "cost", "rows", "pass ms", "pass CPU ms", "first pass ms",
    "command ms", "command CPU ms", "peak MiB",
)  # fmt: skip
BULK = (
    "database", "what", "objects", "requests", "s", "objects/s", "CPU s", "GitHub reads s", "deciding s",
    "DB reads s", "DB writes s", "sending s", "peak MiB",
)  # fmt: skip
WEBHOOKS = (
    "webhooks", "projects", "GitHub requests/s", "daemon CPU", "202 p50 ms", "p99",
    "changed p50 ms", "p95", "p99", "most", "over 1 s", "lost",
)  # fmt: skip
PAGES = ("database", "links", "projects", "page", "p50 ms", "p95", "most", "CPU ms")


def text(run: Run) -> str:
    """Return all tables of a run."""
    lines = [f"{run.at}, {run.machine}", *_table(IDLE, [_idle(result) for result in run.idle])]
    lines += ["", *_ratios(run.idle), "", *_table(BULK, [_bulk(result) for result in run.bulk])]
    lines += ["", *_table(WEBHOOKS, [_webhooks(result) for result in run.webhooks])]
    lines += ["", *_table(PAGES, [_pages(result) for result in run.pages])]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    yield _line(head, widths)
    yield "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"
    for row in rows:
        yield _line(row, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f" {cell:>{width}} " for cell, width in zip(cells, widths, strict=True))
    return "|" + "|".join(padded) + "|"


def _idle(row: Idle) -> Sequence[str]:
    return (
        row.database, f"{row.links:,}", str(row.requests), str(row.not_modified), str(row.cost),
        str(row.rows_written), _ms(row.pass_wall), _ms(row.pass_cpu), _ms(row.first_pass_wall),
        _ms(row.command_wall), _ms(row.command_cpu), f"{row.command_peak_mib:.0f}",
    )  # fmt: skip


def _bulk(row: Bulk) -> Sequence[str]:
    return (
        row.database, row.kind, f"{row.objects:,}", f"{row.requests:,}", f"{row.wall:.1f}",
        f"{row.per_second:,.0f}", f"{row.cpu:.1f}", f"{row.reading:.1f}", f"{row.deciding:.1f}",
        f"{row.looking_up:.1f}", f"{row.storing:.1f}", f"{row.sending:.1f}", f"{row.peak_mib:.0f}",
    )  # fmt: skip


def _webhooks(row: Webhooks) -> Sequence[str]:
    answered, changed = row.answered, row.changed
    return (
        f"{changed.count:,}", f"{row.projects:,}", f"{row.requests_per_second:.1f}", f"{row.cpu_share:.0%}",
        _ms(answered.p50), _ms(answered.p99), _ms(changed.p50), _ms(changed.p95), _ms(changed.p99),
        _ms(changed.most), str(row.late), str(row.lost),
    )  # fmt: skip


def _pages(row: Pages) -> Sequence[str]:
    return (
        row.database, f"{row.links:,}", f"{row.projects:,}", row.page, _ms(row.answered.p50),
        _ms(row.answered.p95), _ms(row.answered.most), _ms(row.cpu),
    )  # fmt: skip


def _ratios(idle: Sequence[Idle]) -> Iterator[str]:
    """Yield how times and memory grow from the smallest to the largest number of links."""
    for database in dict.fromkeys(result.database for result in idle):
        by_links = sorted((i for i in idle if i.database == database), key=lambda result: result.links)
        least, most = by_links[0], by_links[-1]
        yield (
            f"{database}: {most.links:,} links against {least.links:,}: pass wall"
            f" ×{most.pass_wall / least.pass_wall:.1f}, command wall"
            f" ×{most.command_wall / least.command_wall:.1f},"
            f" peak memory ×{most.command_peak_mib / least.command_peak_mib:.2f}"
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"
