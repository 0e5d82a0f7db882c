"""A plan (efterværnsaftale): who accepted aftercare, when contact is agreed, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.aftercare.agreement import (
    agreement,
    definition_of,
    permit_touchpoints,
    says_the_same,
)
from services.aftercare.answers import Answer, permit_answer
from services.aftercare.events import (
    AftercareAccepted,
    AftercareClosed,
    AftercareDeclined,
    AftercareOffered,
    AftercarePlanAgreed,
    AftercarePlanRevised,
    AftercareWithdrawn,
    FollowUpCompleted,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    Party,
    PlanEvent,
    UpskillingOffered,
    UpskillingTaken,
)
from services.aftercare.events.touchpoints import Standing, standings
from services.aftercare.follow_up import (
    is_due,
    permit_change,
    permit_completion,
    refuse_miss,
)
from services.aftercare.known import Known
from services.aftercare.plan_commands import (
    AcceptAftercare,
    AgreeAftercarePlan,
    CloseAftercare,
    CompleteFollowUp,
    DeclineAftercare,
    MissFollowUp,
    OfferAftercare,
    OfferUpskilling,
    PlanCommand,
    RescheduleFollowUp,
    ReviseAftercarePlan,
    TakeUpskilling,
    WaiveFollowUp,
    WithdrawAftercare,
)
from shared.claim import Claim
from shared.clock import copenhagen_day
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible
from shared.fact_days import fact_days
from shared.identifiers import derived_id

NAME = "plan"


class Plan(Struct, frozen=True, kw_only=True):
    """The offer, the answers as they were recorded, the agreement, the end, and all that was said.

    `busy_on`: the last day on which something happened.
    """

    offered: AftercareOffered | None = None
    answers: tuple[Answer, ...] = ()
    agreed: AftercarePlanAgreed | None = None
    closed: AftercareClosed | None = None
    busy_on: date = date.min
    said: tuple[PlanEvent, ...] = ()


INITIAL = Plan()


def entity_id(command: PlanCommand) -> str:
    """The plan that the command is for; an offer may leave naming it to us."""
    return command.plan or derived_id(command.command_id)


def evolve(state: Plan, event: PlanEvent) -> Plan:
    state = replace(state, said=(*state.said, event))
    match event:
        case AftercareOffered(offered_on=day):
            return _busy(replace(state, offered=event), day)
        case AftercareAccepted(accepted_on=day):
            return _busy(replace(state, answers=(*state.answers, event)), day)
        case AftercareDeclined(declined_on=day):
            return _busy(replace(state, answers=(*state.answers, event)), day)
        case AftercareWithdrawn(withdrawn_on=day):
            return _busy(replace(state, answers=(*state.answers, event)), day)
        case AftercarePlanAgreed(agreed_on=day):
            return _busy(replace(state, agreed=event), day)
        case AftercarePlanRevised(revised_on=day):
            return _busy(state, day)
        case FollowUpCompleted(held_on=day):
            return _busy(state, day)
        case FollowUpMissed():
            return state  # nothing happened
        case FollowUpRescheduled(rescheduled_on=day):
            return _busy(state, day)
        case FollowUpWaived(waived_on=day):
            return _busy(state, day)
        case UpskillingOffered(offered_on=day):
            return _busy(state, day)
        case UpskillingTaken(taken_on=day):
            return _busy(state, day)
        case AftercareClosed():
            return replace(state, closed=event)
        case _:
            assert_never(event)


def permit(state: Plan, event: PlanEvent) -> None:
    """Nothing before the offer or after the end; no plan without an acceptance."""
    if isinstance(event, AftercareOffered):
        if state.offered is not None:
            raise NotPossible("aftercare was offered already, with other data")
        return
    if state.offered is None:
        raise NotPossible(f"{type(event).__name__} cannot follow: aftercare has not been offered")
    if isinstance(event, FollowUpMissed):
        return  # says nothing of another due day: a corrected anchor must not be held up by it
    _refuse_outside(state, state.offered, event)
    match event:
        case AftercareAccepted() | AftercareDeclined() | AftercareWithdrawn():
            permit_answer(state.answers, event)
        case AftercarePlanAgreed():
            if state.agreed is not None:
                raise NotPossible(f"a plan was agreed on {state.agreed.agreed_on}")
            permit_touchpoints(state.answers, event.touchpoints, event.agreed_on)
        case AftercarePlanRevised():
            if state.agreed is None or event.revised_on < state.agreed.agreed_on:
                raise NotPossible(f"no plan has been agreed by {event.revised_on}", "$.revised_on")
            permit_touchpoints(state.answers, event.touchpoints, event.revised_on)
        case FollowUpCompleted():
            permit_completion(state.said, state.answers, event)
        case FollowUpRescheduled(rescheduled_on=day):
            permit_change(state.said, event, day)
        case FollowUpWaived(waived_on=day):
            permit_change(state.said, event, day)
        case UpskillingOffered():
            pass
        case UpskillingTaken():
            _permit_taking(state, event)
        case AftercareClosed():
            if state.closed is not None:
                raise NotPossible(
                    f"aftercare was closed on {state.closed.closed_on}", "$.closed_on"
                )
            if event.closed_on < state.busy_on:
                raise NotPossible(f"something happened on {state.busy_on}", "$.closed_on")
        case _:
            assert_never(event)


EVENT_OF: Mapping[type[Command], type[PlanEvent]] = {
    AcceptAftercare: AftercareAccepted,
    DeclineAftercare: AftercareDeclined,
    WithdrawAftercare: AftercareWithdrawn,
    CompleteFollowUp: FollowUpCompleted,
    MissFollowUp: FollowUpMissed,
    RescheduleFollowUp: FollowUpRescheduled,
    WaiveFollowUp: FollowUpWaived,
    OfferUpskilling: UpskillingOffered,
    TakeUpskilling: UpskillingTaken,
    CloseAftercare: AftercareClosed,
}
"""The event that says what a command says; an offer and an agreement on contacts say more."""


def decide(command: PlanCommand, state: Plan, at: datetime, known: Known) -> Sequence[PlanEvent]:
    """What has been said changes nothing; the programme says which touchpoints and what grace."""
    if isinstance(command, OfferAftercare):
        return _offer(command, state, known)
    if state.offered is None:
        raise NotPossible(f"{type(command).__name__}: aftercare has not been offered")
    event: PlanEvent
    if isinstance(command, AgreeAftercarePlan):
        if state.agreed is not None and says_the_same(command, state.agreed):
            return []
        event = agreement(command, state.offered, state.answers, known)
    elif isinstance(command, ReviseAftercarePlan):
        event = said_by(command, AftercarePlanRevised, placement=state.offered.placement)
    else:
        event = said_by(command, EVENT_OF[type(command)])
    if event in state.said:
        return []  # said already; an answer taken back that day isn't undone by repeating it
    permit(state, event)
    if isinstance(event, FollowUpMissed):
        _refuse_miss(state, event, copenhagen_day(at), known)
    return [event]


def claims(plan: str, state: Plan, event: PlanEvent) -> Sequence[Claim]:
    """None: a plan belongs to one placement by its id."""
    return ()


def due(state: Plan) -> Sequence[Standing]:
    """The touchpoints that wait for a contact, or for the clock to call them missed."""
    if state.closed is not None:
        return ()
    return [it for it in standings(state.said).values() if is_due(it, state.answers)]


def _busy(state: Plan, day: date) -> Plan:
    return replace(state, busy_on=max(state.busy_on, day))


def _offer(command: OfferAftercare, state: Plan, known: Known) -> Sequence[PlanEvent]:
    if state.offered is not None and _is_same_offer(command, state.offered):
        return []  # a caseworker may have been faster than the reaction, or the other way round
    if not known.placed:
        raise InvalidField("$.placement", "no such placement is known")
    if known.definition is None:
        raise InvalidField("$.programme", "there is no such programme")
    event = said_by(command, AftercareOffered)
    permit(state, event)
    return [event]


def _is_same_offer(command: OfferAftercare, offered: AftercareOffered) -> bool:
    """For the same job, whenever it was made; the placement says at which company."""
    names = ("placement", "enrolment", "person_ref", "programme", "anchor_on")
    return all(getattr(command, name) == getattr(offered, name) for name in names)


def _refuse_miss(state: Plan, event: FollowUpMissed, today: date, known: Known) -> None:
    if state.closed is not None:
        raise NotPossible(f"aftercare was closed on {state.closed.closed_on}")
    grace_days = definition_of(known).aftercare.grace_days
    refuse_miss(state.said, state.answers, event, today, grace_days)


def _permit_taking(state: Plan, event: UpskillingTaken) -> None:
    """A course is taken once, after it was offered to whoever takes it."""
    for earlier in state.said:
        match earlier:
            case UpskillingTaken(taken_on=day) if _course(earlier) == _course(event):
                raise NotPossible(f"the course was taken on {day}", "$.course")
    offers = [it for it in state.said if isinstance(it, UpskillingOffered)]
    if not any(_course(it) == _course(event) and it.offered_on <= event.taken_on for it in offers):
        raise NotPossible(f"the course was not offered by {event.taken_on}", "$.course")


def _course(event: UpskillingOffered | UpskillingTaken) -> tuple[Party, str]:
    return event.to, event.course


def _refuse_outside(state: Plan, offered: AftercareOffered, event: PlanEvent) -> None:
    """What happened before the end may be recorded after it, what came later may not."""
    path, day = fact_days(event)[0]
    if day < offered.offered_on and not isinstance(event, FollowUpCompleted):
        raise NotPossible(f"aftercare was offered on {offered.offered_on}", path)
    if state.closed is not None and day > state.closed.closed_on:
        raise NotPossible(f"aftercare was closed on {state.closed.closed_on}", path)
