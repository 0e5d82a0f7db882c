"""What the handbook (docs/operations.md) has an operator type in containers does what it says."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.streams import ALL
from tests.containers.compose import SERVICES, Compose, docker
from tests.containers.front_door import FrontDoor

pytestmark = pytest.mark.slow

ONCE = ("run", "--rm", "--no-TTY", "--quiet")


def done(system: Compose, *arguments: str) -> str:
    """A docker compose command that must succeed, and what it printed."""
    result = system.compose(*arguments)
    assert result.status == 0, result.out + result.said
    return result.out


def rotated(system: Compose, secret: str) -> None:
    """The secret made anew, as the handbook has it: removed, and made because it is missing."""
    before = system.secret(secret)
    done(system, *ONCE, "secrets", "rm", f"/secrets/{secret}")
    done(system, *ONCE, "secrets")
    assert system.secret(secret) != before


def doctor(system: Compose) -> list[tuple[str, str]]:
    """What is not well."""
    told = system.sluse("doctor", "--json")
    findings = [json.loads(line) for line in told.out.splitlines()]
    assert len([it for it in findings if it["check"] == "login"]) == 8, told.said
    wrong = [(it["check"], it["subject"]) for it in findings if it["outcome"] == "wrong"]
    assert told.status == (1 if wrong else 0), told.said
    return wrong


@pytest.fixture(scope="module")
def fresh(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """A clone on a machine without the image; nothing of it runs. `image`: layers to build of."""
    tag = f"sluse:test-fresh-{os.getpid()}"
    system = Compose("fresh", tag, tmp_path_factory.mktemp("fresh"))
    try:
        done(system, *ONCE, "secrets")
        yield system
    finally:
        system.down()
        docker("image", "rm", "--force", tag)


def test_the_first_command_builds_the_image_that_is_not_there(fresh: Compose) -> None:
    assert docker("image", "inspect", fresh.environment["SLUSE_IMAGE"]).status == 0
    assert fresh.secret("digest-key")


def test_with_another_issuer_the_operator_needs_no_signing_key(fresh: Compose) -> None:
    done(fresh, *ONCE, "secrets", "rm", "/secrets/signing-key.pem")
    done(fresh, *ONCE, "secrets")  # makes no other: there are keys to check by
    assert "Usage: sluse" in fresh.sluse("--help").out
    assert fresh.compose(*ONCE, "token", "--help").status != 0


def test_a_token_is_issued_by_a_container_with_the_signing_key_alone(system: Compose) -> None:
    asked = ("--subject", "anna", "--role", "coordinator=jobsporet")
    token = done(system, *ONCE, "token", *asked).strip()
    with FrontDoor(system.url, token) as door:
        assert [it["key"] for it in door.ask("/api/programmes")] == ["jobsporet"]


def test_the_doctor_comes_as_every_user(system: Compose) -> None:
    assert doctor(system) == []


def test_a_password_of_the_bus_is_rotated(system: Compose) -> None:
    rotated(system, "nats-simulator")
    assert doctor(system) == [("login", "simulator")]
    told = system.sluse("nats", "reload")
    assert told.status == 0, told.said
    assert json.loads(told.out) == {"reloaded": ["alone"]}
    assert doctor(system) == []


def test_a_backup_is_written_where_the_operator_finds_it(system: Compose) -> None:
    told = system.sluse("backup", "/backups/first")
    assert told.status == 0, told.said
    outside = Path(system.environment["SLUSE_BACKUPS"]) / "first"
    listed = docker(
        *("run", "--rm", "--user", "0", "--volume", f"{outside}:/backup:ro"),
        *(system.environment["SLUSE_IMAGE"], "ls", "/backup"),
    ).out.split()
    assert set(listed) == {"manifest.json", *(f"{stream}.snapshot" for stream in ALL)}
    again = system.sluse("backup", "/backups/first")
    assert (again.status, again.said.split(":")[0]) == (2, "NOT_EMPTY")


def test_a_password_of_a_database_is_rotated(system: Compose) -> None:
    rotated(system, "database-aftercare")
    done(system, "restart", "postgres")
    system.until_healthy(("postgres",))
    done(system, "exec", "--no-TTY", "postgres", "sh", "/docker-entrypoint-initdb.d/roles.sh")
    up = ("up", "--wait", "--no-deps", "--no-build", "--force-recreate")
    done(system, *up, "aftercare")
    system.until_healthy(SERVICES)
