"""What a person's commands come to when the real entities decide on them, without a bus."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.aftercare import caseload, plan, problem, reactions
from services.aftercare import known as aftercare_known
from services.aftercare.caseload import EmploymentFact, OfferedFact, PlacedFact
from services.aftercare.events import VOCABULARY as AFTERCARE
from services.aftercare.known import KnownPlacement, Placed
from services.aftercare.plan_commands import OfferAftercare, PlanCommand
from services.aftercare.problem import ProblemCommand, RaiseProblem
from services.intake import enrolment, person
from services.intake import known as intake_known
from services.intake.enrolment_commands import EnrolmentCommand
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import PersonsMerged
from services.intake.events.conformity import check
from services.intake.events.definition import Definition
from services.intake.person import MergePersons, PersonCommand
from services.placement import company, enrolled, placement
from services.placement import known as placement_known
from services.placement import reactions as placement_reactions
from services.placement.company_commands import CompanyCommand
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.known import EnrolledPerson
from services.placement.placement_commands import ChangePlacementPerson, PlacementCommand
from shared import claim
from shared.command import Command, digest
from shared.correction.commands import CorrectionCommand
from shared.correction.deciding import Correcting
from shared.correction.effective import effective
from shared.decider import Decider
from shared.decision import Asked, Decided, Work
from shared.envelope import Envelope, Event, Recorded, Vocabulary, encode_data
from shared.event_store import History
from shared.handling import AnyHandling, Handling, by_command, nothing_issued
from shared.identifiers import derived_id
from shared.subjects import subject_of
from sluse.simulation.clerk import registered_at
from sluse.simulation.entities import subject

VOCABULARIES = {it.service: it for it in (INTAKE, PLACEMENT, AFTERCARE)}


class Cause(Struct, frozen=True):
    """Who sends a command, and because of what."""

    actor: str = "simulation"
    correlation_id: str = ""
    causation_id: str = ""


CASEWORKER = Cause()


class Books:
    """Everything recorded of one person, and of what belongs to the person."""

    def __init__(self, definition: Definition, digest_key: bytes = b"") -> None:
        """`digest_key`: the services' own, so that the same command, sent again, is known to them."""
        self.records: dict[str, list[Recorded]] = {}
        self._definition = definition
        self._digest_key = digest_key
        self._handlings = self._made()
        self._correcting = {
            handling.name: Correcting(handling, nothing_issued)
            for handling in self._handlings.values()
        }

    async def take(self, command: Command, cause: Cause = CASEWORKER) -> Sequence[Recorded]:
        """What is recorded of a command and of all that follows from it; refuses as its door would."""
        about = subject(command)
        vocabulary = VOCABULARIES[about.split(".")[0]]
        at = registered_at(command)
        history = self._history(about)
        asked = Asked(vocabulary, cause.actor, at, fresh=True)
        work: Work[Any] = (
            self._correcting[about.split(".")[1]]
            if isinstance(command, CorrectionCommand)
            else self._handlings[type(command)]
        )
        decided = await work.decided(command, history, asked)
        self._settle(decided, vocabulary, command, cause)
        recorded = self._record(about, decided.events, decided.flags, command, cause)
        for record in recorded:
            await self._react(record)
        return recorded

    def effective(self, about: str) -> Sequence[Recorded]:
        """An entity's events as they hold."""
        return effective(self.records.get(about, ()), VOCABULARIES[about.split(".", maxsplit=1)[0]])

    def _history(self, about: str) -> History:
        records = tuple(self.records.get(about, ()))
        return History(about, len(records), records)

    def _state(self, service: str, decider: Decider[Any, Any, Any, Any], entity_id: str) -> Any:
        state = decider.INITIAL
        for record in self.effective(subject_of(service, decider.NAME, entity_id)):
            state = decider.evolve(state, record.event)
        return state

    def _settle(
        self, decided: Decided, vocabulary: Vocabulary, command: Command, cause: Cause
    ) -> None:
        for wanted in decided.claims:
            about = subject_of(vocabulary.service, wanted.name, wanted.key)
            holder = claim.holder_of(record.event for record in self.records.get(about, ()))
            self._record(about, claim.decide(wanted, holder), decided.flags, command, cause)

    def _record(
        self,
        about: str,
        events: Sequence[Event],
        flags: Sequence[str],
        command: Command,
        cause: Cause,
    ) -> Sequence[Recorded]:
        """As the handler stamps them; the instant is that of registration, at every run the same."""
        at = registered_at(command)
        vocabulary = VOCABULARIES[about.split(".", maxsplit=1)[0]]
        known = self.records.setdefault(about, [])
        recorded = [
            Recorded(
                vocabulary.stream,
                len(known) + number,
                at,
                Envelope(
                    id=derived_id(command.command_id, about, str(number - 1)),
                    source=vocabulary.source,
                    type=type(event).__name__,
                    subject=about,
                    time=at,
                    data=encode_data(event),
                    commandid=command.command_id,
                    commanddigest=digest(command, self._digest_key),
                    correlationid=cause.correlation_id or command.command_id,
                    causationid=cause.causation_id or command.command_id,
                    actor=cause.actor,
                    flags=" ".join(flags),
                    registeredat=command.registered_at,
                    latereason=command.late_reason or "",
                    origin=command.origin or "",
                ),
                event,
            )
            for number, event in enumerate(events, start=1)
        ]
        known += recorded
        return recorded

    async def _react(self, cause: Recorded) -> None:
        """What placement and aftercare do of themselves when they hear of it."""
        _, entity, entity_id = cause.envelope.subject.split(".")
        if entity == "placement" and isinstance(cause.event, reactions.CAUSES):
            for command in self._offers(cause, entity_id):
                await self._issue(command, cause, reactions.ACTOR)
        if isinstance(cause.event, PersonsMerged):
            for command in self._changed_persons(cause, cause.event, entity_id):
                await self._issue(command, cause, placement_reactions.ACTOR)

    async def _issue(self, command: Command, cause: Recorded, actor: str) -> None:
        if command.registered_at is None:
            at = cause.envelope.registered_at
            command = replace(command, registered_at=at, origin="simulation")
        await self.take(command, Cause(actor, cause.envelope.correlationid, cause.envelope.id))

    def _offers(self, cause: Recorded, placement_id: str) -> Sequence[Command]:
        about: Placed | None = None
        ordinary: dict[str, EmploymentFact | None] = {}
        for fact in caseload.fold_placement(
            placement_id, self.effective(subject_of("placement", "placement", placement_id))
        ):
            if isinstance(fact, PlacedFact):
                about = Placed(**asdict(fact))
            if isinstance(fact, EmploymentFact) and ordinary.get(fact.employment) is None:
                counted = self._definition.counted_employment
                counts = counted.counts(fact.kind, fact.weekly_minutes)
                ordinary[fact.employment] = fact if counts else None
        if about is None:
            return ()
        plans = {fact.plan: fact for fact in self._plans() if fact.placement == placement_id}
        return tuple(reactions.commands(cause, about, ordinary, plans))

    def _plans(self) -> Sequence[OfferedFact]:
        return [
            fact
            for about in self.records
            if about.startswith("aftercare.plan.")
            for fact in caseload.fold_plan(about.split(".")[2], self.effective(about))
            if isinstance(fact, OfferedFact)
        ]

    def _changed_persons(
        self, cause: Recorded, merged: PersonsMerged, survivor: str
    ) -> Sequence[Command]:
        return [
            ChangePlacementPerson(
                command_id=derived_id("person", cause.envelope.id, placement_id, survivor),
                placement=placement_id,
                person_ref=survivor,
            )
            for placement_id in (
                about.split(".")[2] for about in self.records if ".placement." in about
            )
            if self._state("placement", placement, placement_id).person_ref == merged.merged_ref
        ]

    def _made(self) -> Mapping[type[Command], AnyHandling]:
        """The entities' handlings, with these books as all that lies outside an entity."""
        definition = self._definition

        async def of_person(
            command: PersonCommand, state: person.Person, fresh: bool
        ) -> person.Person:
            merged = command.merged_ref if isinstance(command, MergePersons) else ""
            found: person.Person = self._state("intake", person, merged)
            return found

        async def of_enrolment(
            command: EnrolmentCommand, state: enrolment.Enrolment, fresh: bool
        ) -> intake_known.Known:
            ref: str = getattr(command, "person_ref", state.person_ref)
            who: person.Person = self._state("intake", person, ref)
            return intake_known.Known(definition, person=who.standing)

        async def of_company(
            command: CompanyCommand, state: company.Company, fresh: bool
        ) -> placement_known.Known:
            return placement_known.Known(definition)

        async def of_placement(
            command: PlacementCommand, state: placement.Placement, fresh: bool
        ) -> placement_known.Known:
            named = state.agreed.enrolment if state.agreed else getattr(command, "enrolment", "")
            return placement_known.Known(
                definition, enrolled=self._enrolled(named), company_registered=True
            )

        async def of_plan(
            command: PlanCommand, state: plan.Plan, fresh: bool
        ) -> aftercare_known.Known:
            return aftercare_known.Known(definition)

        async def of_problem(
            command: ProblemCommand, state: problem.Problem, fresh: bool
        ) -> KnownPlacement:
            named = command.placement if isinstance(command, RaiseProblem) else ""
            return KnownPlacement(definition, self._placed(named))

        def flags(command: Command, known: object, at: datetime) -> Sequence[str]:
            offers = isinstance(command, OfferAftercare)
            return () if offers else check(command, definition, at)

        return {
            **by_command(Handling(person, of_person), PersonCommand),
            **by_command(Handling(enrolment, of_enrolment, flags), EnrolmentCommand),
            **by_command(Handling(company, of_company), CompanyCommand),
            **by_command(Handling(placement, of_placement, flags), PlacementCommand),
            **by_command(Handling(plan, of_plan, flags), PlanCommand),
            **by_command(Handling(problem, of_problem, flags), ProblemCommand),
        }

    def _enrolled(self, named: str) -> EnrolledPerson | None:
        about = subject_of("intake", "enrolment", named)
        for fact in enrolled.fold(named, self.effective(about)):
            if isinstance(fact, enrolled.EnrolledFact):
                return EnrolledPerson(
                    fact.enrolment,
                    fact.person_ref,
                    fact.programme,
                    fact.site,
                    fact.start_on,
                    fact.ended_on,
                    fact.target_group,
                )
        return None

    def _placed(self, named: str) -> Placed | None:
        about = subject_of("placement", "placement", named)
        for fact in caseload.fold_placement(named, self.effective(about)):
            if isinstance(fact, PlacedFact):
                return Placed(**asdict(fact))
        return None
