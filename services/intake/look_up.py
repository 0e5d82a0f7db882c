"""What intake's commands and events name beside their own entity, looked up in its stream."""

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import replace

from services.intake import enrolment, person, programme
from services.intake.enrolment import Enrolment
from services.intake.enrolment_commands import (
    EnrolParticipant,
    ReferParticipant,
    TransferParticipant,
)
from services.intake.events import (
    VOCABULARY,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
)
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, fold, in_force
from services.intake.known import Known, OtherEnrolment
from shared import claim
from shared.clock import copenhagen_day, now
from shared.correction.effective import effective
from shared.errors import InvalidField
from shared.event_store import EventStore
from shared.fact_days import first_day_of
from shared.handling import folded
from shared.subjects import subject_of


async def definition_for(store: EventStore, said: Struct, key: str, fresh: bool) -> Definition:
    """The programme's definition by which a command or an event of it is checked."""
    history, _ = await folded(store, programme, key, fresh)
    holding = effective(history.records, store.vocabulary)
    facts = [fact for fact in fold(key, holding) if isinstance(fact, DefinitionFact)]
    definition = in_force(facts, first_day_of(said, copenhagen_day(now())))
    if definition is None:
        raise InvalidField("$.programme", "no such programme is open")
    return definition


async def known_of(store: EventStore, said: Struct, state: Enrolment, fresh: bool) -> Known:
    """What is known of an enrolment's programme, person and, where one is named, other enrolment."""
    known = Known(definition=await definition_for(store, said, state.programme, fresh))
    person_ref, other = state.person_ref, None
    # No claim of this enrolment is on the seats of the person's other records.
    asks_seats = isinstance(said, EnrolParticipant)
    fresh = fresh or asks_seats
    match said:
        case ReferParticipant() | ParticipantReferred():
            pass
        case EnrolParticipant() | ParticipantEnrolled():
            other = said.previous_enrolment
        case TransferParticipant() | ParticipantTransferred():
            other = said.linked_enrolment
        case _:
            return known
    survivor = await survivor_of(store, person_ref, fresh)
    _, who = await folded(store, person, survivor, fresh)
    return replace(
        known,
        person=who.standing,
        merged_into=None if survivor == person_ref else survivor,
        seated_as=await seated_as(store, state, who.aliases) if asks_seats else None,
        other=None if other is None else await other_enrolment(store, other, fresh),
    )


async def survivor_of(store: EventStore, person_ref: str, fresh: bool) -> str:
    """The record that the person's was merged into; itself if it was not."""
    return await _holder(store, "alias", person_ref, fresh) or person_ref


async def seated_as(store: EventStore, state: Enrolment, aliases: Collection[str]) -> str | None:
    """The record that held a seat in the enrolment's programme and site before it was merged."""
    for alias in sorted(aliases):
        if await _holder(store, "seat", enrolment.seat(state, alias), fresh=True):
            return alias
    return None


async def _holder(store: EventStore, name: str, key: str, fresh: bool) -> str | None:
    subject = subject_of(VOCABULARY.service, name, key)
    history = await store.load(subject, await store.last_position(subject) if fresh else None)
    return claim.holder_of(record.event for record in history.records)


async def other_enrolment(store: EventStore, named: str, fresh: bool) -> OtherEnrolment | None:
    """The enrolment of that name; None if nobody was referred by it."""
    _, state = await folded(store, enrolment, named, fresh)
    if not state.programme:
        return None
    return OtherEnrolment(state.programme, await survivor_of(store, state.person_ref, fresh))
