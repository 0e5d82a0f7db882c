"""The embedded mode's bus: everybody with a login of their own, and nothing that they do is denied."""

import asyncio
from pathlib import Path

import psutil
import pytest

from shared.bus import connected
from shared.bus_refusals import Denied, LoginRefused
from sluse.nats_configuration.accounts import DIRECTORY
from sluse.nats_configuration.server import FILE
from tests.journeys import today
from tests.journeys.sluse_process import Up, run


@pytest.mark.slow
async def test_all_work_is_done_with_logins_and_nothing_of_it_is_denied(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data) as up:
        applied = up.run("programme", "apply", today.programme_file(tmp_path))
        assert applied.status == 0, applied.said
        people = ("--programme", today.PROGRAMME, "--people", "3", "--seed", "1")
        for command in (
            ("simulate", *people),
            ("simulate", *people, "--direct"),
            ("streams", "apply"),
            ("export",),
            ("projection", "list"),
            ("parked", "list"),
            ("verify",),
            ("backup", tmp_path / "backup"),
            ("doctor",),
            ("nats", "reload"),
            ("status",),
        ):
            ran = await asyncio.to_thread(up.run, *command)
            assert ran.status == 0, (command, ran.said, ran.out.decode()[-2000:])
        with pytest.raises(LoginRefused):
            async with connected(up.nats, "stranger"):
                pytest.fail("a client without a user is let in")
        async with connected(up.login(), "operator") as bus:
            with pytest.raises(Denied):
                await bus.request("intake.person.p-1", b"{}", 5)
        assert up.interrupt() == 0
    said = [
        line for line in (*up.out.all(), *up.err.all()) if "denied" in line or "revoked" in line
    ]
    assert said == []


def test_passwords_are_for_their_owner_alone_and_stay_over_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data) as up:
        assert up.nats
        first = secrets(data)
        arguments = [argument for it in up.tree() for argument in it.cmdline()]
        said = "\n".join([*up.out.so_far(), *up.err.so_far()])
    with Up(data) as up:
        assert up.run("status").status == 0
        again = secrets(data)

    assert len(first) == 8
    assert again == first
    configuration = (data / "nats" / FILE).read_text() + "".join(
        file.read_text() for file in (data / "nats" / DIRECTORY).iterdir()
    )
    shown = "\n".join([*arguments, said, configuration])
    assert not [password for password in first.values() if password in shown]


def secrets(data: Path) -> dict[str, str]:
    files = list((data / "nats" / "secrets").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    return {file.name: file.read_text() for file in files}


def test_a_password_goes_to_no_other_address(tmp_path: Path) -> None:
    """Another server at the address given must not learn it."""
    with Up(tmp_path / "one") as one, Up(tmp_path / "two") as two:
        refused = run("status", "--data", tmp_path / "one", "--nats", two.nats)
        let_in = run("status", "--data", tmp_path / "one", "--nats", one.nats)

    assert (refused.status, let_in.status) == (2, 0)
    assert "LOGIN_REFUSED: the bus does not let a client without a user in" in refused.said
    assert not any("nats-server" in it.name() for it in psutil.Process().children(recursive=True))
