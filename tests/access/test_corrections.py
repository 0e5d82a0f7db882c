"""A correction is no way around what its caller may not record: in another programme, or at all."""

import asyncio

import msgspec
import pytest
from msgspec import Struct

from services.aftercare.events import VOCABULARY as AFTERCARE
from services.intake.events import VOCABULARY as INTAKE
from services.placement.events import VOCABULARY as PLACEMENT
from shared.command import SEND_AGAIN, Reply
from shared.envelope import Recorded
from shared.event_store import EventStore
from shared.subjects import subject_of
from tests.access.system import OTHER, OWN, System
from tests.contracts.patience import PATIENT
from tests.journeys import today
from tests.journeys.today import COMPANY, Body, ago, command

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

STORES = {it.service: it for it in (INTAKE, PLACEMENT, AFTERCARE)}
FORBIDDEN = "FORBIDDEN"


class Entity(Struct, frozen=True):
    """One entity, and the ways in which the last event of a type is corrected."""

    system: System
    subject: str

    async def events(self) -> list[Recorded]:
        store = EventStore(self.system.bus, STORES[self._service])
        history = await store.load(self.subject, await store.last_position(self.subject))
        return list(history.records)

    async def data(self, kind: str, **changes: object) -> Body:
        recorded = await self._last(kind)
        return {**msgspec.json.decode(recorded.envelope.data, type=dict[str, object]), **changes}

    async def correct(self, token: str, kind: str, **changes: object) -> Reply:
        return await self._change(
            token, "CorrectEvent", kind, data=await self.data(kind, **changes)
        )

    async def retract(self, token: str, kind: str) -> Reply:
        return await self._change(token, "RetractEvent", kind)

    async def propose(self, token: str, kind: str, **changes: object) -> Reply:
        """With changes a correction, else a retraction."""
        data = {"data": await self.data(kind, **changes)} if changes else {}
        return await self._change(token, "ProposeCorrection", kind, **data)

    async def answer(self, token: str, name: str, proposal: Reply, **more: object) -> Reply:
        assert proposal.events, proposal
        body = command(name, subject=self.subject, proposal_id=proposal.events[0].id, **more)
        return await self._sent(body, token)

    async def _change(self, token: str, name: str, kind: str, **more: object) -> Reply:
        event_id = (await self._last(kind)).envelope.id
        body = command(name, subject=self.subject, event_id=event_id, reason="wrong", **more)
        return await self._sent(body, token)

    async def _sent(self, body: Body, token: str) -> Reply:
        async with asyncio.timeout(PATIENT):
            while True:
                reply = await self.system.post(self._service, body, token)
                if reply.error is None or reply.error.code not in SEND_AGAIN:
                    return reply

    async def _last(self, kind: str) -> Recorded:
        return [it for it in await self.events() if it.envelope.type == kind][-1]

    @property
    def _service(self) -> str:
        return self.subject.split(".", maxsplit=1)[0]


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


@pytest.fixture
def own(system: System) -> str:
    return system.casework[OWN].programme


@pytest.fixture
def other(system: System) -> str:
    return system.casework[OTHER].programme


async def referred(system: System, programme: str) -> Entity:
    person = today.register_person()
    referral = today.refer(programme, person["person_ref"])
    await system.sent("intake", person)
    await system.sent("intake", referral)
    return Entity(system, subject_of("intake", "enrolment", referral["enrolment"]))


async def test_a_referral_goes_to_another_programme_only_by_who_works_in_both(
    system: System, own: str, other: str
) -> None:
    nina = system.keys.token("nina", caseworker=[own], coordinator=[own])
    omar = system.keys.token("omar", caseworker=[other], coordinator=[other])
    both = system.keys.token("both", caseworker=[own, other])
    enrolment = await referred(system, own)
    before = await enrolment.events()

    for way in (enrolment.correct, enrolment.propose):
        reply = await way(nina, "ParticipantReferred", programme=other)
        assert refusal(reply) == (FORBIDDEN, "$.data.programme")
        reply = await way(omar, "ParticipantReferred", programme=other)
        assert refusal(reply) == (FORBIDDEN, "$.subject")
    assert await enrolment.events() == before

    assert (await enrolment.correct(nina, "ParticipantReferred", referred_on=ago(41))).ok
    assert (await enrolment.correct(both, "ParticipantReferred", programme=other)).ok
    assert refusal(await enrolment.retract(nina, "EventCorrected")) == (FORBIDDEN, "$.subject")
    assert refusal(await enrolment.retract(omar, "EventCorrected")) == (FORBIDDEN, "$.event_id")
    nested = await enrolment.data("EventCorrected")
    nested["data"]["programme"] = own
    reply = await enrolment.correct(omar, "EventCorrected", **nested)
    assert refusal(reply) == (FORBIDDEN, "$.data.data.programme")
    assert (await enrolment.retract(both, "EventCorrected")).ok


async def test_a_proposal_is_approved_by_who_coordinates_both_programmes(
    system: System, own: str, other: str
) -> None:
    both = system.keys.token("both", caseworker=[own, other])
    nina, kim = (
        system.keys.token(name, coordinator=programmes)
        for name, programmes in (("nina", [own]), ("kim", [own, other]))
    )
    enrolment = await referred(system, own)
    proposal = await enrolment.propose(both, "ParticipantReferred", programme=other)

    reply = await enrolment.answer(nina, "ApproveCorrection", proposal)
    assert refusal(reply) == (FORBIDDEN, "$.proposal_id")
    assert (await enrolment.answer(kim, "ApproveCorrection", proposal)).ok

    enrolment = await referred(system, own)
    proposal = await enrolment.propose(both, "ParticipantReferred", programme=other)
    assert (await enrolment.answer(nina, "RejectCorrection", proposal, reason="no")).ok


