"""Every role × every command × one's own and another's programme, over HTTP and on the bus."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from shared.access.roles import Role
from shared.clock import copenhagen_day, now
from shared.command import SEND_AGAIN, Command, Reply
from shared.correction.commands import CorrectionCommand
from sluse.sending import commands
from tests.access.system import OTHER, OWN, Casework, System
from tests.any_command import any_command
from tests.contracts.patience import PATIENT
from tests.tokens import Keys

CASEWORKER, COORDINATOR, OPERATOR = "caseworker", "coordinator", "operator"
CASEWORK = {CASEWORKER, COORDINATOR}
COORDINATION = {COORDINATOR}
OPERATION = {OPERATOR}
NOBODY: set[str] = set()

OF_A_PROGRAMME: dict[str, set[str]] = {
    **dict.fromkeys(("OpenProgramme", "ReviseProgramme", "CloseProgramme"), OPERATION),
    "RecordExternalIndicator": OPERATION | COORDINATION,
    **dict.fromkeys(
        (
            "ReferParticipant",
            "AssessEligibility",
            "DeclineReferral",
            "WithdrawReferral",
            "EnrolParticipant",
            "StartParticipation",
            "RecordNeverStarted",
            "DropOutParticipant",
            "CompleteParticipant",
            "PauseParticipation",
            "ResumeParticipation",
            "TransferParticipant",
            "RecordLegalBasis",
            "GiveConsent",
            "WithdrawConsent",
            "RecordAttendance",
            "CompleteActivity",
            "ChangeSupportBasis",
            "MeasureProgression",
            "NoteChallenge",
            "ProposeMatch",
            "AnswerMatch",
            "AgreePlacement",
            "StartPractice",
            "ExtendPractice",
            "EndPractice",
            "BeginWageHours",
            "ChangeWageHours",
            "ReportWageHours",
            "EndWageHours",
            "StartEmployment",
            "ChangeEmployment",
            "EndEmployment",
            "CancelPlacement",
            "EndPlacement",
            "OfferAftercare",
            "AcceptAftercare",
            "DeclineAftercare",
            "WithdrawAftercare",
            "AgreeAftercarePlan",
            "ReviseAftercarePlan",
            "CompleteFollowUp",
            "RescheduleFollowUp",
            "WaiveFollowUp",
            "OfferUpskilling",
            "TakeUpskilling",
            "CloseAftercare",
            "RaiseProblem",
            "TakeProblemAction",
            "ResolveProblem",
            "CloseProblemUnresolved",
        ),
        CASEWORK,
    ),
    **dict.fromkeys(("ReportOpening", "WithdrawOpening"), COORDINATION),
    **dict.fromkeys(("RecordCooperationLevel", "SignAgreement"), COORDINATION),
    **dict.fromkeys(("IssueReport", "SupersedeReport"), COORDINATION),
    **dict.fromkeys(("ChangePlacementPerson", "ErasePlacementPerson", "MissFollowUp"), NOBODY),
}
OF_NO_PROGRAMME: dict[str, set[str]] = {
    **dict.fromkeys(
        (
            "RegisterPerson",
            "ChangeResidence",
            "MergePersons",
            "RevertPersonMerge",
            "RequestErasure",
            "SuggestCompany",
        ),
        CASEWORK,
    ),
    **dict.fromkeys(("RefuseErasure", "ErasePerson"), COORDINATION),
    **dict.fromkeys(
        (
            "RegisterCompany",
            "LinkCompany",
            "UnlinkCompany",
            "HandOverRelation",
            "EndAgreement",
            "ReportBarrier",
            "ResolveBarrier",
        ),
        COORDINATION,
    ),
    **dict.fromkeys(("RetryParked", "DiscardEvent", "QuarantineMessage"), OPERATION),
}
"""For any programme is enough: persons and companies belong to none."""

CORRECTED_BY = {
    "programme": OPERATION,
    "person": CASEWORK,
    "enrolment": CASEWORK,
    "company": COORDINATION,
    "opening": COORDINATION,
    "match": CASEWORK,
    "placement": CASEWORK,
    "plan": CASEWORK,
    "problem": CASEWORK,
}
APPROVED_BY = {**dict.fromkeys(CORRECTED_BY, COORDINATION), "programme": OPERATION}
ANYBODYS = {"person", "company"}
ENTITIES = {
    "intake": ("programme", "person", "enrolment"),
    "placement": ("company", "opening", "match", "placement"),
    "aftercare": ("plan", "problem"),
}


pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


class Row(Struct, frozen=True):
    """A command, who may send it, and whether it takes the role for its programme."""

    name: str
    service: str
    kind: type[Command]
    roles: frozenset[str]
    is_of_a_programme: bool
    entity: str = ""

    def body(self, casework: Casework) -> dict[str, Any]:
        """For what is there, at a position where nothing is: whoever may, hears CONFLICT."""
        body = any_command(self.kind, copenhagen_day(now()))
        ids = msgspec.structs.asdict(casework)
        body |= {name: ids[name] for name in ids.keys() & body.keys()}
        if self.entity:
            body["subject"] = casework.subjects[self.entity]
        return {**body, "expected_position": 10**9}


def rows() -> Iterator[Row]:
    """A row for each command that any service takes; KeyError for one that nobody has put down."""
    for service, kinds in commands().items():
        for kind in kinds:
            name = kind.__name__
            if not issubclass(kind, CorrectionCommand):
                of_programme = name in OF_A_PROGRAMME
                roles = (OF_A_PROGRAMME if of_programme else OF_NO_PROGRAMME)[name]
                yield Row(name, service, kind, frozenset(roles), of_programme)
                continue
            table = APPROVED_BY if name == "ApproveCorrection" else CORRECTED_BY
            for entity in ENTITIES.get(service, ()):
                said = f"{name} of a {entity}"
                roles, of_programme = table[entity], entity not in ANYBODYS
                yield Row(said, service, kind, frozenset(roles), of_programme, entity)


class Caller(Struct, frozen=True):
    """Somebody with at most one role, and where they hold it."""

    name: str
    role: str | None
    programmes: tuple[str, ...]
    token: str

    def may(self, row: Row, programme: str) -> bool:
        if self.role not in row.roles:
            return False
        return not row.is_of_a_programme or bool({programme, "*"} & {*self.programmes})


def callers(keys: Keys, own: str) -> list[Caller]:
    """Each role for one's own programme and for all; somebody with none, somebody unknown."""
    made = [
        Caller(f"{role} of {name}", role, (where,), keys.token(f"{role}-1", **{role: [where]}))
        for role in Role
        for name, where in ((OWN, own), ("all", "*"))
    ]
    return [
        *made,
        Caller("without a role", None, (), keys.token("nobody")),
        Caller("of a role for nothing", None, (), keys.token("nothing", coordinator=[])),
    ]


