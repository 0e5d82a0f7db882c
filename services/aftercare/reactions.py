"""What aftercare does when employments change: every ordinary one has a plan, and no other has."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import cast

import msgspec
import structlog
from faststream.nats import NatsBroker
from msgspec.structs import asdict

from services.aftercare.caseload import EmploymentFact, OfferedFact, definition_on, placed
from services.aftercare.events import EMPLOYMENT_RETRACTED, AftercareOffered
from services.aftercare.known import Placed
from services.aftercare.plan_commands import CloseAftercare, OfferAftercare
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import EmploymentChanged, EmploymentStarted
from shared import reaction
from shared.actors import own
from shared.bus import Bus
from shared.clock import copenhagen_day
from shared.command import Command, Origin
from shared.correction.commands import CorrectEvent, RetractEvent
from shared.correction.events import EventCorrected, EventRetracted
from shared.desk import Desk
from shared.envelope import Recorded
from shared.errors import NotYet
from shared.identifiers import derived_id
from shared.subjects import subject_of
from shared.view import View

DURABLE = "aftercare-offers-v1"
ACTOR = own("aftercare")
ROUNDS = 5  # more than others' events can change the answer while one is reacted to

CAUSES = (EmploymentStarted, EmploymentChanged, EventCorrected, EventRetracted)

log = structlog.get_logger()


def plan_id(employment: str) -> str:
    """The plan that an employment makes, by the id of the event that it started by."""
    return derived_id("aftercare", employment)


async def line_up(cause: Recorded, view: View, desk: Desk) -> None:
    """Bring a placement's plans into line with its employments; raises while that cannot be settled.

    Looks again after it has done something: whoever wrote last has seen what others wrote.
    """
    if not isinstance(cause.event, CAUSES):
        return
    placement = cause.envelope.subject.rsplit(".", 1)[1]
    for _ in range(ROUNDS):
        await view.catch_up()
        commands = await _wanted(cause, placement, view)
        carried_out = [await reaction.issue(desk, command, cause, ACTOR) for command in commands]
        if not all(carried_out) or not commands:
            return
    log.warning("reaction_unsettled", event_id=cause.envelope.id)


async def _wanted(cause: Recorded, placement: str, view: View) -> Sequence[Command]:
    about = await placed(view, placement)
    if about is None:
        raise NotYet("the employment's placement is not known here yet")
    ordinary: dict[str, EmploymentFact | None] = {}
    if isinstance(cause.event, EventRetracted):
        ordinary[cause.event.event_id] = None  # if it was an employment, it is none any more
    facts = await view.facts(EmploymentFact, placement=placement)
    for fact in sorted(facts, key=lambda fact: fact.from_on):
        counts = await _counts(fact, about.programme, view)
        if ordinary.get(fact.employment) is None:
            ordinary[fact.employment] = fact if counts else None
    plans = {fact.plan: fact for fact in await view.facts(OfferedFact, placement=placement)}
    return list(commands(cause, about, ordinary, plans))


async def _counts(employment: EmploymentFact, programme: str, view: View) -> bool:
    definition = await definition_on(view, programme, employment.from_on)
    if definition is None:
        raise NotYet("the placement's programme is not known here yet")
    return definition.counted_employment.counts(employment.kind, employment.weekly_minutes)


def commands(
    cause: Recorded,
    about: Placed,
    ordinary: Mapping[str, EmploymentFact | None],
    plans: Mapping[str, OfferedFact],
) -> Iterator[Command]:
    """What makes the plans fit; nothing once they do.

    `ordinary`: each employment as it was when it first counted as ordinary, None if it never did.
    A closing by people stays, and so does what they agreed on the contacts.
    """
    for employment, since in ordinary.items():
        offered = plans.get(plan_id(employment))
        if offered is None:
            if since is not None:
                yield _offer(about, since)
        elif since is None:
            if offered.closing is None:
                yield _close(cause, offered)
        else:
            if offered.closing is not None and offered.closing_reason == EMPLOYMENT_RETRACTED:
                yield _reopen(cause, offered, offered.closing)
            fitting = _fitting_offer(about, since, offered)
            if fitting != _recorded_offer(offered):
                yield _correct(cause, offered, fitting)


def _offer(about: Placed, since: EmploymentFact) -> OfferAftercare:
    return OfferAftercare(
        command_id=derived_id("offer", since.employment),
        plan=plan_id(since.employment),
        placement=about.placement,
        enrolment=about.enrolment,
        person_ref=about.person_ref,
        programme=about.programme,
        company=about.company,
        offered_on=since.from_on,
        anchor_on=since.from_on,
        late_reason=since.late_reason or None,
        origin=_origin(since.origin),
        registered_at=datetime.fromisoformat(since.registered_at) if since.registered_at else None,
    )


def _close(cause: Recorded, offered: OfferedFact) -> CloseAftercare:
    found_out_on = copenhagen_day(cause.envelope.registered_at)
    return CloseAftercare(
        command_id=_command_id("close", cause, offered.offer),
        plan=offered.plan,
        closed_on=max(found_out_on, offered.busy_on),
        reason=EMPLOYMENT_RETRACTED,
        late_reason=cause.envelope.latereason or None,
        origin=_origin(cause.envelope.origin),
        registered_at=cause.envelope.registeredat,
    )


def _reopen(cause: Recorded, offered: OfferedFact, closing: str) -> RetractEvent:
    return RetractEvent(
        command_id=_command_id("reopen", cause, closing),
        subject=subject_of("aftercare", "plan", offered.plan),
        event_id=closing,
        reason="employment_counts",
        late_reason=cause.envelope.latereason or None,
        origin=_origin(cause.envelope.origin),
        registered_at=cause.envelope.registeredat,
    )


def _correct(cause: Recorded, offered: OfferedFact, fitting: AftercareOffered) -> CorrectEvent:
    return CorrectEvent(
        command_id=_command_id("correct", cause, offered.offer),
        subject=subject_of("aftercare", "plan", offered.plan),
        event_id=offered.offer,
        data=msgspec.to_builtins(fitting),
        reason="employment_corrected",
        late_reason=cause.envelope.latereason or None,
        origin=_origin(cause.envelope.origin),
        registered_at=cause.envelope.registeredat,
    )


def _origin(text: str) -> Origin | None:
    return cast(Origin, text) if text else None  # an envelope takes it from a command


def _recorded_offer(offered: OfferedFact) -> AftercareOffered:
    names = AftercareOffered.__struct_fields__
    return AftercareOffered(**{name: getattr(offered, name) for name in names})


def _fitting_offer(about: Placed, since: EmploymentFact, offered: OfferedFact) -> AftercareOffered:
    """For the employment as it is now.

    The offer goes back with the start, so that answers of then can be registered, but not ahead
    with it: they may have been. One made after the start stays where it was.
    """
    offered_on = offered.offered_on
    if offered_on <= offered.anchor_on:
        offered_on = min(offered_on, since.from_on)
    return AftercareOffered(**asdict(about), offered_on=offered_on, anchor_on=since.from_on)


def _command_id(verb: str, cause: Recorded, about: str) -> str:
    """The same for the same cause, unless the plan has gone another way meanwhile."""
    return derived_id(verb, cause.envelope.id, about)


async def settled(bus: Bus, wait: float) -> None:
    """Return once all that placement has recorded was reacted to; NotYet after `wait` seconds."""
    await reaction.settled(bus, PLACEMENT, DURABLE, wait)


def subscribe(broker: NatsBroker, view: View, desk: Desk) -> None:
    """React to placement's events; repeating one changes nothing."""
    reaction.subscribe(
        broker, PLACEMENT, "placement.placement.*", DURABLE, partial(line_up, view=view, desk=desk)
    )
