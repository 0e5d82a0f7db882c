"""A thousand times the same, and a thousand times nonsense: one event, a thousand answers."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared.bus import connected
from shared.bus_door import forwarder
from shared.command import Reply
from shared.context import Context
from shared.subjects import commands_subject
from tests.contracts.casework import new
from tests.contracts.conftest import Nats, make
from tests.faults.load import Load, assert_kept, over_the_bus
from tests.servers import standalone
from tests.service_process import ServiceProcess, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MANY = 1000
SEED = 20_260_301
REFUSALS = {"MALFORMED_JSON", "INVALID_FIELD", "TOO_LARGE", "PII_IN_EVENT"}
PERSON = b'{"type":"RegisterPerson","command_id":"c","birth_year":'


def nonsense(chance: random.Random) -> bytes:
    """Bytes, half a command, another type, another shape, a field too many."""
    return chance.choice(
        [
            chance.randbytes(chance.randint(0, 300)),
            PERSON[: chance.randint(0, len(PERSON))],
            PERSON + b'"last year"}',
            PERSON + b'1985,"name":"x"}',
            b'{"type":"Register' + bytes(str(chance.random()), "ascii") + b'"}',
            b"[" * chance.randint(1, 2000),
            b"null",
        ]
    )


async def test_duplicates_and_nonsense_leave_one_event_and_answers(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with standalone(tmp_path) as server, connected(server.url, "flood") as bus:
        await make(Nats(server.url, 1))
        processes = [
            ServiceProcess(name, server.url, tmp_path / name)
            for name in ("intake", "placement", "aftercare")
        ]
        async with started(*processes):
            load = Load(over_the_bus(bus), workers=2)
            await load.prepare()
            async with load.running():
                await load.more(5)
                ask = forwarder(bus, "intake", 300)
                body = msgspec.json.encode(new("RegisterPerson", person_ref=str(uuid4())))
                same = await asyncio.gather(*(ask(body, Context()) for _ in range(MANY)))
                subject = commands_subject("intake")
                answers = await asyncio.gather(
                    *(bus.request(subject, nonsense(chance), 300) for _ in range(MANY))
                )
                await load.more(5)
            promised = await assert_kept(bus, load)
    assert promised > 10
    assert [reply.ok for reply in same] == [True] * MANY
    assert len({(reply.position, str(reply.events)) for reply in same}) == 1
    codes = Counter(
        reply.error.code if reply.error else "ACCEPTED"
        for reply in (msgspec.json.decode(answer.data, type=Reply) for answer in answers)
    )
    assert codes.total() == MANY
    assert set(codes) <= REFUSALS, codes
