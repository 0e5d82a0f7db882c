"""What tests of parking need: persons whose fold fails at certain data, and what operators did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import PersonRegistered, ResidenceChanged
from shared.envelope import Envelope, Event, Recorded, Vocabulary, encode
from shared.facts import Fact
from shared.operations.events import VOCABULARY as OPERATIONS
from shared.operations.events import EventDiscarded, ParkedEntityRetried
from shared.plan import Plan
from shared.projection import Projection
from tests.contracts.reading import NOW, envelope

POISON = "poison"
WOULD_NOT_FIT = "too_large"


class ImpossibleArea(Exception):
    """What the fold of these tests fails with."""


class HomeFact(Fact, frozen=True, kw_only=True):
    """Where a person lives, and since when; the number is one that a table must hold."""

    person_ref: str
    area: str
    moves: int


_mended: list[bool] = []


@contextmanager
def mended() -> Iterator[None]:
    """The fold's defect is mended for as long as the block runs."""
    _mended.append(True)
    try:
        yield
    finally:
        _mended.pop()


def fold(person_ref: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """One fact; it fails at an area that it has not been taught."""
    area, moves = "", 0
    for record in history:
        match record.event:
            case ResidenceChanged(area=name):
                if name == POISON and not _mended:
                    raise ImpossibleArea
                area, moves = name or "", moves + 1
                if name == WOULD_NOT_FIT:
                    moves = 2**70
    if history:
        yield HomeFact(person_ref=person_ref, area=area, moves=moves)


PLAN = Plan(
    name="homes",
    version=1,
    vocabularies=(INTAKE,),
    facts=(HomeFact,),
    folds={("intake", "person"): fold},
)


def person(n: int, *areas: str) -> list[tuple[str, Event]]:
    """A person's subject with each event: registered, then one move after the other."""
    events: list[Event] = [PersonRegistered(person_ref=f"p{n}", birth_year=1980)]
    events += [ResidenceChanged(area=area, from_on=date(2022, 1, 1)) for area in areas]
    return [(f"p{n}", event) for event in events]


def in_turn(*lives: list[tuple[str, Event]]) -> list[Envelope]:
    """Everybody's first event, then everybody's second, and so on."""
    longest = max(len(life) for life in lives)
    steps = [life[n] for n in range(longest) for life in lives if n < len(life)]
    return [envelope(INTAKE, "person", ref, event, n) for n, (ref, event) in enumerate(steps)]


def recorded(envelopes: Iterable[Envelope], vocabulary: Vocabulary = INTAKE) -> list[Recorded]:
    """As if they stood at positions 1, 2, 3 …"""
    return [
        vocabulary.read(one.subject, position, NOW, encode(one))
        for position, one in enumerate(envelopes, start=1)
    ]


def subject(n: int) -> str:
    """The n-th person's."""
    return f"intake.person.p{n}"


def operation(event: Event, n: int = 0) -> Envelope:
    """What an operator did; `n` tells one from another."""
    return envelope(OPERATIONS, "parked", "some-entity", event, n)


def retried(person_number: int, n: int = 0) -> Envelope:
    """An operator had the person folded again."""
    return operation(ParkedEntityRetried(entity=subject(person_number), reason="mended"), n)


def discarded(record: Recorded, n: int = 0) -> Envelope:
    """An operator had an event left out."""
    event = EventDiscarded(
        entity=record.envelope.subject,
        position=record.position,
        event_id=record.envelope.id,
        event_type=record.envelope.type,
        reason="impossible",
    )
    return operation(event, n)


async def homes(projection: Projection) -> Mapping[str, str]:
    """By person, where they live by now."""
    async with projection.reading() as db:
        facts = await projection.tables[HomeFact].effective(db)
    return {fact.person_ref: fact.area for fact in facts}
