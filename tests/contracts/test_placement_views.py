"""What placement sees of others and of itself: seats, warnings, and whose a placement is."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from msgspec import Struct

from services.intake.app import running as intake_running
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.definition import PracticeLimit, StaffTier
from services.placement import reactions
from services.placement.app import handlings
from services.placement.enrolled import PLAN
from services.placement.events import (
    VOCABULARY,
    MatchProposed,
    MatchReason,
    PlacementAgreed,
    PlacementPersonChanged,
    PlacementPersonErased,
)
from services.placement.placed import PlacementFact
from shared.bus_door import connected_broker, start
from shared.command import Reply
from shared.desk import Desk
from shared.event import Event
from shared.event_store import EventStore
from shared.handling import Handler
from shared.reaction import settled
from shared.view import View, following
from tests.contracts.casework import Send, enrolment_of, new, referral, registered, sent, to
from tests.contracts.conftest import settings_for
from tests.contracts.reading import own_bus
from tests.definitions import definition

WAIT = 20.0
PROGRAMME = "contracts"
COMPANY = "cvr12345678"
DEFINITION = definition(
    key=PROGRAMME,
    practice_limits=(PracticeLimit(longest="P13W"),),
    staff_tiers=(StaffTier(per=5, up_to=50), StaffTier(per=10)),
)


class World(Struct, frozen=True):
    """Intake and placement on streams of their own, with a programme and a company of five."""

    intake: Send
    desk: Desk
    view: View
    store: EventStore

    async def ask(self, kind: str, /, **fields: object) -> Reply:
        """Placement is asked, once it has seen all that was recorded before."""
        await self.view.catch_up()
        return await to(self.desk)(new(kind, **fields, late_reason="import"))

    async def told(self, kind: str, /, **fields: object) -> list[str]:
        """Placement accepts it, with these warnings beside that of late registration."""
        reply = await self.ask(kind, **fields)
        assert reply.ok, reply
        return [it.code for it in reply.warnings or () if it.code != "LATE"]

    async def enrolled(self, person: str) -> str:
        """An enrolment of the person."""
        enrolment = str(uuid4())
        await sent(self.intake, referral(person, enrolment))
        await sent(self.intake, enrolment_of(enrolment))
        return enrolment

    async def agreed(self, enrolment: str, **fields: object) -> str:
        """A placement of the enrolment."""
        placement = str(uuid4())
        about = {"enrolment": enrolment, "company": COMPANY, "purpose": "training", **fields}
        await self.told("AgreePlacement", placement=placement, **about)
        return placement

    async def anybody(self) -> str:
        """A placement of somebody new."""
        return await self.agreed(await self.enrolled(await registered(self.intake)))

    async def reacted(self) -> None:
        """Placement has done what intake's events ask for, and sees it."""
        await settled(self.store.bus, INTAKE, reactions.DURABLE, WAIT)
        await self.view.catch_up()

    async def person_of(self, placement: str) -> str:
        await self.reacted()
        (fact,) = await self.view.facts(PlacementFact, placement=placement)
        return fact.person_ref

    async def events(self, entity: str, entity_id: str) -> list[Event]:
        history = await self.store.load(f"placement.{entity}.{entity_id}")
        return [record.event for record in history.records]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with own_bus(tmp_path) as (server, bus):
        settings = settings_for(server.url, tmp_path)
        async with (
            intake_running(settings) as intake_desk,
            connected_broker(server.url, "placement-door") as broker,
            following(PLAN, settings.database_of("placement"), bus) as projection,
        ):
            store = EventStore(bus, VOCABULARY)
            view = View(projection, bus, wait=WAIT)
            desk = Desk("placement", Handler(store, b"a secret"), handlings(store, view))
            reactions.subscribe(broker, view, desk)
            await start(broker)
            intake = to(intake_desk)
            opening = new(
                "OpenProgramme", programme=PROGRAMME, definition=msgspec.to_builtins(DEFINITION)
            )
            await sent(intake, {**opening, "late_reason": "import"})
            world = World(intake, desk, view, store)
            company = {"cvr": "12345678", "name": "Hedens Brød", "sector": "retail"}
            await world.told("RegisterCompany", **company, employees=5)
            yield world


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


async def an_opening(world: World, **changes: object) -> str:
    opening = str(uuid4())
    fields = {
        "company": COMPANY,
        "kind": "small_job",
        "positions": 1,
        "weekly_minutes_min": 300,
        "weekly_minutes_max": 600,
        "carved": False,
        "found_by": "mentor",
        "sector": "retail",
        "reported_on": "2021-06-01",
    }
    await world.told("ReportOpening", opening=opening, **(fields | changes))
    return opening


