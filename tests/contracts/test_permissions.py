"""Every user on every subject: exactly what is allowed passes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats as nats_py
import pytest
from nats.aio.client import Client

from services.aftercare import reactions as aftercare
from services.placement import reactions as placement
from shared.bus import connected, flushed
from shared.bus_door import connected_broker, start
from shared.bus_login import BusLogin
from shared.bus_refusals import Denied, LoginRefused, denial
from shared.errors import BusAway, InvalidField
from sluse.nats_configuration import rights
from sluse.nats_configuration.servers import reload
from tests.contracts import bus_rights
from tests.contracts.bus_rights import USERS, who_may_publish, who_may_subscribe
from tests.contracts.patience import at_once, until
from tests.guarded_server import GuardedServer, guarded


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """Without streams: what passes changes nothing."""
    guarded_server = GuardedServer(tmp_path_factory.mktemp("guarded"))
    asyncio.run(guarded_server.start())
    yield guarded_server
    guarded_server.kill()


class Visitor:
    """A client of one user that remembers what it was denied."""

    def __init__(self) -> None:
        self.client = Client()
        self.denied: set[tuple[str, str]] = set()

    async def note(self, error: Exception) -> None:
        found = denial(error)
        assert found is not None, error
        self.denied.add(found)


@pytest.fixture(params=USERS)
async def visitor(
    request: pytest.FixtureRequest, server: GuardedServer
) -> AsyncIterator[tuple[str, Visitor]]:
    guest = Visitor()
    login = server.login(request.param)
    await guest.client.connect(login.servers, error_cb=guest.note, **login.options())
    yield request.param, guest
    await guest.client.close()


async def test_each_user_publishes_what_it_may_and_nothing_else(
    visitor: tuple[str, Visitor],
) -> None:
    user, guest = visitor
    for subject in who_may_publish():
        await guest.client.publish(subject, b"")
    await flushed(guest.client)

    may = {subject for subject, users in who_may_publish().items() if user in users}
    denied = {subject for action, subject in guest.denied if action == "publish"}
    assert {s for s in who_may_publish() if s.lower() not in denied} == may


async def test_each_user_listens_to_what_it_may_and_nothing_else(
    visitor: tuple[str, Visitor],
) -> None:
    user, guest = visitor
    for subject in who_may_subscribe():
        await guest.client.subscribe(subject)
    await flushed(guest.client)

    may = {subject for subject, users in who_may_subscribe().items() if user in users}
    denied = {subject for action, subject in guest.denied if action == "subscription"}
    assert {s for s in who_may_subscribe() if s.lower() not in denied} == may


def test_the_matrix_has_every_request_subject_that_the_code_knows() -> None:
    assert bus_rights.families() == set(bus_rights.ASKED_BY) == set(rights.ANSWERED)


def test_the_matrix_has_every_call_of_the_servers_api_that_the_code_makes() -> None:
    called = bus_rights.called()
    of_servers = {call for call in called if call.startswith("$")}

    assert len(called) > 10
    assert called - of_servers <= bus_rights.known_calls()
    assert all(any(it.startswith(call) for it in bus_rights.SYSTEM) for call in of_servers)


def test_the_matrix_has_every_durable_consumer() -> None:
    made = {placement.DURABLE, aftercare.DURABLE}

    assert made == set(bus_rights.DURABLES) == {durable.name for durable in rights.DURABLES}


def test_the_matrix_has_every_user() -> None:
    assert {*rights.own_account(), *rights.SYSTEM} == set(USERS)


async def test_who_is_asked_may_answer_wherever_the_asker_listens(server: GuardedServer) -> None:
    login = server.login("intake")
    async with (
        connected_broker(login, "intake") as broker,
        connected(server.login("reporting"), "reporting") as front,
    ):

        @broker.subscriber("commands.intake")
        async def take(message: object) -> bytes:
            return b"taken"

        await start(broker)

        assert (await front.request("commands.intake", b"", 5)).data == b"taken"


async def test_a_denied_request_is_an_error_at_once_that_names_the_subject(
    server: GuardedServer,
) -> None:
    async with connected(server.login("intake"), "intake") as bus:
        async with at_once():
            with pytest.raises(Denied) as denied:
                await bus.request("placement.placement.p-1", b"{}", 30)
        with pytest.raises(Denied):
            await bus.api("STREAM.DELETE.INTAKE", {}, 30)

    assert denied.value.code == "NATS_DENIED"
    assert "intake" in denied.value.message
    assert "placement.placement.p-1" in denied.value.message


async def test_a_door_that_may_not_be_opened_stops_the_start(server: GuardedServer) -> None:
    async with connected_broker(server.login("intake"), "intake") as broker:

        @broker.subscriber("commands.placement")
        async def take(message: object) -> bytes:
            return b""

        with pytest.raises(Denied, match=r"commands\.placement"):
            await start(broker)


async def test_an_inbox_of_somebody_else_is_an_error_at_the_start(server: GuardedServer) -> None:
    login = server.login("intake")
    nameless = BusLogin(login.url.replace("//", f"//intake:{login.password}@"))

    with pytest.raises(Denied, match="_inbox"):
        async with connected(nameless, "intake"):
            pytest.fail("it listens where it must not")


@pytest.mark.parametrize(("user", "password"), [("intake", "guessed"), ("nobody", "x"), ("", "")])
async def test_who_is_not_let_in_hears_it_at_once(
    server: GuardedServer, user: str, password: str
) -> None:
    async with at_once():
        with pytest.raises(LoginRefused) as refused:
            async with connected(BusLogin(server.url, user, password), "stranger", 30):
                pytest.fail("it was let in")

    assert refused.value.code == "LOGIN_REFUSED"


async def test_a_password_stays_out_of_what_is_shown_of_a_login(server: GuardedServer) -> None:
    login = server.login("intake")

    assert login.password not in f"{login} {login!r}"


async def test_a_change_takes_effect_by_reload_and_disconnects_nobody_else(tmp_path: Path) -> None:
    async with (
        guarded(tmp_path) as server,
        connected(server.login("placement"), "placement") as placement_bus,
        connected(server.login("system"), "system") as system,
    ):
        server.accounts.add_foreign("PARTNER", "PLACEMENT", "partner-v1")
        with pytest.raises(LoginRefused):
            async with connected(server.login("PARTNER"), "partner"):
                pytest.fail("the server has not read it yet")

        assert await reload(system) == ["n1"]

        foreign = server.login("PARTNER")
        client = await nats_py.connect(foreign.servers, **foreign.options())
        await client.close()
        assert await placement_bus.last_position("PLACEMENT") == 0

        server.accounts.remove_foreign("PARTNER")
        await reload(system)

        with pytest.raises(LoginRefused):
            async with connected(foreign, "partner"):
                pytest.fail("it is let in for ever")
        assert await placement_bus.last_position("PLACEMENT") == 0
        assert placement_bus.connections == 1


@pytest.mark.parametrize("name", ["SLUSE", "SYS", "intake", "", "../X", "X.Y"])
def test_a_foreign_account_has_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    server = GuardedServer(tmp_path)
    server.configured()
    with pytest.raises(InvalidField):
        server.accounts.add_foreign(name, "INTAKE", "partner-v1")


async def test_a_user_whose_password_is_changed_is_out_and_says_so(tmp_path: Path) -> None:
    """What is left is to end: the process has read its secret once."""
    async with (
        guarded(tmp_path) as server,
        connected(server.login("metrics"), "metrics") as bus,
        connected(server.login("system"), "system") as system,
    ):
        (server.secrets / "nats-metrics").unlink()
        server.configured()
        await reload(system)

        await until(bus.revoked.is_set)
        async with connected(server.login("metrics"), "metrics", 10) as again:
            assert await again.last_position("INTAKE") == 0


async def test_the_same_configuration_is_written_again_to_the_letter(tmp_path: Path) -> None:
    server = GuardedServer(tmp_path)

    def content() -> dict[str, bytes]:
        server.configured()
        return {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    server.configured()
    server.accounts.add_foreign("PARTNER", "PLACEMENT", "partner-v1")
    first = content()
    assert content() == first
    passwords = {file.read_text() for file in server.secrets.iterdir()}
    written = b"".join(it for path, it in first.items() if "secrets" not in path).decode()
    assert not [password for password in passwords if password in written]
    assert {file.stat().st_mode & 0o777 for file in server.secrets.iterdir()} == {0o600}


async def test_a_message_that_nobody_answers_is_still_a_bus_that_is_away(
    server: GuardedServer,
) -> None:
    async with connected(server.login("reporting"), "reporting") as bus:
        with pytest.raises(BusAway) as away:
            await bus.request("commands.aftercare", b"", 5)
    assert away.value.code == "BUS_AWAY"
