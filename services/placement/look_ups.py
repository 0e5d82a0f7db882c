"""What lies outside an entity when its commands are decided: found in the view and the own stream."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.conformity import check, vetted
from services.intake.events.definition import Definition
from services.placement import company, match, opening
from services.placement.agreement import refuse_unknown
from services.placement.cautions import cautions
from services.placement.company import Company, refuse_unknown_programme
from services.placement.company_commands import CompanyCommand
from services.placement.enrolled import (
    activities_of,
    definition_on,
    enrolled_person,
    names_of,
)
from services.placement.events import (
    AgreementSigned,
    CompanyEvent,
    CompanyRegistered,
    CooperationLevelRecorded,
    MatchEvent,
    OpeningEvent,
    OpeningReported,
    PlacementAgreed,
    PlacementEvent,
    PracticeExtended,
    PracticeStarted,
)
from services.placement.events.fit import Opening as Offered
from services.placement.events.fit import offered
from services.placement.known import Known, Proposal
from services.placement.match import Match, MatchCommand, ProposeMatch
from services.placement.opening import Opening, OpeningCommand, ReportOpening
from services.placement.opening import refuse_unknown as refuse_unknown_place
from services.placement.placed import seats_taken
from services.placement.placement import Placement, asked_for, entity_id, evolve
from services.placement.placement_commands import AgreePlacement, PlacementCommand
from shared.clock import copenhagen_day, now
from shared.command import Command
from shared.errors import InvalidField
from shared.event_store import EventStore
from shared.fact_days import first_day_of
from shared.handling import folded
from shared.view import View


def flags(command: Command, known: Known, at: datetime) -> Sequence[str]:
    """The warnings of a command; a refusal if it does not fit its programme's definition."""
    checked = check(command, known.definition, at) if known.definition else ()
    return (*checked, *known.cautions)


