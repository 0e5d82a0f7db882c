"""A small installation with tokens of its own: keys, tokens, the front door and the operator's command."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import Struct

from sluse.commands.token import token
from tests.journeys import today
from tests.journeys.sluse_process import Ran, Up, environment, run
from tests.servers import free_port
from tests.tokens import Keys, bearer

pytestmark = pytest.mark.slow


class Installation(Struct, frozen=True):
    """`sluse up` that asks for tokens, and where its keys are."""

    up: Up
    keys: Path

    def token(self, subject: str, *roles: str) -> str:
        """What `sluse token issue` prints."""
        asked = [part for role in roles for part in ("--role", role)]
        key = self.keys / "signing-key.pem"
        issued = run("token", "issue", "--key", key, "--subject", subject, *asked)
        assert issued.status == 0, issued.said
        return issued.out.decode().strip()

    def sluse(self, token: str, *arguments: str | Path, given: bytes = b"") -> Ran:
        """The operator's command with a token, as a secret file gives it."""
        file = self.keys / "token"
        file.write_text(f"{token}\n")
        data = self.up.data
        settings = {"SLUSE_NATS_URL": self.up.nats, "SLUSE_TOKEN_FILE": str(file)}
        return run(*arguments, "--data", data, given=given, **settings)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("installation")
    made = run("token", "keys", directory / "keys")
    assert made.status == 0, made.said
    settings = {"SLUSE_AUTH": "on", "SLUSE_JWKS": str(directory / "keys" / "jwks.json")}
    with Up(directory / "data", **settings) as up:
        yield Installation(up, directory / "keys")


def test_the_operators_command_shows_its_token(installation: Installation, tmp_path: Path) -> None:
    file = today.programme_file(tmp_path)
    operator = installation.token("olga", "operator=*")
    caseworker = installation.token("nina", f"caseworker={today.PROGRAMME}")

    unknown = installation.sluse("no.such.token", "programme", "apply", file)
    assert unknown.status == 1
    assert b"UNAUTHENTICATED" in unknown.out
    assert b"FORBIDDEN" in installation.sluse(caseworker, "programme", "apply", file).out
    applied = installation.sluse(operator, "programme", "apply", file)
    assert applied.status == 0, applied.said
    person = msgspec.json.encode(today.register_person())
    sent = installation.sluse(caseworker, "send", "-", given=person)
    assert sent.status == 0, sent.out
    assert b"FORBIDDEN" in installation.sluse(operator, "send", "-", given=person).out
    assert installation.sluse(operator, "status", "--json").status == 0
    assert "FORBIDDEN" in installation.sluse(caseworker, "status").said


def test_the_front_door_asks_who_is_there(installation: Installation) -> None:
    http = installation.up.http
    reader = installation.token("rie", "reader=*")

    assert http.get("/api/programmes").status_code == 401
    assert http.get("/api/programmes", headers=bearer(reader)).status_code == 200
    person = today.register_person()
    assert http.post("/intake/commands", json=person).status_code == 401
    assert http.post("/intake/commands", json=person, headers=bearer(reader)).status_code == 403
    assert http.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("role", "why"),
    [("king=*", "ROLE=PROGRAMME"), ("caseworker", "ROLE=PROGRAMME"), ("caseworker=", "ROLE")],
)
def test_a_role_that_is_none_is_told(tmp_path: Path, role: str, why: str) -> None:
    keys = Keys(tmp_path)
    asked = ["issue", "--key", str(keys.signing_key_file), "--subject", "anna", "--role", role]
    issued = CliRunner().invoke(token, asked)

    assert issued.exit_code == 2
    assert why in issued.stderr
    assert issued.stdout == ""


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"SLUSE_AUTH": "off", "SLUSE_HTTP_HOST": "0.0.0.0"}, "0.0.0.0 is not loopback"),
        ({"SLUSE_AUTH": "off", "SLUSE_NATS_URL": "nats://nats:4222"}, "nats is not loopback"),
        ({}, "SLUSE_JWKS is missing"),
    ],
)
def test_a_service_that_would_be_open_does_not_start(settings: dict[str, str], why: str) -> None:
    given = {
        "SLUSE_DIGEST_KEY": "a secret of this test",
        "SLUSE_HTTP_PORT": str(free_port()),
        **settings,
    }
    started = subprocess.run(
        [sys.executable, "-m", "services.intake"],
        capture_output=True,
        timeout=60,
        env=environment(given),
        check=False,
    )

    assert started.returncode != 0
    assert why in started.stderr.decode()
