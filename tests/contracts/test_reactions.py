"""Every ordinary employment has a plan, whatever is corrected, retracted or delivered twice."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from services.aftercare import plan
from services.aftercare.app import running
from services.aftercare.events import VOCABULARY as AFTERCARE
from services.aftercare.events import AftercareClosed, AftercareOffered
from services.aftercare.reactions import DURABLE, plan_id, settled
from services.intake import programme
from services.intake.events import VOCABULARY as INTAKE
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import EmploymentChanged, EmploymentStarted, PlacementAgreed
from shared.bus import Bus
from shared.command import Reply
from shared.correction.effective import effective
from shared.correction.events import EventCorrected, EventRetracted
from shared.desk import Desk
from shared.envelope import Event
from shared.event_store import EventStore
from shared.handling import Context
from shared.settings import Settings
from shared.subjects import subject_of
from tests.contracts.casework import new
from tests.contracts.conftest import settings_for
from tests.contracts.reading import NOW, envelope, own_bus, store
from tests.definitions import DEFINITION

WAIT = 20.0
FOUND_OUT_ON = date(2026, 1, 1)  # the day of `NOW`
MAY, JUNE = date(2022, 5, 2), date(2022, 6, 1)


class World:
    """Streams of three services; what placement records is written by hand."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self.bus = bus
        self.settings = settings
        self._recorded = 0

    async def happens(self, event: Event) -> str:
        """Something is recorded of the one placement; its id."""
        self._recorded += 1
        one = envelope(PLACEMENT, "placement", "pl-1", event, self._recorded)
        await store(self.bus, [one])
        return one.id

    async def retracted(self, event_id: str) -> str:
        return await self.happens(EventRetracted(event_id=event_id, reason="wrong_person"))

    async def corrected(self, event_id: str, event: Event) -> str:
        data: dict[str, Any] = msgspec.to_builtins(event)
        return await self.happens(EventCorrected(event_id=event_id, data=data, reason="typing"))

    async def plan_of(self, employment: str) -> tuple[list[str], plan.Plan]:
        """What is recorded of an employment's plan once all was reacted to, and how it stands."""
        await settled(self.bus, WAIT)
        subject = subject_of("aftercare", "plan", plan_id(employment))
        plans = EventStore(self.bus, AFTERCARE)
        history = await plans.load(subject, await plans.last_position(subject))
        state = plan.INITIAL
        for record in effective(history.records, AFTERCARE):
            state = plan.evolve(state, record.event)
        return [record.envelope.type for record in history.records], state


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with own_bus(tmp_path) as (server, bus):
        opened = programme.decide(
            programme.OpenProgramme(command_id="o", programme="jobsporet", definition=DEFINITION),
            programme.INITIAL,
            NOW,
            None,
        )
        await store(bus, [envelope(INTAKE, "programme", "jobsporet", it, 1) for it in opened])
        one = World(bus, settings_for(server.url, tmp_path))
        await one.happens(
            PlacementAgreed(
                enrolment="e-1",
                person_ref="p-1",
                programme="jobsporet",
                company="cvr12345678",
                purpose="placement",
            )
        )
        yield one


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    """Aftercare, with its reactions."""
    async with running(world.settings) as desk:
        yield desk


def job(
    start_on: date = MAY, kind: Literal["full_time", "wage_subsidy"] = "full_time"
) -> EmploymentStarted:
    return EmploymentStarted(kind=kind, start_on=start_on, weekly_minutes=2220, open_ended=True)


def offered(on: date, anchor_on: date) -> AftercareOffered:
    return AftercareOffered(
        placement="pl-1",
        enrolment="e-1",
        person_ref="p-1",
        programme="jobsporet",
        company="cvr12345678",
        offered_on=on,
        anchor_on=anchor_on,
    )


async def answered(desk: Desk, kind: str, **fields: object) -> Reply:
    return await desk.answer(msgspec.json.encode(new(kind, **fields)), Context())


async def test_an_ordinary_employment_is_offered_aftercare(world: World, desk: Desk) -> None:
    employment = await world.happens(job())
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered"]
    assert state.offered == offered(MAY, MAY)


async def test_only_the_clock_says_that_a_contact_was_missed(world: World, desk: Desk) -> None:
    plan = plan_id(await world.happens(job()))
    reply = await answered(desk, "MissFollowUp", plan=plan, touchpoint="week", due_on="2022-05-08")
    assert reply.error is not None
    assert reply.error.code == "FORBIDDEN"


async def test_no_other_employment_is_until_it_becomes_ordinary(world: World, desk: Desk) -> None:
    employment = await world.happens(job(kind="wage_subsidy"))
    assert (await world.plan_of(employment))[0] == []
    await world.happens(
        EmploymentChanged(kind="part_time", from_on=JUNE, weekly_minutes=1200, open_ended=True)
    )
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered"]
    assert state.offered == offered(JUNE, JUNE)


async def test_a_retracted_employment_closes_its_plan_and_comes_back_with_it(
    world: World, desk: Desk
) -> None:
    employment = await world.happens(job())
    assert (await world.plan_of(employment))[0] == ["AftercareOffered"]
    retraction = await world.retracted(employment)
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "AftercareClosed"]
    assert state.closed == AftercareClosed(closed_on=FOUND_OUT_ON, reason="employment_retracted")

    await world.retracted(retraction)
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "AftercareClosed", "EventRetracted"]
    assert state.closed is None

    await world.retracted(employment)
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "AftercareClosed", "EventRetracted", "AftercareClosed"]
    assert state.closed == AftercareClosed(closed_on=FOUND_OUT_ON, reason="employment_retracted")