class LookUps:
    """The look-ups of placement's four entities; `fresh` asks for nothing older than this moment."""

    def __init__(self, store: EventStore, view: View) -> None:
        self._store = store
        self._view = view

    async def of_company(self, command: CompanyCommand, state: Company, fresh: bool) -> Known:
        """The programme that it is said for, if it is."""
        await self._catch_up(fresh)
        programme: str | None = getattr(command, "programme", None)
        return Known(definition=await self._definition(programme, command))

    async def of_opening(self, command: OpeningCommand, state: Opening, fresh: bool) -> Known:
        """The company, and the programme that the opening was found for."""
        await self._catch_up(fresh)
        if isinstance(command, ReportOpening):
            return await self._place(command, fresh)
        programme = state.reported.programme if state.reported else None
        return Known(definition=await self._definition(programme, command))

    async def of_match(self, command: MatchCommand, state: Match, fresh: bool) -> Known:
        """Who is enrolled and what they have completed; the opening and its seats."""
        await self._catch_up(fresh)
        if isinstance(command, ProposeMatch):
            known = await self._enrolled(command.enrolment, command)
            return replace(
                known,
                opening=await self._offered(command.opening, "", fresh),
                activities=await activities_of(self._view, command.enrolment),
            )
        return await self._enrolled(state.proposed.enrolment if state.proposed else "", command)

    async def of_placement(self, command: PlacementCommand, state: Placement, fresh: bool) -> Known:
        """All that an agreement names; later the person, and what should be looked at."""
        await self._catch_up(fresh)
        if isinstance(command, AgreePlacement):
            return await self._named(command, entity_id(command), fresh)
        if state.agreed is None:
            return Known()
        event = asked_for(command)
        definition = await self._definition(state.agreed.programme, command)
        after = evolve(state, event)
        return await self._looked_at(event, after, state.agreed, command.placement, definition)

    async def vet_company(
        self, entity_id: str, event: CompanyEvent, state: Company, at: datetime, fresh: bool
    ) -> Sequence[str]:
        """Refuse new data of an event that its command would have been refused for."""
        await self._catch_up(fresh)
        if isinstance(event, CooperationLevelRecorded | AgreementSigned):
            definition = await self._definition(event.programme, event)
            refuse_unknown_programme(event.programme, Known(definition))
            return vetted(event, definition, at) if definition else ()
        return ()

    async def vet_opening(
        self, entity_id: str, event: OpeningEvent, state: Opening, at: datetime, fresh: bool
    ) -> Sequence[str]:
        """Likewise."""
        await self._catch_up(fresh)
        if isinstance(event, OpeningReported):
            refuse_unknown_place(event, await self._place(event, fresh))
        programme = state.reported.programme if state.reported else None
        definition = await self._definition(programme, event)
        return vetted(event, definition, at) if definition else ()

    async def vet_match(
        self, entity_id: str, event: MatchEvent, state: Match, at: datetime, fresh: bool
    ) -> Sequence[str]:
        """Likewise."""
        await self._catch_up(fresh)
        known = await self._enrolled(state.proposed.enrolment if state.proposed else "", event)
        return vetted(event, known.definition, at) if known.definition else ()

    async def vet_placement(
        self, entity_id: str, event: PlacementEvent, state: Placement, at: datetime, fresh: bool
    ) -> Sequence[str]:
        """Likewise, and the same warnings; whose placement it is, its enrolment says."""
        await self._catch_up(fresh)
        if isinstance(event, PlacementAgreed):
            person = refuse_unknown(event, await self._named(event, "", fresh))
            names = await names_of(self._view, person.person_ref)
            said = event.programme, event.site
            if event.person_ref not in names or said != (person.programme, person.site):
                raise InvalidField("$.enrolment", "not of this person, programme and site")
        if state.agreed is None:
            return ()
        definition = await self._definition(state.agreed.programme, event)
        if definition is None:
            return ()
        checked = vetted(event, definition, at)
        known = await self._looked_at(event, state, state.agreed, entity_id, definition)
        return (*checked, *known.cautions)

    async def _looked_at(
        self,
        event: PlacementEvent,
        after: Placement,
        agreed: PlacementAgreed,
        own: str,
        definition: Definition | None,
    ) -> Known:
        """Who is placed, where it matters to what is said, and what should be looked at."""
        known, employees = Known(definition=definition), None
        if isinstance(event, PracticeStarted | PracticeExtended):
            known = replace(known, enrolled=await enrolled_person(self._view, agreed.enrolment))
        if isinstance(event, PracticeStarted):
            at = await self._company(agreed.company, fresh=False)
            employees = at.employees if at else None
        flags = await cautions(event, after, known, self._view, own=own, employees=employees)
        return replace(known, cautions=flags)

    async def _place(self, said: ReportOpening | OpeningReported, fresh: bool) -> Known:
        return Known(
            definition=await self._definition(said.programme, said),
            company_registered=await self._company(said.company, fresh) is not None,
        )

    async def _named(
        self, said: AgreePlacement | PlacementAgreed, placement: str, fresh: bool
    ) -> Known:
        """What an agreement names; `placement` is its own, which takes no seat from itself."""
        known = await self._enrolled(said.enrolment, said)
        return replace(
            known,
            company_registered=await self._company(said.company, fresh) is not None,
            opening=await self._offered(said.opening, placement, fresh),
            match=await self._proposal(said.match, fresh),
        )

    async def _catch_up(self, fresh: bool) -> None:
        if fresh:
            await self._view.catch_up()

    async def _definition(self, programme: str | None, said: Struct) -> Definition | None:
        if not programme:
            return None
        return await definition_on(self._view, programme, first_day_of(said, copenhagen_day(now())))

    async def _enrolled(self, enrolment: str, said: Struct) -> Known:
        person = await enrolled_person(self._view, enrolment)
        programme = person.programme if person else None
        return Known(definition=await self._definition(programme, said), enrolled=person)

    async def _company(self, company_id: str, fresh: bool) -> CompanyRegistered | None:
        _, state = await folded(self._store, company, company_id, fresh)
        return state.registered

    async def _offered(self, opening_id: str | None, but: str, fresh: bool) -> Offered | None:
        if opening_id is None:
            return None
        _, state = await folded(self._store, opening, opening_id, fresh)
        if state.reported is None:
            return None
        return offered(
            opening_id,
            state.reported,
            withdrawn_on=state.withdrawn.withdrawn_on if state.withdrawn else None,
            taken=await seats_taken(self._view, opening_id, but),
        )

    async def _proposal(self, match_id: str | None, fresh: bool) -> Proposal | None:
        if match_id is None:
            return None
        _, state = await folded(self._store, match, match_id, fresh)
        if state.proposed is None:
            return None
        return Proposal(state.proposed.enrolment, state.proposed.opening, state.is_declined())
