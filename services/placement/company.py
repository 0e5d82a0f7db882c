"""A company (virksomhed), or one production unit of it: where people are placed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.placement.company_commands import (
    CompanyCommand,
    EndAgreement,
    HandOverRelation,
    LinkCompany,
    RecordCooperationLevel,
    RegisterCompany,
    ReportBarrier,
    ResolveBarrier,
    SignAgreement,
    SuggestCompany,
    UnlinkCompany,
)
from services.placement.events import (
    AgreementEnded,
    AgreementSigned,
    BarrierReported,
    BarrierResolved,
    CompanyEvent,
    CompanyLinked,
    CompanyRegistered,
    CompanySuggested,
    CompanyUnlinked,
    CooperationLevelRecorded,
    RelationHandedOver,
)
from services.placement.events.spells import Spell, ended
from services.placement.known import Known
from services.placement.spells import refuse_begin, refuse_end
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible

NAME = "company"


class Company(Struct, frozen=True, kw_only=True):
    """What was registered, and all that was said; `spells` are its links, agreements and barriers."""

    registered: CompanyRegistered | None = None
    spells: tuple[Spell, ...] = ()
    said: tuple[CompanyEvent, ...] = ()


INITIAL = Company()


def entity_id(command: CompanyCommand) -> str:
    """Its natural key, which makes duplicates impossible: the production unit, else the company."""
    if not isinstance(command, RegisterCompany):
        return command.company
    # The letters keep ten digits of a P-number from looking like a CPR number wherever the id goes.
    return f"p{command.p_number}" if command.p_number else f"cvr{command.cvr}"


def evolve(state: Company, event: CompanyEvent) -> Company:
    state = replace(state, said=(*state.said, event))
    match event:
        case CompanyRegistered():
            return replace(state, registered=event)
        case CompanyLinked() | AgreementSigned() | BarrierReported():
            spell = Spell(what=_what(event), begun_on=_first_day(event))
            return replace(state, spells=(*state.spells, spell))
        case CompanyUnlinked() | AgreementEnded() | BarrierResolved():
            return replace(state, spells=ended(state.spells, _what(event), _last_day(event)[0]))
        case RelationHandedOver() | CooperationLevelRecorded() | CompanySuggested():
            return state
        case _:
            assert_never(event)


def permit(state: Company, event: CompanyEvent) -> None:
    """Suggested at any time, registered once, and all else once it is registered."""
    match event:
        case CompanySuggested():
            return
        case CompanyRegistered():
            if state.registered is not None:
                raise NotPossible("the company is registered already, with other data")
            return
    if state.registered is None:
        raise NotPossible("the company is not registered", "$.company")
    match event:
        case CompanyLinked(from_on=day):
            refuse_begin(state.spells, _what(event), day, "$.from_on")
        case BarrierReported(reported_on=day):
            refuse_begin(state.spells, _what(event), day, "$.reported_on")
        case CompanyUnlinked() | AgreementEnded() | BarrierResolved():
            refuse_end(state.spells, _what(event), *_last_day(event))
        case AgreementSigned():
            _permit_signing(state, event)
        case RelationHandedOver():
            _permit_handing_over(state, event)
        case CooperationLevelRecorded():
            _permit_level(state, event)
        case _:
            assert_never(event)


EVENT_OF: Mapping[type[Command], type[CompanyEvent]] = {
    RegisterCompany: CompanyRegistered,
    LinkCompany: CompanyLinked,
    UnlinkCompany: CompanyUnlinked,
    HandOverRelation: RelationHandedOver,
    RecordCooperationLevel: CooperationLevelRecorded,
    SignAgreement: AgreementSigned,
    EndAgreement: AgreementEnded,
    ReportBarrier: BarrierReported,
    ResolveBarrier: BarrierResolved,
    SuggestCompany: CompanySuggested,
}
"""The event that each command asks for; it says what the command says."""


def decide(
    command: CompanyCommand, state: Company, at: datetime, known: Known
) -> Sequence[CompanyEvent]:
    """What has been said changes nothing; a programme that is named must be open."""
    event: CompanyEvent = said_by(command, EVENT_OF[type(command)])
    if event in state.said:
        return []  # said twice, true once
    if isinstance(command, RecordCooperationLevel | SignAgreement):
        refuse_unknown_programme(command.programme, known)
    permit(state, event)
    return [event]


def claims(company: str, state: Company, event: CompanyEvent) -> Sequence[Claim]:
    """None: the number itself keeps a company from being registered twice."""
    return ()


def refuse_unknown_programme(programme: str | None, known: Known) -> None:
    """Refuse what is said for a programme that nobody has opened."""
    if programme is not None and known.definition is None:
        raise InvalidField("$.programme", "no such programme is open")


Begin: TypeAlias = CompanyLinked | AgreementSigned | BarrierReported
End: TypeAlias = CompanyUnlinked | AgreementEnded | BarrierResolved


def _what(event: Begin | End) -> str:
    """What begins or ends; an agreement is told from others by its first day too."""
    match event:
        case CompanyLinked(link=link, whom=whom) | CompanyUnlinked(link=link, whom=whom):
            return f"the link {link} {whom}"
        case AgreementSigned() | AgreementEnded():
            parties = ", ".join(sorted(set(event.parties)))
            return f"the agreement {event.kind} of {event.from_on} with {parties}"
        case BarrierReported(barrier=barrier) | BarrierResolved(barrier=barrier):
            return f"the barrier {barrier}"
        case _:
            assert_never(event)


def _first_day(event: Begin) -> date:
    return event.reported_on if isinstance(event, BarrierReported) else event.from_on


def _last_day(event: End) -> tuple[date, str]:
    """The day, and where it stands."""
    if isinstance(event, BarrierResolved):
        return event.resolved_on, "$.resolved_on"
    return event.to_on, "$.to_on"


def _permit_signing(state: Company, event: AgreementSigned) -> None:
    if any(spell.what == _what(event) for spell in state.spells):
        raise NotPossible(f"{_what(event)} is signed already, with other data")
    if not event.parties:
        raise InvalidField("$.parties", "an agreement has parties")
    if event.to_on is not None and event.to_on < event.from_on:
        raise NotPossible(f"{event.to_on} lies before {event.from_on}", "$.to_on")


def _permit_handing_over(state: Company, event: RelationHandedOver) -> None:
    """Who hands a relation over is the one who was last given it, if that is known."""
    if event.handed_from == event.handed_to:
        raise InvalidField("$.to", "nobody hands a relation over to themselves")
    before = [it for it in state.said if isinstance(it, RelationHandedOver) and it.on <= event.on]
    last = max(enumerate(before), key=lambda it: (it[1].on, it[0]), default=None)
    if last is not None and last[1].handed_to != event.handed_from:
        raise NotPossible(f"{last[1].handed_to} has had it since {last[1].on}", "$.from")


def _permit_level(state: Company, event: CooperationLevelRecorded) -> None:
    for it in state.said:
        if (
            isinstance(it, CooperationLevelRecorded)
            and (it.on, it.programme) == (event.on, event.programme)
            and it.level != event.level
        ):
            raise NotPossible(f"level {it.level} was recorded of {it.on}: correct it", "$.level")
