"""What the store remembers of entities: bounded, and never further back than what it kept before."""

from datetime import UTC, datetime

from msgspec import Raw

from services.intake.events import PersonRegistered
from shared.envelope import Envelope, Recorded
from shared.event_store import REMEMBERED, History, _Memory

AT = datetime(2026, 1, 1, tzinfo=UTC)


def history(subject: str, events: int) -> History:
    envelope = Envelope(
        id="i",
        source="/sluse/intake",
        type="PersonRegistered",
        subject=subject,
        time=AT,
        data=Raw(b"{}"),
        commandid="c",
        commanddigest="d",
        correlationid="c",
        causationid="c",
        actor="a",
    )
    event = PersonRegistered(person_ref="p")
    return History(
        subject,
        events,
        tuple(Recorded("INTAKE", n, AT, envelope, event) for n in range(1, events + 1)),
    )


def test_what_was_read_is_remembered_and_what_is_older_does_not_replace_it() -> None:
    memory = _Memory()
    memory.keep(history("a", 3))
    memory.keep(history("a", 2))
    assert memory.get("a").position == 3
    memory.keep(history("a", 4))
    assert memory.get("a").position == 4


def test_the_oldest_are_forgotten_when_there_are_too_many_events() -> None:
    memory = _Memory()
    large = REMEMBERED // 2
    for subject in ("a", "b"):
        memory.keep(history(subject, large))
    memory.keep(history("a", large))  # looked at again: now b is the oldest
    memory.keep(history("c", 1))
    assert memory.get("a").position == large
    assert memory.get("b").position == 0
    assert memory.get("c").position == 1


def test_entities_that_nobody_knows_are_not_remembered() -> None:
    memory = _Memory()
    memory.keep(History("unknown"))
    assert memory.get("unknown") == History("unknown")
    assert not memory._histories
