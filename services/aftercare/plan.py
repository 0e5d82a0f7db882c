"""A plan (efterværnsaftale): who accepted aftercare, when contact is agreed, and what came of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareDeclined,
    AftercareOffered,
    AftercarePlanAgreed,
    FollowUpCompleted,
    FollowUpMissed,
    Party,
    PlanEvent,
    Touchpoint,
)
from services.aftercare.events.windows import due_on, window
from services.aftercare.known import Known
from services.intake.events.definition import Definition
from services.placement.events import Minutes
from shared.claim import Claim
from shared.clock import copenhagen_day
from shared.command import Command
from shared.errors import InvalidField, NotPossible, NotYet, Refused
from shared.fact_days import FactDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "plan"


class OfferAftercare(Command, frozen=True, kw_only=True):
    """Offer aftercare to both parties of an ordinary employment (tilbyde efterværn)."""

    plan: EntityId | None = None
    placement: EntityId
    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    company: EntityId
    offered_on: FactDay
    anchor_on: FactDay


class AcceptAftercare(Command, frozen=True, kw_only=True):
    """One party says yes (tage imod)."""

    plan: EntityId
    party: Party
    accepted_on: FactDay


class DeclineAftercare(Command, frozen=True, kw_only=True):
    """One party says no (takke nej)."""

    plan: EntityId
    party: Party
    declined_on: FactDay


class AgreeAftercarePlan(Command, frozen=True, kw_only=True):
    """Agree when who is contacted; without touchpoints, the programme's for those who accepted."""

    plan: EntityId
    agreed_on: FactDay
    anchor_on: FactDay
    touchpoints: tuple[Touchpoint, ...] | None = None


class CompleteFollowUp(Command, frozen=True, kw_only=True):
    """A contact took place (opfølgning), with or without a touchpoint that asked for it."""

    plan: EntityId
    touchpoint: Code | None = None
    party: Party
    channel: Literal["visit", "meeting", "phone", "video", "message"]
    held_on: FactDay
    employment_state: Literal["employed_same", "employed_other", "not_employed", "unknown"]
    weekly_minutes: Minutes | None = None


class MissFollowUp(Command, frozen=True, kw_only=True):
    """The clock: a window and its grace have ended without a contact."""

    plan: EntityId
    touchpoint: Code
    due_on: FactDay


PlanCommand: TypeAlias = (
    OfferAftercare
    | AcceptAftercare
    | DeclineAftercare
    | AgreeAftercarePlan
    | CompleteFollowUp
    | MissFollowUp
)

Answer: TypeAlias = AftercareAccepted | AftercareDeclined


class Plan(Struct, frozen=True, kw_only=True):
    """The offer, all answers as they were recorded, the agreement, and the contacts."""

    offered: AftercareOffered | None = None
    answers: tuple[Answer, ...] = ()
    agreed: AftercarePlanAgreed | None = None
    completed: tuple[FollowUpCompleted, ...] = ()
    missed: tuple[FollowUpMissed, ...] = ()


INITIAL = Plan()


class NoBasis(Refused):
    """The citizen declined: what the company says of them may not be recorded."""

    code = "NO_BASIS"

    def __init__(self, declined_on: date) -> None:
        super().__init__(f"the citizen declined on {declined_on}", "$.party")


def entity_id(command: PlanCommand) -> str:
    """The plan that the command is for; an offer may leave naming it to us."""
    return command.plan or derived_id(command.command_id)


def evolve(state: Plan, event: PlanEvent) -> Plan:
    match event:
        case AftercareOffered():
            return replace(state, offered=event)
        case AftercareAccepted() | AftercareDeclined():
            return replace(state, answers=(*state.answers, event))
        case AftercarePlanAgreed():
            return replace(state, agreed=event)
        case FollowUpCompleted():
            return replace(state, completed=(*state.completed, event))
        case FollowUpMissed():
            return replace(state, missed=(*state.missed, event))
        case _:
            assert_never(event)