async def settled(ask: Callable[[], Awaitable[Reply]]) -> Reply:
    """The reply once it is one: what is not settled is asked again."""
    async with asyncio.timeout(PATIENT):
        while True:
            reply = await ask()
            if reply.error is None or reply.error.code not in SEND_AGAIN:
                return reply


def passed(reply: Reply) -> bool:
    """Let through to the rules, which know of no such position; else refused for who asks."""
    assert reply.error is not None, reply
    assert reply.error.code in {"CONFLICT", "FORBIDDEN"}, reply
    if reply.error.code == "CONFLICT":
        assert reply.error.path == "$.expected_position"
    return reply.error.code == "CONFLICT"


@pytest.mark.parametrize("door", ["HTTP", "bus"])
async def test_exactly_the_allowed_commands_pass(system: System, door: str) -> None:
    before = await system.positions()
    send = system.post if door == "HTTP" else system.ask_bus
    one_by_one = asyncio.Semaphore(16)

    async def attempt(caller: Caller, row: Row, name: str) -> str | None:
        casework = system.casework[name]
        async with one_by_one:
            reply = await settled(lambda: send(row.service, row.body(casework), caller.token))
        expected = caller.may(row, casework.programme)
        if passed(reply) == expected:
            return None
        return f"{caller.name}: {row.name} in {name}: expected {expected}, got {reply.error}"

    tried = [
        (caller, row, name)
        for caller in callers(system.keys, system.casework[OWN].programme)
        for row in rows()
        for name in ((OWN, OTHER) if OWN in caller.name else (OTHER,))
    ]
    wrong = [it for it in await asyncio.gather(*(attempt(*it) for it in tried)) if it]

    assert wrong == []
    assert await system.positions() == before, "a refused command leaves no trace"


async def test_without_a_good_token_no_command_passes(system: System) -> None:
    before = await system.positions()
    for row in {row.service: row for row in rows()}.values():  # nobody looks at the body
        body = row.body(system.casework[OWN])
        path = f"/{row.service}/commands"
        for headers in ({}, {"Authorization": "Bearer no.such.token"}):
            response = await system.front.post(path, json=body, headers=headers)
            assert response.status_code == 401, row
            assert response.json()["error"]["code"] == "UNAUTHENTICATED"
            assert response.headers["WWW-Authenticate"] == "Bearer"
        assert (await system.ask_bus(row.service, body, "")).error.code == "UNAUTHENTICATED"
        assert (await system.ask_bus(row.service, body, "x")).error.code == "UNAUTHENTICATED"
        if (own_door := system.own_doors.get(row.service)) is not None:
            assert (await own_door.post(path, json=body)).status_code == 401
    assert await system.positions() == before


async def test_a_services_own_http_door_asks_the_same(system: System) -> None:
    casework = system.casework[OWN]
    for row in rows():
        own_door = system.own_doors.get(row.service)
        if own_door is None:
            continue
        for caller in callers(system.keys, casework.programme)[::2]:
            response = await own_door.post(
                f"/{row.service}/commands",
                json=row.body(casework),
                headers={"Authorization": f"Bearer {caller.token}"},
            )
            expected = caller.may(row, casework.programme)
            assert response.status_code == (409 if expected else 403), (caller.name, row.name)
