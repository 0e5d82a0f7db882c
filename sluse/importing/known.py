"""What the system knows already of whom a row is about: definitions, placements, plans, earlier rows."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import asdict

from services.aftercare import plan
from services.aftercare.events import VOCABULARY as AFTERCARE
from services.aftercare.events import AftercareOffered, FollowUpCompleted
from services.aftercare.plan_commands import CompleteFollowUp
from services.intake import person, programme
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.conformity import OUTSIDE_PROGRAMME, check
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, fold, in_force
from services.intake.look_up import survivor_of
from services.placement import placement
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import (
    PlacementAgreed,
    PlacementPersonChanged,
    WageHoursReported,
)
from services.placement.placement import Placement
from services.placement.placement_commands import ReportWageHours
from shared.bus import Bus
from shared.clock import copenhagen_day
from shared.command import Command, refuse_future_registration, said_by
from shared.correction.effective import effective
from shared.correction.events import Data, EventCorrected
from shared.envelope import Event, Vocabulary
from shared.errors import InvalidField, NotPossible, Refused
from shared.event_store import EventStore, History
from shared.fact_days import first_day_of, refuse_impossible_days
from shared.handling import WARNINGS, folded
from shared.identifiers import derived_id, refuse_identity
from shared.stream_reader import read
from sluse.importing.kinds import FOLLOW_UPS, OPENINGS, PEOPLE, WAGE_HOURS, Kind
from sluse.importing.rows import Values


class OutsideProgramme(Refused):
    """Through a door it would be accepted with a flag; of an import somebody looks at it first."""

    code = OUTSIDE_PROGRAMME

    def __init__(self) -> None:
        super().__init__(f"{WARNINGS[OUTSIDE_PROGRAMME]}: parked, nothing was sent")


class About(Struct, frozen=True, kw_only=True):
    """Whom a row is about: the ids that its commands name, the programme, and what was said before."""

    ids: Mapping[str, str]
    programme: str | None = None
    history: History | None = None
    said: Sequence[Event] = ()


_ONCE: Mapping[type[Command], tuple[type[Event], Collection[str]]] = {
    ReportWageHours: (WageHoursReported, ("from_on", "to_on", "evidence")),
    CompleteFollowUp: (FollowUpCompleted, ("party", "held_on")),
}
"""What the entity would take twice, and what a source says but once."""


class Known:
    """Reads the streams for one import; all of it is what holds after corrections."""

    def __init__(self, bus: Bus, source: str, at: datetime) -> None:
        """`source`: the system that the case numbers are of; `at`: by when facts must have happened."""
        self._bus = bus
        self._source = source
        self._at = at
        self._intake = EventStore(bus, INTAKE)
        self._placement = EventStore(bus, PLACEMENT)
        self._aftercare = EventStore(bus, AFTERCARE)
        self._definitions: dict[str, list[DefinitionFact]] = {}
        self._placements: Mapping[str, Collection[str]] = {}
        self._plans: Mapping[str, Collection[str]] = {}

    async def prepare(self, kind: Kind) -> None:
        """Read through the streams in which placements and plans are looked for, once."""
        if kind in (WAGE_HOURS, FOLLOW_UPS):
            kinds = (PlacementAgreed, PlacementPersonChanged)
            self._placements = await _index(self._bus, PLACEMENT, kinds, "person_ref")
        if kind is FOLLOW_UPS:
            self._plans = await _index(self._bus, AFTERCARE, (AftercareOffered,), "placement")

    async def about(self, kind: Kind, said: Values) -> About:
        """Whom the row is about; refused if it names nobody, or several."""
        programme_key = said.get("programme")
        if kind is PEOPLE:
            case = _key(said, "case_number")
            parts = (case, programme_key or "", said.get("spell", ""))
            enrolment = derived_id("import", self._source, "people", *parts)
            ids = {"person_ref": self._person(case), "enrolment": enrolment}
            return About(ids=ids, programme=programme_key)
        if kind is WAGE_HOURS:
            named = await self._placed(said)
            history, state = await folded(self._placement, placement, named, fresh=True)
            agreed = state.agreed.programme if state.agreed else None
            return About(
                ids={"placement": named}, programme=agreed, history=history, said=state.said
            )
        if kind is FOLLOW_UPS:
            named = said.get("plan") or await self._planned(said)
            history, plan_ = await folded(self._aftercare, plan, named, fresh=True)
            offered = plan_.offered.programme if plan_.offered else None
            return About(ids={"plan": named}, programme=offered, history=history, said=plan_.said)
        ids = {"company": _company(said)}
        if kind is OPENINGS:
            number = _key(said, "opening_number")
            ids["opening"] = derived_id("import", self._source, "openings", number)
        return About(ids=ids, programme=programme_key)

    async def check(self, command: Command, about: About) -> None:
        """Refuse what the service would refuse for its shape, its days or its codes, and what it flags.

        What the entity's own rules say is only known when it is sent.
        """
        refuse_identity(command)
        refuse_impossible_days(command, self._at)
        refuse_future_registration(command, self._at)
        if about.programme is not None:
            definition = await self._definition(about.programme, command)
            if OUTSIDE_PROGRAMME in check(command, definition, self._at):
                raise OutsideProgramme
        if about.history is not None and not about.history.of_command(command.command_id):
            _refuse_other_account(command, about.said)

    async def _definition(self, key: str, command: Command) -> Definition:
        if key not in self._definitions:
            history, _ = await folded(self._intake, programme, key, fresh=True)
            facts = fold(key, effective(history.records, INTAKE))
            self._definitions[key] = [it for it in facts if isinstance(it, DefinitionFact)]
        day = first_day_of(command, copenhagen_day(self._at))
        definition = in_force(self._definitions[key], day)
        if definition is None:
            raise InvalidField("$.programme", "no such programme is open")
        return definition

    def _person(self, case: str) -> str:
        return derived_id("import", self._source, "people", case)

    async def _placed(self, said: Values) -> str:
        """The placement that the row names, or the only one of its person at its company."""
        if "placement" in said:
            return str(said["placement"])
        names = await self._names(self._person(_key(said, "case_number")))
        company = _company(said)
        found = []
        for candidate in sorted({it for name in names for it in self._placements.get(name, ())}):
            _, state = await folded(self._placement, placement, candidate, fresh=False)
            if is_of(state, names, company, said.get("programme")):
                found.append(candidate)
        return _only(found, "$.placement", "placement of this case number at this company")

    async def _names(self, person_ref: str) -> Collection[str]:
        """All records of the person, after merges: a placement is agreed for any of them."""
        survivor = await survivor_of(self._intake, person_ref, fresh=False)
        _, state = await folded(self._intake, person, survivor, fresh=False)
        return {survivor, *state.aliases}

    async def _planned(self, said: Values) -> str:
        """The plan of the row's placement; of several, that of the last employment begun by then."""
        offers = []
        placed = await self._placed(said)
        for candidate in self._plans.get(placed, ()):
            _, state = await folded(self._aftercare, plan, candidate, fresh=False)
            if state.offered is not None and state.offered.placement == placed:
                offers.append((state.offered.anchor_on, candidate))
        held_on = date.fromisoformat(_key(said, "held_on"))
        by_then = [offer for offer in offers if offer[0] <= held_on]
        last = [name for day, name in offers if (day, name) == max(by_then, default=None)]
        return _only(last, "$.plan", "aftercare plan of the placement by that day")