async def test_an_employment_retracted_before_it_was_reacted_to_has_no_plan(world: World) -> None:
    employment = await world.happens(job())
    await world.retracted(employment)
    async with running(world.settings):
        assert (await world.plan_of(employment))[0] == []


async def test_a_corrected_start_moves_the_anchor(world: World, desk: Desk) -> None:
    employment = await world.happens(job(MAY))
    assert (await world.plan_of(employment))[1].offered == offered(MAY, MAY)

    correction = await world.corrected(employment, job(JUNE))
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "EventCorrected"]
    assert state.offered == offered(MAY, JUNE)  # answers of May may have been registered

    await world.corrected(correction, _correction_of(employment, job(date(2022, 4, 1))))
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "EventCorrected", "EventCorrected"]
    assert state.offered == offered(date(2022, 4, 1), date(2022, 4, 1))


def _correction_of(event_id: str, event: Event) -> EventCorrected:
    return EventCorrected(event_id=event_id, data=msgspec.to_builtins(event), reason="typing")


async def test_an_employment_that_proves_not_ordinary_closes_its_plan(
    world: World, desk: Desk
) -> None:
    employment = await world.happens(job())
    assert (await world.plan_of(employment))[0] == ["AftercareOffered"]
    correction = await world.corrected(employment, job(kind="wage_subsidy"))
    assert (await world.plan_of(employment))[0] == ["AftercareOffered", "AftercareClosed"]
    await world.retracted(correction)
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered", "AftercareClosed", "EventRetracted"]
    assert state.closed is None


async def test_an_employment_that_proves_ordinary_is_offered_aftercare(
    world: World, desk: Desk
) -> None:
    employment = await world.happens(job(kind="wage_subsidy"))
    await world.corrected(employment, job())
    types, state = await world.plan_of(employment)
    assert types == ["AftercareOffered"]
    assert state.offered == offered(MAY, MAY)


async def test_what_people_closed_stays_closed(world: World, desk: Desk) -> None:
    employment = await world.happens(job())
    await world.plan_of(employment)
    reply = await answered(
        desk,
        "CloseAftercare",
        plan=plan_id(employment),
        closed_on="2022-06-01",
        reason="other",
        late_reason="import",
    )
    assert reply.ok, reply
    await world.retracted(await world.retracted(employment))
    assert (await world.plan_of(employment))[0] == ["AftercareOffered", "AftercareClosed"]


async def test_reacting_to_everything_again_changes_nothing(world: World) -> None:
    employment = await world.happens(job())
    other = await world.happens(job(JUNE, kind="wage_subsidy"))
    async with running(world.settings):
        await world.plan_of(employment)
        await world.corrected(other, job(JUNE))
        await world.retracted(employment)
        before = await world.plan_of(employment), await world.plan_of(other)
        last = await world.bus.last_position("AFTERCARE")
    await world.bus.api(f"CONSUMER.DELETE.PLACEMENT.{DURABLE}", {})
    async with running(world.settings):
        assert before == (await world.plan_of(employment), await world.plan_of(other))
        assert last == await world.bus.last_position("AFTERCARE")
    assert before[0][0] == ["AftercareOffered", "AftercareClosed"]
    assert before[1][0] == ["AftercareOffered"]


async def test_an_answer_to_an_offer_that_was_taken_back_is_refused(
    world: World, desk: Desk
) -> None:
    employment = await world.happens(job())
    await world.plan_of(employment)
    subject = subject_of("aftercare", "plan", plan_id(employment))
    plans = EventStore(world.bus, AFTERCARE)
    history = await plans.load(subject, await plans.last_position(subject))
    reply = await answered(
        desk,
        "RetractEvent",
        subject=subject,
        event_id=history.records[0].envelope.id,
        reason="wrong_person",
    )
    assert reply.ok, reply
    reply = await answered(
        desk,
        "AcceptAftercare",
        plan=plan_id(employment),
        party="citizen",
        accepted_on="2022-05-03",
        late_reason="import",
    )
    assert reply.error is not None
    assert reply.error.code == "STATE"


async def test_a_problem_is_of_whom_the_placement_is(world: World, desk: Desk) -> None:
    said: dict[str, object] = {
        "problem": "pr-1",
        "placement": "pl-1",
        "raised_by": "company",
        "category": "attendance",
        "severity": 2,
        "raised_on": "2022-05-03",
        "late_reason": "import",
    }
    for wrong, path in (({"placement": "pl-2"}, "$.placement"), ({"category": "x"}, "$.category")):
        refusal = (await answered(desk, "RaiseProblem", **(said | wrong))).error
        assert refusal is not None
        assert (refusal.code, refusal.path) == ("INVALID_FIELD", path)
    reply = await answered(desk, "RaiseProblem", **said)
    assert reply.ok, reply
    problems = EventStore(world.bus, AFTERCARE)
    history = await problems.load(subject_of("aftercare", "problem", "pr-1"), reply.position)
    assert [msgspec.to_builtins(record.event) for record in history.records] == [
        {
            "placement": "pl-1",
            "enrolment": "e-1",
            "person_ref": "p-1",
            "programme": "jobsporet",
            "company": "cvr12345678",
            "raised_by": "company",
            "category": "attendance",
            "severity": 2,
            "raised_on": "2022-05-03",
        }
    ]
