"""The sorted table behind the lists, compared with a plain list that is sorted at every read."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.demo.github.rows import Comment
from reconciler.demo.github.table import Table, Window

moments = st.integers(0, 5)
edits = st.lists(st.tuples(st.integers(1, 6), moments, st.booleans()), max_size=25)
windows = st.builds(
    Window,
    order=st.sampled_from(["created", "updated"]),
    descending=st.booleans(),
    since=st.none() | moments,
    after=st.none() | st.tuples(moments, st.integers(1, 6)),
    offset=st.integers(0, 4),
    limit=st.integers(1, 4),
)


def row(row_id: int, when: int) -> Comment:
    return Comment(id=row_id, issue=1, author=1, body="", created=when % 3, updated=when)


def plain(rows: list[Comment], window: Window) -> list[Comment]:
    def key(one: Comment) -> tuple[int, int]:
        return (one.created if window.order == "created" else one.updated, one.id)

    kept = [one for one in rows if window.since is None or one.updated >= window.since]
    if window.after is not None:
        after = window.after
        kept = [one for one in kept if (key(one) < after if window.descending else key(one) > after)]
    ordered = sorted(kept, key=key, reverse=window.descending)
    return ordered[window.offset : window.offset + window.limit]


def fill(table: Table[Comment], changes: list[tuple[int, int, bool]], start: float = 0) -> None:
    for step, (row_id, when, leave) in enumerate(changes):
        if leave and table.get(row_id) is not None:
            table.remove(row_id, start + step)
        else:
            table.put(row(row_id, when), start + step)


@given(edits, windows)
def test_a_window_is_what_sorting_everything_gives(
    changes: list[tuple[int, int, bool]], window: Window
) -> None:
    table: Table[Comment] = Table()
    fill(table, changes)
    assert table.select(window)[0] == plain(list(table), window)
    odd = [one for one in table if one.id % 2]
    assert table.select(window, lambda one: one.id % 2 == 1)[0] == plain(odd, window)


@given(edits, edits)
def test_the_past_is_what_it_was(
    before: list[tuple[int, int, bool]], after: list[tuple[int, int, bool]]
) -> None:
    table: Table[Comment] = Table()
    fill(table, before)
    then = {one.id: one for one in table}
    fill(table, after, start=1_000)
    assert {one.id: one for one in table.as_of(999)} == then


def test_loading_many_replaces_rows_of_the_same_id() -> None:
    table: Table[Comment] = Table()
    table.load([row(1, 1), row(2, 2)])
    table.load([replace(row(1, 5), body="new")])
    rows, total = table.select(Window(order="updated", limit=10))
    assert ([one.id for one in rows], total) == ([1, 2], 2)