def is_of(
    state: Placement, names: Collection[str], company: str, programme_key: str | None
) -> bool:
    """Whether the placement is now of the person that has these names, at the company."""
    agreed = state.agreed
    return (
        agreed is not None
        and state.person_ref in names
        and agreed.company == company
        and programme_key in (None, agreed.programme)
        and state.cancelled_on is None
    )


def _key(said: Values, field: str) -> str:
    if field not in said:
        raise InvalidField(f"$.{field}", "missing")
    return str(said[field])


def _company(said: Values) -> str:
    """As companies name themselves."""
    if "p_number" in said:
        return f"p{said['p_number']}"
    return f"cvr{_key(said, 'cvr')}"


def _only(found: Sequence[str], path: str, what: str) -> str:
    if len(found) != 1:
        raise InvalidField(path, f"{len(found) or 'no'} {what}")
    return found[0]


def _refuse_other_account(command: Command, said: Sequence[Event]) -> None:
    kind, names = _ONCE[type(command)]
    event = said_by(command, kind)
    for it in said:
        same = isinstance(it, kind) and all(getattr(it, n) == getattr(event, n) for n in names)
        if same and it != event:
            raise NotPossible(
                f"it is recorded otherwise, by the same {', '.join(names)}: correct it"
            )


def told(event: Event, field: str) -> Iterator[str]:
    """What an event says in a field; a correction in its data, and in those of what it corrects."""
    data: Data | None = asdict(event)
    while data:
        if field in data:
            yield data[field]
        data = data.get("data")


async def _index(
    bus: Bus, vocabulary: Vocabulary, kinds: tuple[type[Event], ...], field: str
) -> Mapping[str, Collection[str]]:
    """What ever stood in the field of events of these kinds, with the entities that said so."""
    found: dict[str, set[str]] = defaultdict(set)
    names = [*(kind.__name__ for kind in kinds), EventCorrected.__name__]
    types = [f'"type":"{name}"'.encode() for name in names]
    last = await bus.last_position(vocabulary.stream)
    if last == 0:
        return found
    async with aclosing(read(bus, vocabulary.stream, 0)) as lists:
        async for messages in lists:
            for message in messages:
                if any(name in message.body for name in types):
                    event = vocabulary.read(*message.as_read()).event
                    for value in told(event, field):
                        found[value].add(message.subject.split(".")[2])
            if messages[-1].position >= last:
                break
    return found
