"""How far behind a projection is, for how long, and when it stands still."""

from hypothesis import given
from hypothesis import strategies as st

from shared.progress import Progress

STALL_SECONDS = 30.0


class Watch:
    """A clock that goes on when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def started() -> tuple[Progress, Watch]:
    watch = Watch()
    return Progress(10, watch), watch


def test_who_has_everything_is_not_behind_however_long_nothing_comes() -> None:
    progress, watch = started()
    watch.now += 3600
    assert (progress.lag, progress.lag_seconds, progress.stalled(STALL_SECONDS)) == (0, 0.0, False)


def test_events_that_nobody_folds_wait_from_when_they_were_seen() -> None:
    progress, watch = started()
    watch.now += 3600
    progress.saw(12)
    watch.now += 29
    assert (progress.lag, progress.lag_seconds, progress.stalled(STALL_SECONDS)) == (2, 29.0, False)
    watch.now += 1
    assert progress.stalled(STALL_SECONDS)


def test_who_goes_on_is_behind_but_does_not_stand_still() -> None:
    progress, watch = started()
    progress.saw(10_000)
    for position in range(11, 200):
        watch.now += 20
        progress.moved(position)
        assert not progress.stalled(STALL_SECONDS)
    assert progress.lag_seconds == 189 * 20


def test_who_has_caught_up_is_behind_no_more() -> None:
    progress, watch = started()
    progress.saw(12)
    watch.now += 60
    progress.moved(12)
    assert (progress.lag, progress.lag_seconds, progress.stalled(STALL_SECONDS)) == (0, 0.0, False)
    progress.saw(13)
    assert progress.lag_seconds == 0.0
    assert not progress.stalled(STALL_SECONDS)


def test_what_came_later_waits_from_when_it_came() -> None:
    progress, watch = started()
    progress.saw(12)
    watch.now += 60
    progress.saw(20)
    watch.now += 5
    progress.moved(12)
    assert progress.lag_seconds == 5.0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("saw"), st.integers(0, 9)),
            st.tuples(st.just("moved"), st.integers(0, 9)),
            st.tuples(st.just("later"), st.integers(0, 40)),
        )
    )
)
def test_lag_and_waiting_go_together(steps: list[tuple[str, int]]) -> None:
    progress, watch = started()
    last = position = 10
    for what, by in steps:
        match what:
            case "saw":
                last += by
                progress.saw(last)
            case "moved":
                position = min(last, position + by)
                progress.moved(position)
            case _:
                watch.now += by
        assert progress.lag == last - position
        assert 0 <= progress.lag_seconds <= watch.now - 1000
        assert progress.lag or not progress.lag_seconds
        assert progress.lag or not progress.stalled(0.0)
