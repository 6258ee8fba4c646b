"""The drain's decisions as data: which page is requested after which answer, and where the cursor may go."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import GitHubError
from reconciler.github.drain import EPOCH, Drain, ListAnswer, PageRequest, SeenRows, subtract_duration
from reconciler.github.lists import anchor_after, state_after_drain, state_after_probe
from reconciler.github.translate import ListRow
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import ListState
from reconciler.model.snapshot import PoisonedItem

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = Fingerprint("a token")
OVERLAP = timedelta(seconds=120)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def row(number: int, second: float, text: str = "") -> ListRow[str]:
    return ListRow(id=number, at=at(second), value=text)


def sheet(*rows: ListRow[str], more: str | None = None, date: float | None = 1_000) -> ListAnswer[str]:
    return ListAnswer(
        rows=rows, next=more, date=None if date is None else at(date), etag='W/"1"', token=TOKEN
    )  # fmt: skip


def ids(rows: tuple[ListRow[str], ...]) -> list[int | None]:
    return [row.id for row in rows]


def test_the_first_request_is_for_the_first_page_since_the_start() -> None:
    assert Drain[str](at(0)).next_request() == PageRequest(since=at(0))


def test_a_page_without_a_next_ends_the_drain_and_covers_up_to_its_date() -> None:
    drain = Drain[str](at(0))
    step = drain.process_answer(sheet(row(1, 10), row(2, 20), date=500))
    assert (ids(step.rows), step.cursor, drain.next_request(), drain.covered) == (
        [1, 2],
        at(19),
        None,
        at(500),
    )


def test_an_empty_list_ends_the_drain_where_it_was() -> None:
    drain = Drain[str](at(0))
    step = drain.process_answer(sheet())
    assert (step.rows, step.cursor, drain.next_request(), drain.newest) == ((), None, None, at(0))


def test_the_next_page_begins_a_second_before_the_last_row() -> None:
    drain = Drain[str](at(0))
    assert drain.process_answer(sheet(row(1, 10), row(2, 20), more="p2")).cursor == at(19)
    assert drain.next_request() == PageRequest(since=at(19))


def test_known_rows_are_left_out_and_changed_ones_are_not() -> None:
    drain = Drain[str](at(0))
    drain.process_answer(sheet(row(1, 10), row(2, 20, "a"), more="p2"))
    assert ids(drain.process_answer(sheet(row(2, 20, "a"), row(3, 21))).rows) == [3]
    again = Drain[str](at(0))
    again.process_answer(sheet(row(1, 10), row(2, 20, "a"), more="p2"))
    assert ids(again.process_answer(sheet(row(2, 20, "b"), row(3, 21))).rows) == [2, 3]


def test_the_drain_ends_at_the_date_of_its_first_answer() -> None:
    drain = Drain[str](at(0))
    drain.process_answer(sheet(row(1, 10), row(2, 20), more="p2", date=30))
    step = drain.process_answer(sheet(row(3, 25), row(4, 31), more="p2", date=60))
    assert (ids(step.rows), drain.next_request(), drain.covered) == ([3, 4], None, at(30))
    assert step.cursor == at(29)  # the second of the first Date belongs to the next pass


def test_a_window_of_more_than_a_page_is_scanned_by_links() -> None:
    drain = Drain[str](at(9))
    assert drain.process_answer(sheet(row(1, 10), row(2, 10), more="p2")).cursor is None
    assert drain.next_request() == PageRequest(since=at(9), link="p2")


def window(drain: Drain[str], *, last: ListRow[str]) -> datetime | None:
    """Scan three pages once; return the cursor afterwards."""
    first = drain.process_answer(sheet(row(1, 10), row(2, 10), more="p2"))
    second = drain.process_answer(sheet(row(3, 10), row(4, 10), more="p3"))
    third = drain.process_answer(sheet(last, row(6, 40), more="p4"))
    assert (first.cursor, second.cursor) == (None, None)
    return third.cursor


def test_a_window_is_passed_only_after_a_scan_without_unseen_rows() -> None:
    drain = Drain[str](at(9))
    assert window(drain, last=row(5, 10)) is None
    assert drain.next_request() == PageRequest(since=at(9))  # again, from the first page
    assert window(drain, last=row(5, 10)) == at(10)
    assert drain.next_request() == PageRequest(since=at(10))


def test_an_unseen_row_in_the_second_scan_causes_a_third() -> None:
    drain = Drain[str](at(9))
    assert window(drain, last=row(5, 10)) is None
    assert window(drain, last=row(7, 10)) is None
    assert window(drain, last=row(7, 10)) == at(10)


def test_new_rows_beyond_the_window_do_not_prolong_the_scan() -> None:
    drain = Drain[str](at(9))
    assert window(drain, last=row(5, 10)) is None
    assert window(drain, last=row(8, 11)) == at(10)


def test_a_window_that_reaches_into_the_second_of_the_first_date_ends_the_drain() -> None:
    drain = Drain[str](at(9))
    drain.process_answer(sheet(row(1, 9), row(2, 9), more="p2", date=10))
    drain.process_answer(sheet(row(3, 9), row(4, 9), date=10))
    drain.process_answer(sheet(row(1, 9), row(2, 9), more="p2", date=10))
    step = drain.process_answer(sheet(row(3, 9), row(4, 9), date=10))
    assert (step.cursor, drain.next_request(), drain.covered) == (None, None, at(10))


def test_links_that_lead_in_circles_are_an_error() -> None:
    drain = Drain[str](at(9))
    drain.process_answer(sheet(row(1, 10), more="p2"))
    with pytest.raises(GitHubError, match="circles"):
        drain.process_answer(sheet(row(1, 10), more="p2"))


def test_a_page_on_which_no_row_has_a_time_is_an_error_when_it_goes_on() -> None:
    bad: ListRow[str] = ListRow(id=None, at=None, problem=PoisonedItem(what="an issue", reason="unreadable"))
    with pytest.raises(GitHubError, match="updated"):
        Drain[str](at(0)).process_answer(sheet(bad, more="p2"))


def test_a_row_that_can_t_be_read_does_not_stop_the_page() -> None:
    bad: ListRow[str] = ListRow(id=7, at=None, problem=PoisonedItem(what="issue #7", reason="unreadable"))
    drain = Drain[str](at(0))
    step = drain.process_answer(sheet(row(1, 10), bad, more="p2"))
    assert (ids(step.rows), step.cursor) == ([1, 7], at(9))


def test_without_dates_a_drain_goes_on_to_the_last_page_and_covers_nothing() -> None:
    drain = Drain[str](at(0))
    drain.process_answer(sheet(row(1, 10), row(2, 20), more="p2", date=None))
    drain.process_answer(sheet(row(3, 30), date=None))
    assert (drain.next_request(), drain.covered, drain.newest) == (None, None, at(30))


def test_rows_that_cannot_appear_again_are_forgotten() -> None:
    known: SeenRows[str] = SeenRows()
    known.take_new([row(1, 10), row(2, 20)])
    known.forget_before(before=at(15))
    assert ids(known.take_new([row(1, 10), row(2, 20)])) == [1]


def test_no_time_is_earlier_than_the_epoch() -> None:
    assert subtract_duration(datetime(1, 1, 1, tzinfo=UTC), OVERLAP) == EPOCH


def test_half_a_page_of_changes_leaves_the_anchor_and_keeps_the_etag() -> None:
    few = sheet(*(row(n, 500) for n in range(50)))
    assert state_after_probe(at(0), few, OVERLAP) == ListState(
        anchor=at(0), etag='W/"1"', etag_credential=TOKEN
    )


def test_more_than_half_a_page_moves_the_anchor_and_drops_the_etag_of_the_old_address() -> None:
    many = sheet(*(row(n, 500) for n in range(51)))
    assert state_after_probe(at(0), many, OVERLAP) == ListState(anchor=at(380))


def test_an_anchor_that_can_t_move_keeps_its_etag() -> None:
    many = sheet(*(row(n, 500) for n in range(51)))
    assert state_after_probe(at(380), many, OVERLAP).etag == 'W/"1"'


def test_a_row_from_the_future_does_not_move_the_anchor_beyond_github_s_clock() -> None:
    assert anchor_after(at(0), at(9_999_999), at(1_000), OVERLAP) == at(880)


def test_the_anchor_never_goes_back() -> None:
    assert anchor_after(at(700), at(710), at(720), OVERLAP) == at(700)


@pytest.mark.parametrize(
    ("last", "covered", "more", "trusted"),
    [
        (10, 12, "p2", True),
        (10, 11, "p2", False),
        (10, 10, "p2", False),
        (10, None, "p2", False),
        (10, 10, None, True),
    ],
)
def test_a_full_probe_after_a_drain_is_trusted_only_if_it_overlaps_the_drain(
    last: float, covered: float | None, more: str | None, trusted: bool
) -> None:
    answer = sheet(row(1, 30), row(2, last), more=more)
    state = state_after_drain(at(0), answer, None if covered is None else at(covered))
    assert (state.etag is not None) is trusted


def test_an_answer_without_an_etag_leaves_none() -> None:
    answer: ListAnswer[str] = ListAnswer(rows=(), next=None, date=None, etag=None, token=TOKEN)
    assert state_after_probe(at(0), answer, OVERLAP) == ListState(anchor=at(0))
