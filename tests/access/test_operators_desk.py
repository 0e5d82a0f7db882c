"""What an operator's token opens: the operators' desk, and all services that the desk has to ask."""

import msgspec
import pytest

from shared.access.asking import Declined, ask
from shared.access.bearer import Bearer
from shared.subjects import parked_subject
from tests.access.system import OWN, System
from tests.journeys.today import command

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_the_desk_asks_with_the_token_of_whoever_asked_it(system: System) -> None:
    """It says "not parked" only when every service has told it so."""
    retry = command("RetryParked", entity="intake.enrolment.e-1", reason="mended")

    reply = await system.ask_bus("operations", retry, system.keys.token("otto", operator=["*"]))

    assert reply.error is not None
    assert (reply.error.code, reply.error.path) == ("STATE", "$.entity")


async def test_what_is_parked_is_told_to_operators_alone(system: System) -> None:
    operator = system.keys.token("otto", operator=["*"])
    caseworker = system.keys.token("nina", caseworker=[system.casework[OWN].programme])

    answer = await ask(system.bus, parked_subject("intake"), b"{}", 10, Bearer(operator))

    assert msgspec.json.decode(answer) == []
    with pytest.raises(Declined) as declined:
        await ask(system.bus, parked_subject("intake"), b"{}", 10, Bearer(caseworker))
    assert declined.value.code == "FORBIDDEN"