def agreement(enrolment: str, **fields: object) -> dict[str, object]:
    return {
        "placement": str(uuid4()),
        "enrolment": enrolment,
        "company": COMPANY,
        "purpose": "job",
        **fields,
    }


async def test_an_opening_has_as_many_seats_as_positions_and_a_cancelled_one_is_free_again(
    world: World,
) -> None:
    opening = await an_opening(world)
    one, other = [await world.enrolled(await registered(world.intake)) for _ in range(2)]
    first = await world.agreed(one, opening=opening)

    full = await world.ask("AgreePlacement", **agreement(other, opening=opening))
    proposed = await world.ask(
        "ProposeMatch", enrolment=other, opening=opening, proposed_on="2021-06-02"
    )
    await world.told("CancelPlacement", placement=first, cancelled_on="2021-06-03", reason="other")

    assert refusal(full) == refusal(proposed) == ("STATE", "$.opening")
    assert (await world.ask("AgreePlacement", **agreement(other, opening=opening))).ok


async def test_a_match_is_proposed_for_what_is_known_and_decides_over_the_placement(
    world: World,
) -> None:
    enrolment = await world.enrolled(await registered(world.intake))
    activity = new(
        "CompleteActivity",
        enrolment=enrolment,
        kind="cv",
        completed_on="2021-05-20",
        late_reason="import",
    )
    await sent(world.intake, activity)
    opening = await an_opening(world, requirements=["cv", "sector_training"])

    await world.told(
        "ProposeMatch",
        match="m-1",
        enrolment=enrolment,
        opening=opening,
        proposed_on="2021-06-02",
        weekly_minutes=450,
    )
    answer = {"match": "m-1", "party": "company", "answered_on": "2021-06-04"}
    await world.told("AnswerMatch", **answer, answer="declined")
    declined = await world.ask(
        "AgreePlacement", **agreement(enrolment, opening=opening, match="m-1")
    )

    assert (await world.events("match", "m-1"))[0] == MatchProposed(
        enrolment=enrolment,
        opening=opening,
        reasons=(
            MatchReason("hours", 2, "as_wished"),
            MatchReason("requirements", 1, "cv"),
            MatchReason("requirements", -2, "sector_training"),
        ),
        score=1,
        proposed_on=date(2021, 6, 2),
    )
    assert refusal(declined) == ("STATE", "$.match")
    await world.told("AnswerMatch", **{**answer, "answered_on": "2021-06-05"}, answer="accepted")
    await world.agreed(enrolment, opening=opening, match="m-1")


async def test_a_practice_beyond_the_limit_is_accepted_with_a_warning(world: World) -> None:
    practice = {"start_on": "2021-06-01", "wage_hours": "none"}  # the 91st day is 30 August
    within, beyond = [await world.agreed(await world.enrolled(p)) for p in await _two(world)]

    start = {"placement": within, **practice, "planned_end_on": "2021-08-30"}
    assert await world.told("StartPractice", **start) == []
    extension = {"placement": within, "new_end_on": "2021-08-31", "ground": "other"}
    assert await world.told("ExtendPractice", **extension) == ["DURATION_LIMIT"]
    await world.told("EndPractice", placement=within, end_on="2021-06-02", reason="other")
    start = {"placement": beyond, **practice, "start_on": "2021-06-03"}
    assert await world.told("StartPractice", **start, planned_end_on="2021-09-02") == [
        "DURATION_LIMIT"
    ]


async def _two(world: World) -> list[str]:
    return [await registered(world.intake) for _ in range(2)]


async def test_one_trainee_too_many_is_accepted_with_a_warning(world: World) -> None:
    """A company of five may have one trainee."""
    first, second, third = [await world.anybody() for _ in range(3)]
    practice = {"planned_end_on": "2021-07-01", "wage_hours": "none"}

    begun = {"placement": first, "start_on": "2021-06-01"}
    assert await world.told("StartPractice", **begun, **practice) == []
    begun = {"placement": second, "start_on": "2021-06-10"}
    assert await world.told("StartPractice", **begun, **practice) == ["STAFF_RATIO"]
    await world.told("EndPractice", placement=first, end_on="2021-06-20", reason="other")
    await world.told("EndPractice", placement=second, end_on="2021-06-20", reason="other")
    begun = {"placement": third, "start_on": "2021-06-21"}
    assert await world.told("StartPractice", **begun, **practice) == []