async def test_openings_and_problems_stay_in_their_programme(
    system: System, own: str, other: str
) -> None:
    nina = system.keys.token("nina", caseworker=[own], coordinator=[own])
    subjects = system.casework[OWN].subjects
    for subject, kind in (
        (subjects["opening"], "OpeningReported"),
        (subjects["problem"], "ProblemRaised"),
        (subjects["plan"], "AftercareOffered"),
        (subjects["placement"], "PlacementAgreed"),
    ):
        entity = Entity(system, subject)
        before = await entity.events()
        for way in (entity.correct, entity.propose):
            reply = await way(nina, kind, programme=other)
            assert refusal(reply) == (FORBIDDEN, "$.data.programme"), kind
        assert await entity.events() == before

    problem = Entity(system, subjects["problem"])
    theirs = system.casework[OTHER].placement
    reply = await problem.propose(nina, "ProblemRaised", placement=theirs)
    assert refusal(reply) == (FORBIDDEN, "$.data.placement")
    assert (await problem.propose(nina, "ProblemRaised", severity=2)).ok


async def test_what_is_said_of_a_company_for_a_programme_is_that_programmes(
    system: System, own: str, other: str
) -> None:
    nina = system.keys.token("nina", coordinator=[own])
    omar = system.keys.token("omar", coordinator=[other])
    company = Entity(system, subject_of("placement", "company", COMPANY))

    async def level(programme: str, token: str) -> None:
        body = command(
            "RecordCooperationLevel",
            company=COMPANY,
            on=ago(2),
            level=3,
            is_baseline=False,
            programme=programme,
        )
        await system.sent("placement", body, token)

    kind = "CooperationLevelRecorded"
    await level(other, omar)
    before = await company.events()
    for reply in (
        await company.correct(nina, kind, level=1),
        await company.correct(nina, kind, programme=own),
        await company.retract(nina, kind),
        await company.propose(nina, kind),
    ):
        assert refusal(reply) == (FORBIDDEN, "$.event_id")
    assert await company.events() == before

    proposal = await company.propose(omar, kind)
    for name, more in (("ApproveCorrection", {}), ("RejectCorrection", {"reason": "no"})):
        reply = await company.answer(nina, name, proposal, **more)
        assert refusal(reply) == (FORBIDDEN, "$.event_id"), name

    await level(own, nina)
    reply = await company.correct(nina, kind, programme=other)
    assert refusal(reply) == (FORBIDDEN, "$.data.programme")
    assert (await company.correct(nina, kind, level=2)).ok


async def test_an_answer_to_a_request_for_erasure_is_a_coordinators_to_change(
    system: System, own: str
) -> None:
    nina = system.keys.token("nina", caseworker=[own])
    kim = system.keys.token("kim", coordinator=[own])
    registered = today.register_person()
    ref = registered["person_ref"]
    person = Entity(system, subject_of("intake", "person", ref))
    request = command("RequestErasure", person_ref=ref, requested_on=ago(3))
    refused = command("RefuseErasure", person_ref=ref, refused_on=ago(2), reason="duty_to_keep")
    for body in (registered, request, refused):
        await system.sent("intake", body)

    assert refusal(await person.retract(nina, "ErasureRefused")) == (FORBIDDEN, "$.type")
    reply = await person.correct(nina, "ErasureRefused", refused_on=ago(1))
    assert refusal(reply) == (FORBIDDEN, "$.type")
    assert refusal(await person.propose(nina, "ErasureRefused")) == (FORBIDDEN, "$.type")
    assert (await person.retract(kim, "ErasureRefused")).ok
    assert refusal(await person.retract(nina, "EventRetracted")) == (FORBIDDEN, "$.type")

    assert (await person.correct(nina, "ErasureRequested", requested_on=ago(4))).ok


async def test_an_erasure_is_never_undone(system: System, other: str) -> None:
    nina = system.keys.token("nina", caseworker=[other])
    kim = system.keys.token("kim", caseworker=[other], coordinator=[other])
    ref = system.casework[OTHER].person_ref
    person = Entity(system, subject_of("intake", "person", ref))
    placement = Entity(system, system.casework[OTHER].subjects["placement"])
    request = command("RequestErasure", person_ref=ref, requested_on=ago(3))
    erase = command(
        "ErasePerson", person_ref=ref, erased_on=ago(2), retention_code="P5Y", basis="ended"
    )
    for body in (request, erase):
        await system.sent("intake", body)
    before = await person.events()

    assert refusal(await person.retract(nina, "PersonErased")) == (FORBIDDEN, "$.type")
    assert refusal(await person.correct(nina, "PersonErased", basis="x")) == (FORBIDDEN, "$.type")
    for kind, change in (
        ("PersonErased", {"basis": "x"}),
        ("ErasureRequested", {"requested_on": ago(4)}),
        ("PersonRegistered", {"birth_year": 1979}),
    ):
        for reply in (
            await person.correct(kim, kind, **change),
            await person.propose(kim, kind, **change),
            await person.retract(kim, kind),
            await person.propose(kim, kind),
        ):
            assert refusal(reply) == ("ERASED", "$.event_id"), kind
    assert await person.events() == before

    async with asyncio.timeout(PATIENT):
        while (events := await placement.events())[-1].envelope.type != "PlacementPersonErased":
            await asyncio.sleep(0.02)
    for reply in (
        await placement.retract(kim, "PlacementPersonErased"),
        await placement.propose(kim, "PlacementPersonErased"),
    ):
        assert refusal(reply) == ("STATE", "$.event_id")
    assert await placement.events() == events
