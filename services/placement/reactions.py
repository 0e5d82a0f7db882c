"""What placement does when intake's events arrive: a placement's person is the one of its enrolment."""

from collections.abc import Iterable

from faststream.nats import NatsBroker

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import PersonErased, PersonMergeReverted, PersonsMerged
from services.placement.enrolled import EnrolledFact, names_of, surviving
from services.placement.placed import PlacementFact
from services.placement.placement_commands import ChangePlacementPerson, ErasePlacementPerson
from shared import reaction
from shared.actors import own
from shared.correction.events import EventCorrected, EventRetracted
from shared.desk import Desk
from shared.envelope import Recorded
from shared.identifiers import derived_id
from shared.reaction import issue
from shared.subjects import entity_of
from shared.view import View

DURABLE = "placement-persons-v1"
ACTOR = own("placement")


def subscribe(broker: NatsBroker, view: View, desk: Desk) -> None:
    """React to what intake says of persons and enrolments; repeating it changes nothing."""

    async def react(record: Recorded) -> None:
        await follow(record, view, desk)

    reaction.subscribe(broker, INTAKE, "intake.*.*", DURABLE, react)


async def follow(record: Recorded, view: View, desk: Desk) -> None:
    """Bring the placements into line with what intake says of their persons.

    Not by what the event says, but by what holds by now: so it does not matter in which order the
    events arrive, nor how often, and a retracted merge needs no rule of its own.
    """
    entity, entity_id = entity_of(record.envelope.subject), record.envelope.subject.split(".")[2]
    match record.event:
        case PersonErased():
            await view.catch_up()
            await _erase(await _placements_of(view, entity_id), record, desk)
        case PersonsMerged() | PersonMergeReverted() | EventCorrected() | EventRetracted() if (
            entity == "person"
        ):
            await view.catch_up()
            survivor = await surviving(view, entity_id)
            await _change(await _placements_of(view, survivor), record, view, desk)
        case EventCorrected() | EventRetracted() if entity == "enrolment":
            await view.catch_up()
            await _change(await view.facts(PlacementFact, enrolment=entity_id), record, view, desk)


async def _placements_of(view: View, person_ref: str) -> list[PlacementFact]:
    """The placements of a person, under whichever name."""
    names = sorted(await names_of(view, person_ref))
    return [it for name in names for it in await view.facts(PlacementFact, person_ref=name)]


async def _change(
    placements: Iterable[PlacementFact], cause: Recorded, view: View, desk: Desk
) -> None:
    for it in placements:
        enrolled = await view.facts(EnrolledFact, enrolment=it.enrolment)
        person_ref = await surviving(view, enrolled[0].person_ref if enrolled else it.agreed_for)
        if person_ref != it.person_ref:
            command = ChangePlacementPerson(
                command_id=_command_id(cause, it.placement, person_ref),
                placement=it.placement,
                person_ref=person_ref,
            )
            await issue(desk, command, cause, ACTOR)


async def _erase(placements: Iterable[PlacementFact], cause: Recorded, desk: Desk) -> None:
    for it in placements:
        command = ErasePlacementPerson(
            command_id=_command_id(cause, it.placement, it.person_ref),
            placement=it.placement,
            person_ref=it.person_ref,
        )
        await issue(desk, command, cause, ACTOR)


def _command_id(cause: Recorded, placement: str, person_ref: str) -> str:
    return derived_id("person", cause.envelope.id, placement, person_ref)
