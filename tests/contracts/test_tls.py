"""TLS to the bus, one-sided and mutual, with an authority of the tests' own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.bus import connected
from shared.bus_door import connected_broker, start
from shared.bus_login import BusLogin, TlsFiles
from shared.bus_refusals import LoginRefused
from shared.settings import bus_from
from sluse.nats_configuration.server import Tls
from tests.certificates import Authority
from tests.contracts.patience import at_once
from tests.guarded_server import GuardedServer


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(params=[False, True], ids=["tls", "mtls"])
async def server(
    request: pytest.FixtureRequest, tmp_path: Path, authority: Authority
) -> AsyncIterator[GuardedServer]:
    """One that wants TLS, and one that wants a certificate of its clients as well."""
    cert, key = authority.issue("server")
    tls = Tls(cert, key, str(authority.ca), verify=request.param)
    running = GuardedServer(tmp_path / "nats", tls=tls)
    await running.start()
    yield running
    running.kill()


@pytest.fixture
def login(server: GuardedServer, authority: Authority) -> BusLogin:
    """What the settings of a service make of it, with a certificate where one is asked for."""
    cert, key = authority.issue("client") if server.tls and server.tls.verify else ("", "")
    return replace(server.login("operator"), ca=str(authority.ca), cert=cert, key=key)


async def test_who_knows_the_authority_is_connected_by_tls(login: BusLogin) -> None:
    async with connected(login, "operator") as bus:
        assert await bus.api("INFO", {})


async def test_the_door_on_the_bus_is_opened_by_tls_as_well(
    server: GuardedServer, login: BusLogin
) -> None:
    intake = replace(login, user="intake", password=server.login("intake").password)
    async with connected_broker(intake, "intake") as broker, connected(login, "operator") as bus:

        @broker.subscriber("status.intake")
        async def tell(message: object) -> bytes:
            return b"well"

        await start(broker)

        assert (await bus.request("status.intake", b"", 5)).data == b"well"


async def test_the_environment_says_the_same(server: GuardedServer, login: BusLogin) -> None:
    names = ("user", "password", "ca", "cert", "key")
    environment = {f"SLUSE_NATS_{name.upper()}": getattr(login, name) for name in names}
    (password := server.directory / "password").write_text(f"{login.password}\n")
    environment["SLUSE_NATS_PASSWORD_FILE"] = str(password)
    del environment["SLUSE_NATS_PASSWORD"]

    assert bus_from(environment, server.url) == login


async def test_a_server_of_another_authority_is_not_trusted(
    login: BusLogin, tmp_path: Path
) -> None:
    stranger = replace(login, ca=str(Authority(tmp_path, "stranger").ca))
    async with at_once():
        with pytest.raises(LoginRefused, match="TLS: CERTIFICATE_VERIFY_FAILED"):
            async with connected(stranger, "operator", 30):
                pytest.fail("it trusts anybody")


async def test_an_unknown_authority_is_not_trusted_without_being_named(login: BusLogin) -> None:
    async with at_once():
        with pytest.raises(LoginRefused, match="TLS"):
            async with connected(replace(login, ca="", cert="", key=""), "operator", 30):
                pytest.fail("it trusts anybody")


async def test_a_client_without_a_certificate_gets_in_only_where_none_is_asked_for(
    server: GuardedServer, login: BusLogin
) -> None:
    bare = replace(login, cert="", key="")
    if not (server.tls and server.tls.verify):
        async with connected(bare, "operator") as bus:
            assert await bus.api("INFO", {})
        return
    with pytest.raises(LoginRefused, match="TLS"):
        async with connected(bare, "operator", 30):
            pytest.fail("it was let in without a certificate")


async def test_a_certificate_of_another_authority_does_not_get_in(
    server: GuardedServer, login: BusLogin, tmp_path: Path
) -> None:
    if not (server.tls and server.tls.verify):
        return
    cert, key = Authority(tmp_path, "stranger").issue("forged")
    with pytest.raises(LoginRefused, match="TLS"):
        async with connected(replace(login, cert=cert, key=key), "operator", 30):
            pytest.fail("it was let in with a stranger's certificate")


async def test_a_password_is_asked_for_over_tls_as_well(login: BusLogin) -> None:
    with pytest.raises(LoginRefused, match="wrong user or password"):
        async with connected(replace(login, password="guessed"), "operator", 30):
            pytest.fail("it was let in")


@pytest.mark.parametrize("missing", ["ca", "cert"])
async def test_a_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    path = str(tmp_path / "nothing.pem")
    with pytest.raises(TlsFiles, match=r"nothing\.pem"):
        async with connected(BusLogin("nats://127.0.0.1:1", **{missing: path}), "operator"):
            pytest.fail("it connects without its files")
