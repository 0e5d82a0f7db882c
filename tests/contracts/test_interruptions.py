"""Acknowledgements that are lost and servers that die: every command is answered, no event is doubled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from services.intake.app import running
from services.intake.events import VOCABULARY
from shared.bus import Bus, connected
from shared.command import Reply
from shared.event_store import EventStore
from tests.contracts.casework import (
    enrolment_of,
    new,
    open_programme,
    referred,
    registered,
    sent,
    to,
)
from tests.contracts.conftest import Nats, make, settings_for
from tests.contracts.patience import until
from tests.contracts.proxy import Proxy, between
from tests.contracts.recording import ids, last_position, leader, recorded_behind
from tests.servers import NatsServer, standalone, three_nodes

SETTLED = {"OUTCOME_UNKNOWN", "BUS_AWAY", "NOT_STORED"}  # each of them is a 503: "send it again"


@pytest.fixture
async def proxy(nats: Nats) -> AsyncIterator[Proxy]:
    async with between(nats.url) as wire:
        yield wire


@pytest.mark.parametrize("events", [1, 2], ids=["one event", "a batch"])
async def test_a_lost_acknowledgement_is_found_out_by_reading(
    nats: Nats, proxy: Proxy, store: EventStore, tmp_path: Path, events: int
) -> None:
    async with running(settings_for(nats.url, tmp_path)) as desk:
        await open_programme(to(desk))
        enrolment = await referred(to(desk), await registered(to(desk)))
    if events == 1:
        command = new("RegisterPerson", person_ref=str(uuid4()))
        subject, expected = f"intake.person.{command['person_ref']}", 1
    else:
        command = enrolment_of(enrolment)
        subject, expected = f"intake.enrolment.{enrolment}", 2
    before = await store.last_position(subject)

    async with running(settings_for(proxy.url, tmp_path)) as desk:
        proxy.arm()
        answering = asyncio.create_task(to(desk)(command))
        await proxy.struck.wait()
        await recorded_behind(store, subject, before)  # and nobody has heard of it
        assert not answering.done()
        proxy.heal()
        reply = await answering
        again = await sent(to(desk), command)

    assert reply == again
    assert reply.position == await store.last_position(subject)
    assert len(await ids(store, subject)) == expected


@pytest.mark.slow
async def test_when_nothing_can_be_learnt_the_outcome_is_unknown_and_sending_again_settles_it(
    nats: Nats, proxy: Proxy, store: EventStore, tmp_path: Path
) -> None:
    command = new("RegisterPerson", person_ref=str(uuid4()))
    subject = f"intake.person.{command['person_ref']}"

    async with running(settings_for(proxy.url, tmp_path)) as desk:
        proxy.arm()
        reply = await to(desk)(command)
        assert reply.error is not None
        assert reply.error.code == "OUTCOME_UNKNOWN"
        assert len(await ids(store, subject)) == 1
        proxy.heal()
        again = await sent(to(desk), command)

    assert again.position == await store.last_position(subject)
    assert len(await ids(store, subject)) == 1


async def test_what_was_sent_and_not_heard_of_is_never_answered_no(
    nats: Nats, proxy: Proxy, store: EventStore, tmp_path: Path
) -> None:
    """The enrolment may be stored: "already enrolled" would be the truth about itself."""
    async with running(settings_for(nats.url, tmp_path)) as plain:
        send = to(plain)
        await open_programme(send)
        someone = await registered(send)
        first, second = await referred(send, someone), await referred(send, someone)
        async with running(settings_for(proxy.url, tmp_path)) as desk:
            proxy.arm()
            command = enrolment_of(first)
            subject = f"intake.enrolment.{first}"
            before = await store.last_position(subject)
            answering = asyncio.create_task(to(desk)(command))
            await proxy.struck.wait()
            await recorded_behind(store, subject, before)
            rival = await send(enrolment_of(second))
            proxy.heal()
            reply = await answering
            settled = await sent(to(desk), command)

    assert rival.error is not None
    assert rival.error.code == "ALREADY_ENROLLED"
    assert reply.ok or (reply.error is not None and reply.error.code == "OUTCOME_UNKNOWN")
    assert settled.position == await store.last_position(subject)


async def _through(
    url: str,
    replicas: int,
    directory: Path,
    answered: int,
    find: Callable[[Bus], Awaitable[NatsServer]],
) -> None:
    """Fifty commands; when some are answered, a server dies; each again until it is settled."""
    await make(Nats(url, replicas))
    async with connected(url, "operator") as bus:
        store = EventStore(bus, VOCABULARY)
        async with running(settings_for(url, directory)) as desk:
            send = to(desk)
            await open_programme(send)
            enrolments = [await referred(send, await registered(send)) for _ in range(10)]
            commands = [new("RegisterPerson", person_ref=str(uuid4())) for _ in range(40)]
            commands += [enrolment_of(enrolment) for enrolment in enrolments]
            victim = await find(bus)
            at_once = asyncio.Semaphore(10)  # so that some are still to come when it dies

            async def answer(command: dict[str, object]) -> Reply:
                async with at_once:
                    return await send(command)

            answering = [asyncio.create_task(answer(command)) for command in commands]
            while sum(task.done() for task in answering) < answered:
                await asyncio.sleep(0)
            assert not all(task.done() for task in answering)
            victim.kill()
            await (_another_leads(bus, victim) if replicas > 1 else _noticed(bus))
            await victim.start()
            async with asyncio.timeout(60):
                first = await asyncio.gather(*answering)
            codes = {reply.error.code for reply in first if reply.error is not None}
            assert codes <= SETTLED, codes
            again = [await sent(send, command) for command in commands]
        promised = [(one, two) for one, two in zip(first, again, strict=True) if one.ok]
        assert [one for one, _ in promised] == [two for _, two in promised]
        for enrolment in enrolments:
            assert len(await ids(store, f"intake.enrolment.{enrolment}")) == 2
        for command in commands[:40]:
            assert len(await ids(store, f"intake.person.{command['person_ref']}")) == 1
        # 10 persons, 10 referrals, 10 enrolments with a seat each, 40 persons, 1 programme
        assert await last_position(bus, "INTAKE") == 10 + 10 + 20 + 40 + 1


async def _noticed(bus: Bus) -> None:
    await until(lambda: not bus.client.is_connected)


async def _another_leads(bus: Bus, victim: NatsServer) -> None:
    async with asyncio.timeout(60):
        while await leader(bus, "INTAKE") in {"", victim.name}:
            await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("answered", [1, 5, 20, 35])
async def test_a_server_that_dies_in_mid_command_loses_and_doubles_nothing(
    tmp_path: Path, answered: int
) -> None:
    async with standalone(tmp_path) as server:

        async def find(_: Bus) -> NatsServer:
            return server

        await _through(server.url, 1, tmp_path, answered, find)


@pytest.mark.slow
@pytest.mark.parametrize("answered", [1, 5, 20])
async def test_a_leader_that_dies_in_mid_command_loses_and_doubles_nothing(
    tmp_path: Path, answered: int
) -> None:
    async with three_nodes(tmp_path) as cluster:

        async def find(bus: Bus) -> NatsServer:
            name = await leader(bus, "INTAKE")
            return next(server for server in cluster.servers if server.name == name)

        await _through(cluster.url, 3, tmp_path, answered, find)