async def test_more_than_sixty_paid_hours_a_week_in_all_are_accepted_with_a_warning(
    world: World,
) -> None:
    one, other = await _two(world)
    enrolment = await world.enrolled(one)
    here, there = await world.agreed(enrolment), await world.agreed(enrolment)
    elsewhere = await world.agreed(await world.enrolled(other))
    job = {"kind": "full_time", "start_on": "2021-06-01", "open_ended": True}

    assert await world.told("StartEmployment", placement=here, **job, weekly_minutes=2220) == []
    assert (
        await world.told("StartEmployment", placement=elsewhere, **job, weekly_minutes=2220) == []
    )
    hours = {"placement": there, "from_on": "2021-06-07"}
    assert await world.told("BeginWageHours", **hours, weekly_minutes=1380) == []
    fewer = {"placement": there, "from_on": "2021-06-08", "weekly_minutes": 1370}
    assert await world.told("ChangeWageHours", **fewer) == []
    more = {"placement": there, "from_on": "2021-06-14", "weekly_minutes": 1381}
    assert await world.told("ChangeWageHours", **more) == ["IMPLAUSIBLE"]


async def test_more_than_twice_the_agreed_hours_are_accepted_with_a_warning(world: World) -> None:
    placement = await world.anybody()
    await world.told(
        "BeginWageHours", placement=placement, from_on="2021-06-01", weekly_minutes=300
    )
    week = {"placement": placement, "from_on": "2021-06-07", "to_on": "2021-06-13"}

    paid = {**week, "evidence": "payslip"}
    assert await world.told("ReportWageHours", **paid, wage_minutes=600) == []
    assert await world.told("ReportWageHours", **paid, wage_minutes=601) == ["IMPLAUSIBLE"]


def merge(survivor: str, merged: str) -> dict[str, object]:
    return new("MergePersons", person_ref=survivor, merged_ref=merged, evidence="register_check")


async def test_the_placements_of_a_merged_record_are_the_survivors_until_it_is_reverted(
    world: World,
) -> None:
    survivor, double = await _two(world)
    enrolment = await world.enrolled(double)
    before = await world.agreed(enrolment)
    others = await world.agreed(await world.enrolled(survivor))

    await sent(world.intake, merge(survivor, double))
    assert await world.person_of(before) == survivor
    after = await world.agreed(enrolment)
    assert await world.person_of(after) == survivor

    revert = {"person_ref": survivor, "merged_ref": double, "evidence": "wrong_person"}
    await sent(world.intake, new("RevertPersonMerge", **revert))
    assert [await world.person_of(it) for it in (before, after)] == [double, double]
    assert await world.person_of(others) == survivor
    assert len(await world.events("placement", others)) == 1
    assert (await world.events("placement", before))[1:] == [
        PlacementPersonChanged(person_ref=survivor),
        PlacementPersonChanged(person_ref=double),
    ]


async def test_a_retracted_merge_gives_the_placements_back(world: World) -> None:
    survivor, double = await _two(world)
    placement = await world.agreed(await world.enrolled(double))
    merged = await sent(world.intake, merge(survivor, double))
    assert await world.person_of(placement) == survivor
    assert merged.events is not None

    subject = f"intake.person.{survivor}"
    wrong = {"event_id": merged.events[0].id, "reason": "wrong_person"}
    await sent(world.intake, new("RetractEvent", subject=subject, **wrong))

    assert await world.person_of(placement) == double


async def test_a_placement_follows_an_enrolment_that_was_another_persons(world: World) -> None:
    wrong, right = await _two(world)
    enrolment = str(uuid4())
    first = await sent(world.intake, referral(wrong, enrolment))
    await sent(world.intake, enrolment_of(enrolment))
    placement = await world.agreed(enrolment)
    assert first.events is not None

    data = {**referral(right, enrolment), "site": "ikast"}
    for name in ("type", "command_id", "enrolment", "late_reason"):
        del data[name]
    correction = new(
        "CorrectEvent",
        subject=f"intake.enrolment.{enrolment}",
        event_id=first.events[0].id,
        data=data,
        reason="wrong_person",
    )
    await sent(world.intake, correction)

    assert await world.person_of(placement) == right


async def test_an_erased_persons_placements_say_so_once_however_often_they_hear_it(
    world: World,
) -> None:
    person = await registered(world.intake)
    placement = await world.agreed(await world.enrolled(person))
    about = {"person_ref": person, "late_reason": "import"}
    await sent(world.intake, new("RequestErasure", **about, requested_on="2021-06-01"))
    erasure = {"erased_on": "2021-06-02", "retention_code": "P1825D", "basis": "gdpr"}
    await sent(world.intake, new("ErasePerson", **about, **erasure))
    await world.reacted()

    intake = EventStore(world.store.bus, INTAKE)
    for record in (await intake.load(f"intake.person.{person}")).records:
        await reactions.follow(record, world.view, world.desk)

    agreed, *more = await world.events("placement", placement)
    assert isinstance(agreed, PlacementAgreed)
    assert more == [PlacementPersonErased(person_ref=person)]


