"""Read models follow corrections, and what they said before stays what was known then."""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from services.intake import person
from services.intake.events import PersonRegistered
from services.intake.person import PersonCommand
from shared.correction.effective import effective
from shared.desk import Desk
from shared.envelope import Recorded
from shared.event_store import EventStore
from shared.facts import Fact
from shared.handling import Handler, Handling, by_command, nothing
from shared.projection import Plan
from tests.contracts.casework import Send, new, sent, to
from tests.contracts.reading import projected, rows, running


class BornFact(Fact, frozen=True, kw_only=True):
    """When a person was born, and the day of the registration, by the recorded envelope."""

    person: str
    birth_year: int | None
    event_id: str


def fold(person_ref: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    for record in history:
        match record.event:
            case PersonRegistered(birth_year=year):
                yield BornFact(person=person_ref, birth_year=year, event_id=record.envelope.id)


def plan_of(store: EventStore) -> Plan:
    vocabulary = store.vocabulary
    return Plan(
        name="born",
        version=1,
        vocabularies=(vocabulary,),
        facts=(BornFact,),
        folds={(vocabulary.service, "person"): fold},
    )


async def corrected_history(send: Send, service: str, who: str) -> tuple[list[int], str]:
    """Registered 1980, corrected to 1981, retracted, brought back: the positions, and the event."""
    about = {"subject": f"{service}.person.{who}", "reason": "typo"}
    data = {"person_ref": who, "birth_year": 1981}
    one = await sent(send, new("RegisterPerson", person_ref=who, birth_year=1980))
    event_id = (one.events or [])[0].id
    two = await sent(send, new("CorrectEvent", **about, event_id=event_id, data=data))
    three = await sent(send, new("RetractEvent", **about, event_id=event_id))
    retracted = (three.events or [])[0].id
    four = await sent(send, new("RetractEvent", **about, event_id=retracted))
    return [reply.position or 0 for reply in (one, two, three, four)], event_id


async def test_the_facts_follow_and_an_old_position_has_the_old_ones(
    own_store: EventStore,
) -> None:
    service, stream = own_store.vocabulary.service, own_store.stream
    handlings = by_command(Handling(person, nothing), PersonCommand)
    send = to(Desk(service, Handler(own_store, b"a secret"), handlings))
    plan = plan_of(own_store)
    who, bystander = str(uuid4()), str(uuid4())
    async with projected(plan) as live, running(live, own_store.bus):
        positions, event_id = await corrected_history(send, service, who)
        last = await sent(send, new("RegisterPerson", person_ref=bystander, birth_year=1950))
        assert last.position is not None
        assert await live.reached(stream, last.position, 20)
        lived = await rows(live)

        async with projected(plan) as rebuilt, running(rebuilt, own_store.bus):
            assert await rebuilt.reached(stream, last.position, 20)
            assert await rows(rebuilt) == lived

        async with live.reading() as db:
            table = live.tables[BornFact]
            known = [await table.effective(db, at, person=who) for at in positions]
    old = BornFact(person=who, birth_year=1980, event_id=event_id)
    new_one = BornFact(person=who, birth_year=1981, event_id=event_id)
    assert known == [[old], [new_one], [], [new_one]]


async def test_facts_at_a_position_are_those_of_a_fold_of_what_was_effective_then(
    own_store: EventStore,
) -> None:
    service = own_store.vocabulary.service
    handlings = by_command(Handling(person, nothing), PersonCommand)
    send = to(Desk(service, Handler(own_store, b"a secret"), handlings))
    who = str(uuid4())
    positions, _ = await corrected_history(send, service, who)
    history = await own_store.load(f"{service}.person.{who}", positions[-1])
    async with projected(plan_of(own_store)) as projection:
        await projection.apply(own_store.stream, history.records)
        async with projection.reading() as db:
            for count, position in enumerate(positions, start=1):
                then = effective(history.records[:count], own_store.vocabulary)
                known = await projection.tables[BornFact].effective(db, position)
                assert known == list(fold(who, then))