def decide(command: PlanCommand, state: Plan, at: datetime, known: Known) -> Sequence[PlanEvent]:
    """Nothing before the offer; no plan without an acceptance; one outcome a touchpoint."""
    if isinstance(command, OfferAftercare):
        return _offer(command, state, known)
    if state.offered is None:
        raise NotPossible(f"{type(command).__name__}: aftercare has not been offered")
    match command:
        case AcceptAftercare(party=party, accepted_on=day):
            _refuse_before_offer(state.offered, day, "$.accepted_on")
            return _answer(state, AftercareAccepted(party=party, accepted_on=day))
        case DeclineAftercare(party=party, declined_on=day):
            _refuse_before_offer(state.offered, day, "$.declined_on")
            return _answer(state, AftercareDeclined(party=party, declined_on=day))
        case AgreeAftercarePlan():
            return _agree(command, state, state.offered, known)
        case CompleteFollowUp():
            return _complete(command, state)
        case MissFollowUp():
            return _miss(command, state, copenhagen_day(at), known)
        case _:
            assert_never(command)


def claims(plan: str, state: Plan, event: PlanEvent) -> Sequence[Claim]:
    """None: a plan belongs to one placement by its id."""
    return ()


def _offer(command: OfferAftercare, state: Plan, known: Known) -> Sequence[PlanEvent]:
    if state.offered is not None and _is_same_offer(command, state.offered):
        return []  # a caseworker may have been faster than the reaction, or the other way round
    if state.offered is not None:
        raise NotPossible("aftercare was offered already, with other data")
    if not known.placed:
        raise InvalidField("$.placement", "no such placement is known")
    if known.definition is None:
        raise InvalidField("$.programme", "there is no such programme")
    return [
        AftercareOffered(
            placement=command.placement,
            enrolment=command.enrolment,
            person_ref=command.person_ref,
            programme=command.programme,
            company=command.company,
            offered_on=command.offered_on,
            anchor_on=command.anchor_on,
        )
    ]


def _is_same_offer(command: OfferAftercare, offered: AftercareOffered) -> bool:
    """For the same job, whenever it was made; the placement says at which company."""
    return (
        command.placement,
        command.enrolment,
        command.person_ref,
        command.programme,
        command.anchor_on,
    ) == (
        offered.placement,
        offered.enrolment,
        offered.person_ref,
        offered.programme,
        offered.anchor_on,
    )


def _answered_on(answer: Answer) -> date:
    return answer.accepted_on if isinstance(answer, AftercareAccepted) else answer.declined_on


def _answer_on(state: Plan, party: Party, day: date) -> Answer | None:
    """The party's answer that holds on the day: the latest, of equals the one recorded last."""
    answers = [it for it in state.answers if it.party == party and _answered_on(it) <= day]
    return max(reversed(answers), key=_answered_on, default=None)


def _answer(state: Plan, answer: Answer) -> Sequence[PlanEvent]:
    if answer in state.answers:
        return []  # said already; if it was taken back that day, an old repetition undoes nothing
    holding = _answer_on(state, answer.party, _answered_on(answer))
    if type(holding) is type(answer):
        raise NotPossible(f"the {answer.party} answered so already, on {_answered_on(holding)}")
    return [answer]


def _agree(
    command: AgreeAftercarePlan, state: Plan, offered: AftercareOffered, known: Known
) -> Sequence[PlanEvent]:
    if state.agreed is not None and _says_the_same(command, state.agreed):
        return []
    if state.agreed is not None:
        raise NotPossible(f"a plan was agreed on {state.agreed.agreed_on}")
    _refuse_before_offer(offered, command.agreed_on, "$.agreed_on")
    accepted = _accepted_on(state, command.agreed_on)
    if not accepted:
        raise NotPossible(f"nobody has accepted aftercare by {command.agreed_on}")
    touchpoints = command.touchpoints
    if touchpoints is None:
        touchpoints = _default_touchpoints(_definition(known), accepted)
    _refuse_touchpoints(touchpoints, accepted)
    return [
        AftercarePlanAgreed(
            placement=offered.placement,
            agreed_on=command.agreed_on,
            anchor_on=command.anchor_on,
            touchpoints=touchpoints,
        )
    ]


def _says_the_same(command: AgreeAftercarePlan, agreed: AftercarePlanAgreed) -> bool:
    """A command without touchpoints leaves them open: what was agreed then is what it asked for."""
    touchpoints = agreed.touchpoints if command.touchpoints is None else command.touchpoints
    return (command.agreed_on, command.anchor_on, touchpoints) == (
        agreed.agreed_on,
        agreed.anchor_on,
        agreed.touchpoints,
    )