async def correction(
    world: World, entity: str, entity_id: str, number: int = 0, **changes: object
) -> Reply:
    """What becomes of a correction of an event of the entity, by default of its first."""
    record = (await world.store.load(f"placement.{entity}.{entity_id}")).records[number]
    return await world.ask(
        "CorrectEvent",
        subject=f"placement.{entity}.{entity_id}",
        event_id=record.envelope.id,
        data=msgspec.to_builtins(record.event) | changes,
        reason="typing",
    )


async def test_an_agreement_is_corrected_by_the_rules_by_which_it_was_made(world: World) -> None:
    one, other = await _two(world)
    enrolment = await world.enrolled(one)
    placement = await world.agreed(enrolment)

    about = ("placement", placement)
    assert (await correction(world, *about, purpose="job")).ok
    no_company = await correction(world, *about, company="cvr87654321")
    no_opening = await correction(world, *about, opening="o-1")
    not_hers = await correction(world, *about, person_ref=other)

    assert refusal(no_company) == ("INVALID_FIELD", "$.data.company")
    assert refusal(no_opening) == ("INVALID_FIELD", "$.data.opening")
    assert refusal(not_hers) == ("INVALID_FIELD", "$.data.enrolment")


async def test_new_data_of_a_placement_get_the_warnings_that_its_command_would(
    world: World,
) -> None:
    enrolment = await world.enrolled(await registered(world.intake))
    here, there = await world.agreed(enrolment), await world.agreed(enrolment)
    practice = {"start_on": "2021-06-01", "planned_end_on": "2021-08-30", "wage_hours": "none"}
    job = {"kind": "full_time", "start_on": "2021-06-01", "open_ended": True}
    assert await world.told("StartPractice", placement=there, **practice) == []
    hours = {"placement": there, "from_on": "2021-06-07"}
    assert await world.told("BeginWageHours", **hours, weekly_minutes=1380) == []
    assert await world.told("StartEmployment", placement=here, **job, weekly_minutes=2220) == []

    for number, changes, warnings in (
        (1, {"planned_end_on": "2021-08-31"}, ["DURATION_LIMIT"]),
        (2, {"weekly_minutes": 1379}, []),
        (2, {"weekly_minutes": 1381}, ["IMPLAUSIBLE"]),
    ):
        corrected = await correction(world, "placement", there, number, **changes)
        assert corrected.ok
        assert [it.code for it in corrected.warnings or ()] == warnings


async def test_whose_a_placement_is_nobody_says_at_a_door(world: World) -> None:
    placement = await world.anybody()
    for kind in ("ChangePlacementPerson", "ErasePlacementPerson"):
        reply = await world.ask(kind, placement=placement, person_ref="somebody-else")
        assert refusal(reply) == ("FORBIDDEN", "")
    assert len(await world.events("placement", placement)) == 1


async def test_an_opening_is_corrected_and_the_score_of_a_match_is_not(world: World) -> None:
    opening = await an_opening(world)
    enrolment = await world.enrolled(await registered(world.intake))
    match = {"match": "m-1", "enrolment": enrolment, "opening": opening}
    await world.told("ProposeMatch", **match, proposed_on="2021-06-02")

    no_company = await correction(world, "opening", opening, company="cvr87654321")
    no_programme = await correction(world, "opening", opening, programme="another")
    forged = await correction(world, "match", "m-1", score=99)

    assert refusal(no_company) == ("INVALID_FIELD", "$.data.company")
    assert refusal(no_programme) == ("INVALID_FIELD", "$.data.programme")
    assert refusal(forged) == ("INVALID_FIELD", "$.data.score")
    assert (await correction(world, "opening", opening, positions=3)).ok


async def test_a_level_is_corrected_for_an_open_programme_alone(world: World) -> None:
    level = {"company": COMPANY, "on": "2021-06-01", "level": 1, "is_baseline": True}
    reply = await world.ask("RecordCooperationLevel", **level, programme=PROGRAMME)
    other = await world.ask("RecordCooperationLevel", **level, programme="another")
    _, event = (await world.store.load(f"placement.company.{COMPANY}")).records
    wrong = await world.ask(
        "CorrectEvent",
        subject=f"placement.company.{COMPANY}",
        event_id=event.envelope.id,
        data=msgspec.to_builtins(event.event) | {"programme": "another"},
        reason="typing",
    )

    assert reply.ok
    assert refusal(other) == ("INVALID_FIELD", "$.programme")
    assert refusal(wrong) == ("INVALID_FIELD", "$.data.programme")
