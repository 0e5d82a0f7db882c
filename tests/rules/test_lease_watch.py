"""Who stands by measures a holder's silence on its own watch, and takes over for good reasons only."""

from msgspec.structs import replace

from shared.generation_control import GenerationRow
from shared.lease import Watch

LEASE_SECONDS = 5.0
STALL_SECONDS = 30.0
FREE = GenerationRow(
    projection="p", generation=1, version=1, state="live", begun_at="", holder="", token=4, beat=9
)
HELD = replace(FREE, holder="somebody", token=5, beat=10)


class Clock:
    """Goes on when it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def looks(
    watch: Watch, clock: Clock, row: GenerationRow, seconds: float, *, stands_still: bool = False
) -> bool:
    """Look ten times a second for so long; whether it may be taken at the end."""
    for _ in range(round(seconds * 10)):
        watch.may_take(row, stands_still=stands_still)
        clock.now += 0.1
    return watch.may_take(row, stands_still=stands_still)


def standing_by() -> tuple[Watch, Clock]:
    clock = Clock()
    return Watch(LEASE_SECONDS, stall=STALL_SECONDS, clock=clock), clock


def test_what_nobody_holds_is_taken_at_once() -> None:
    watch, _ = standing_by()
    assert watch.may_take(FREE)
    assert not watch.may_take(HELD)


def test_a_silent_holder_is_replaced_after_the_lease() -> None:
    watch, clock = standing_by()
    assert not looks(watch, clock, HELD, LEASE_SECONDS - 0.5)
    assert looks(watch, clock, HELD, 0.6)


def test_a_holder_that_gives_signs_keeps_it_for_ever() -> None:
    watch, clock = standing_by()
    for beat in range(100):
        assert not looks(watch, clock, replace(HELD, beat=beat), LEASE_SECONDS - 0.5)


def test_who_was_paused_itself_knows_nothing_of_the_others_silence() -> None:
    watch, clock = standing_by()
    assert not looks(watch, clock, HELD, 1)
    clock.now += 3600
    assert not watch.may_take(HELD)
    assert looks(watch, clock, HELD, LEASE_SECONDS)


def test_a_file_is_taken_over_at_the_start_and_never_again() -> None:
    clock = Clock()
    watch = Watch(LEASE_SECONDS, first=0.0, clock=clock)
    assert watch.may_take(HELD)
    another = replace(HELD, holder="another", token=6)
    assert not looks(watch, clock, another, LEASE_SECONDS - 0.5)


def test_a_holder_that_stands_still_is_replaced_if_it_had_its_time() -> None:
    watch, clock = standing_by()
    for beat in range(29):
        assert not looks(watch, clock, replace(HELD, beat=beat), 1, stands_still=True)
    assert looks(watch, clock, replace(HELD, beat=30), 1.2, stands_still=True)
    next_one = replace(HELD, holder="another", token=6, beat=31)
    assert not looks(watch, clock, next_one, 1, stands_still=True)
