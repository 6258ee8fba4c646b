"""A run as text for people: Markdown tables that also read well in a terminal."""

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
    """The whole run."""
    parts = [f"{run.at}, {run.machine}", *_table(IDLE, [_idle(each) for each in run.idle])]
    parts += ["", *_ratios(run.idle), "", *_table(BULK, [_bulk(each) for each in run.bulk])]
    parts += ["", *_table(WEBHOOKS, [_webhooks(each) for each in run.webhooks])]
    parts += ["", *_table(PAGES, [_pages(each) for each in run.pages])]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    yield _line(head, widths)
    yield "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"
    for row in rows:
        yield _line(row, widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f" {cell:>{width}} " for cell, width in zip(cells, widths, strict=True))
    return "|" + "|".join(padded) + "|"


def _idle(one: Idle) -> Sequence[str]:
    return (
        one.database, f"{one.links:,}", str(one.requests), str(one.not_modified), str(one.cost),
        str(one.rows_written), _ms(one.pass_wall), _ms(one.pass_cpu), _ms(one.first_pass_wall),
        _ms(one.command_wall), _ms(one.command_cpu), f"{one.command_peak_mib:.0f}",
    )  # fmt: skip


def _bulk(one: Bulk) -> Sequence[str]:
    return (
        one.database, one.kind, f"{one.objects:,}", f"{one.requests:,}", f"{one.wall:.1f}",
        f"{one.per_second:,.0f}", f"{one.cpu:.1f}", f"{one.reading:.1f}", f"{one.deciding:.1f}",
        f"{one.looking_up:.1f}", f"{one.storing:.1f}", f"{one.sending:.1f}", f"{one.peak_mib:.0f}",
    )  # fmt: skip


def _webhooks(one: Webhooks) -> Sequence[str]:
    answered, changed = one.answered, one.changed
    return (
        f"{changed.count:,}", f"{one.projects:,}", f"{one.requests_per_second:.1f}", f"{one.cpu_share:.0%}",
        _ms(answered.p50), _ms(answered.p99), _ms(changed.p50), _ms(changed.p95), _ms(changed.p99),
        _ms(changed.most), str(one.late), str(one.lost),
    )  # fmt: skip


def _pages(one: Pages) -> Sequence[str]:
    return (
        one.database, f"{one.links:,}", f"{one.projects:,}", one.page, _ms(one.answered.p50),
        _ms(one.answered.p95), _ms(one.answered.most), _ms(one.cpu),
    )  # fmt: skip


def _ratios(idle: Sequence[Idle]) -> Iterator[str]:
    """How little depends on the number of links."""
    for database in dict.fromkeys(each.database for each in idle):
        by_links = sorted((i for i in idle if i.database == database), key=lambda each: each.links)
        least, most = by_links[0], by_links[-1]
        yield (
            f"{database}: {most.links:,} links against {least.links:,}: pass wall"
            f" ×{most.pass_wall / least.pass_wall:.1f}, command wall"
            f" ×{most.command_wall / least.command_wall:.1f},"
            f" peak memory ×{most.command_peak_mib / least.command_peak_mib:.2f}"
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"
