"""A reply subject that names another's stream: nothing from a foreign account, found out within our own."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats as nats_py
import pytest
from nats.aio.client import Client

from services.aftercare.events import VOCABULARY as AFTERCARE
from services.intake.events import VOCABULARY as INTAKE
from shared.bus import Bus, connected, flushed
from shared.envelope import Vocabulary
from shared.errors import Undecodable
from shared.event_store import EventStore
from shared.stream_reader import read
from sluse.nats_configuration.accounts import PREFIX
from sluse.nats_configuration.servers import reload
from tests.contracts.recording import an_append
from tests.guarded_server import GuardedServer, guarded

STREAM, CONSUMER = "INTAKE", "partner-v1"
EVENTS = 3
CLAIMED = "aftercare.plan.forged"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GuardedServer]:
    """With three events of intake, and one consumer of them for a foreign system, PARTNER."""
    async with guarded(tmp_path) as running:
        async with connected(running.login("intake"), "intake") as bus:
            store = EventStore(bus, INTAKE)
            for number in range(EVENTS):
                await store.append([an_append(f"intake.person.p-{number}", 0)])
        async with connected(running.login("operator"), "operator") as bus:
            config = {"durable_name": CONSUMER, "ack_policy": "explicit", "max_deliver": -1}
            await bus.api(
                f"CONSUMER.CREATE.{STREAM}.{CONSUMER}", {"stream_name": STREAM, "config": config}
            )
        running.accounts.add_foreign("PARTNER", STREAM, CONSUMER)
        async with connected(running.login("system"), "system") as bus:
            await reload(bus)
        yield running


@pytest.fixture
async def partner(server: GuardedServer) -> AsyncIterator[Client]:
    login = server.login("PARTNER")
    client = await nats_py.connect(login.servers, error_cb=_quiet, **login.options())
    yield client
    await client.close()


async def _quiet(error: Exception) -> None:
    """A denial is what is expected."""


async def last_positions(server: GuardedServer) -> dict[str, int]:
    async with connected(server.login("operator"), "operator") as bus:
        return {stream: await bus.last_position(stream) for stream in (STREAM, "AFTERCARE")}


async def test_a_foreign_system_reads_its_consumer_with_a_plain_client(
    server: GuardedServer, partner: Client
) -> None:
    """Through a prefix, acknowledging each: after a restart it goes on where it was."""
    jetstream = partner.jetstream(prefix=PREFIX)
    subscription = await jetstream.pull_subscribe_bind(durable=CONSUMER, stream=STREAM)
    first = await subscription.fetch(2, timeout=5)
    for message in first:
        await message.ack_sync()
    await subscription.unsubscribe()
    again = await jetstream.pull_subscribe_bind(durable=CONSUMER, stream=STREAM)
    [rest] = await again.fetch(1, timeout=5)

    subjects = [json.loads(message.data)["subject"] for message in (*first, rest)]
    assert subjects == [f"intake.person.p-{number}" for number in range(EVENTS)]
    assert (await jetstream.consumer_info(STREAM, CONSUMER)).num_ack_pending == 1


FORGERIES: list[tuple[str, dict[str, Any]]] = [
    (f"{PREFIX}.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}", {"batch": EVENTS}),
    (f"{PREFIX}.CONSUMER.INFO.{STREAM}.{CONSUMER}", {}),
    (f"{PREFIX}.DIRECT.GET.{STREAM}", {"last_by_subj": "intake.person.p-0"}),
    (f"{PREFIX}.STREAM.INFO.{STREAM}", {}),
    (f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}", {"batch": EVENTS}),
    (f"$JS.API.DIRECT.GET.{STREAM}", {"last_by_subj": "intake.person.p-0"}),
    (f"$JS.API.CONSUMER.CREATE.{STREAM}.x", {"config": {"deliver_subject": CLAIMED}}),
    (f"$JS.ACK.{STREAM}.{CONSUMER}.1.1.1.1.0", {}),
    (f"$JS.ACK._.x.{STREAM}.{CONSUMER}.1.1.1.1.0", {}),
    ("commands.intake", {}),
    (CLAIMED, {}),
    ("intake.person.p-9", {}),
]


async def test_a_foreign_account_can_make_the_server_store_nothing(
    server: GuardedServer, partner: Client
) -> None:
    for subject, body in FORGERIES:
        await partner.publish(subject, json.dumps(body).encode(), reply=CLAIMED)
    await flushed(partner)

    assert await last_positions(server) == {STREAM: EVENTS, "AFTERCARE": 0}


async def test_a_foreign_account_sees_nothing_but_its_consumer(
    server: GuardedServer, partner: Client
) -> None:
    heard = [await partner.subscribe(subject) for subject in (">", "intake.>", "_INBOX.>")]
    async with connected(server.login("intake"), "intake") as bus:
        await EventStore(bus, INTAKE).append([an_append("intake.person.more", 0)])
    await flushed(partner)

    assert [subscription.pending_msgs for subscription in heard] == [0, 0, 0]
    jetstream = partner.jetstream(prefix=PREFIX)
    with pytest.raises(nats_py.errors.TimeoutError):
        await jetstream.stream_info("PLACEMENT")


async def forged(bus: Bus, subject: str, body: dict[str, Any]) -> None:
    """Ask for something to be sent to a subject that is another's."""
    await bus.publish(subject, json.dumps(body).encode(), reply=CLAIMED)
    await flushed(bus.client)


async def stored(server: GuardedServer, vocabulary: Vocabulary) -> list[Undecodable]:
    """What a fold says of each message of a stream that is not its service's."""
    problems = []
    async with connected(server.login("reporting"), "reporting") as bus:
        last = await bus.last_position(vocabulary.stream)
        async for messages in read(bus, vocabulary.stream, 0):
            for message in messages:
                with pytest.raises(Undecodable) as problem:
                    vocabulary.read(*message.as_read())
                problems.append(problem.value)
            if messages[-1].position >= last:
                return problems
    return problems


@pytest.mark.parametrize(
    ("user", "call", "body"),
    [
        ("reporting", f"DIRECT.GET.{STREAM}", {"last_by_subj": "intake.person.p-0"}),
        ("intake", f"DIRECT.GET.{STREAM}", {"last_by_subj": "intake.person.p-0"}),
        ("metrics", f"STREAM.INFO.{STREAM}", {}),
    ],
)
async def test_within_our_own_account_it_is_stored_and_the_source_check_finds_it(
    server: GuardedServer, user: str, call: str, body: dict[str, Any]
) -> None:
    """The documented limit of permissions in one account (docs/decisions/0043)."""
    async with connected(server.login(user), user) as bus:
        await forged(bus, f"$JS.API.{call}", body)

    assert (await last_positions(server))["AFTERCARE"] == 1
    [problem] = await stored(server, AFTERCARE)
    assert problem.code == "UNDECODABLE"


async def test_a_pulled_event_sent_into_another_stream_is_found_by_its_source(
    server: GuardedServer,
) -> None:
    async with connected(server.login("placement"), "placement") as bus:
        config = {"name": "thief", "ack_policy": "none", "mem_storage": True}
        await bus.api(f"CONSUMER.CREATE.{STREAM}.thief", {"stream_name": STREAM, "config": config})
        await forged(bus, f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.thief", {"batch": 1})

    assert (await last_positions(server))["AFTERCARE"] == 1
    [problem] = await stored(server, AFTERCARE)
    assert "it claims to come from /sluse/intake intake.person.p-0" in problem.message