def _accepted_on(state: Plan, day: date) -> frozenset[Party]:
    parties: tuple[Party, ...] = ("citizen", "company")
    return frozenset(
        party for party in parties if isinstance(_answer_on(state, party, day), AftercareAccepted)
    )


def _default_touchpoints(
    definition: Definition, accepted: frozenset[Party]
) -> tuple[Touchpoint, ...]:
    return tuple(
        Touchpoint(id=it.id, party=it.party, offset=it.offset, window_days=it.window_days)
        for it in definition.aftercare.touchpoints
        if it.party in accepted
    )


def _refuse_touchpoints(touchpoints: Sequence[Touchpoint], accepted: frozenset[Party]) -> None:
    seen: set[str] = set()
    for index, touchpoint in enumerate(touchpoints):
        if touchpoint.id in seen:
            raise InvalidField(
                f"$.touchpoints[{index}].id", f"{touchpoint.id!r} stands there already"
            )
        if touchpoint.party not in accepted:
            raise NotPossible(
                f"the {touchpoint.party} has not accepted", f"$.touchpoints[{index}].party"
            )
        seen.add(touchpoint.id)


def _complete(command: CompleteFollowUp, state: Plan) -> Sequence[PlanEvent]:
    event = FollowUpCompleted(
        touchpoint=command.touchpoint,
        party=command.party,
        channel=command.channel,
        held_on=command.held_on,
        employment_state=command.employment_state,
        weekly_minutes=command.weekly_minutes,
    )
    if event in state.completed:
        return []
    citizen = _answer_on(state, "citizen", command.held_on)
    if command.party == "company" and isinstance(citizen, AftercareDeclined):
        raise NoBasis(citizen.declined_on)
    if command.touchpoint is not None:
        _refuse_completion(command, command.touchpoint, state)
    return [event]


def _refuse_completion(command: CompleteFollowUp, touchpoint_id: str, state: Plan) -> None:
    agreed, touchpoint = _touchpoint(state, touchpoint_id)
    if command.party != touchpoint.party:
        raise InvalidField("$.party", f"{touchpoint.id!r} is agreed with the {touchpoint.party}")
    if any(it.touchpoint == touchpoint.id for it in state.completed):
        raise NotPossible(f"{touchpoint.id!r} was completed otherwise", "$.touchpoint")
    first, last = window(agreed.anchor_on, touchpoint)
    missed = any(it.touchpoint == touchpoint.id for it in state.missed)
    if missed and not first <= command.held_on <= last:
        raise NotPossible(
            f"{touchpoint.id!r} was missed: only a contact between {first} and {last} undoes that",
            "$.held_on",
        )


def _miss(command: MissFollowUp, state: Plan, today: date, known: Known) -> Sequence[PlanEvent]:
    agreed, touchpoint = _touchpoint(state, command.touchpoint)
    due = due_on(agreed.anchor_on, touchpoint)
    if command.due_on != due:
        raise InvalidField("$.due_on", f"{touchpoint.id!r} is due on {due}")
    event = FollowUpMissed(touchpoint=touchpoint.id, due_on=due)
    if event in state.missed:
        return []
    if any(it.touchpoint == touchpoint.id for it in state.completed):
        raise NotPossible(f"{touchpoint.id!r} was completed", "$.touchpoint")
    grace = timedelta(days=_definition(known).aftercare.grace_days)
    last = window(agreed.anchor_on, touchpoint)[1] + grace
    if today <= last:
        raise NotPossible(f"{touchpoint.id!r} may be held and registered until {last}", "$.due_on")
    return [event]


def _touchpoint(state: Plan, touchpoint_id: str) -> tuple[AftercarePlanAgreed, Touchpoint]:
    if state.agreed is not None:
        for touchpoint in state.agreed.touchpoints:
            if touchpoint.id == touchpoint_id:
                return state.agreed, touchpoint
    raise InvalidField("$.touchpoint", f"{touchpoint_id!r} is no touchpoint of the plan")


def _definition(known: Known) -> Definition:
    if known.definition is None:
        raise NotYet("the programme of the plan is not known here yet")
    return known.definition


def _refuse_before_offer(offered: AftercareOffered, day: date, path: str) -> None:
    if day < offered.offered_on:
        raise NotPossible(f"aftercare was offered on {offered.offered_on}", path)
