"""compose.yaml as an operator has it: healthy, locked down, at work, and leaving in order."""

import json
import stat
from collections import Counter

import httpx
import pytest

from tests.containers.compose import SERVICES, UP_SECONDS, Compose
from tests.containers.front_door import FrontDoor, history, taken_by

pytestmark = pytest.mark.slow

SERVING = ("nats", "postgres", *SERVICES)
ONE_SHOT = ("volumes", "setup")
GRACE_SECONDS = {"nats": 30, "postgres": 30, **dict.fromkeys(SERVICES, 20)}


def test_all_is_healthy(system: Compose) -> None:
    print(f"healthy after {system.started_in:.1f} s")
    assert system.started_in < UP_SECONDS
    assert system.services() >= {*SERVING, *ONE_SHOT}
    assert {system.health(service) for service in SERVING} == {"healthy"}


def test_setup_has_made_the_streams_and_opened_the_programmes(system: Compose) -> None:
    state = system.inspect("setup")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    with FrontDoor(system.url, system.token("anna", reader=["*"])) as door:
        told = door.ask("/api/programmes")
    assert {it["key"] for it in told} == {
        "gullestrup",
        "viborg-silkeborg",
        "jobsporet",
        "tekstil-sylab",
        "eftervaern-herning",
    }


def test_set_up_again_it_changes_nothing(system: Compose) -> None:
    again = system.compose("run", "--rm", "--no-TTY", "--quiet", "setup")
    assert again.status == 0, again.said
    assert {json.loads(line)["outcome"] for line in again.out.splitlines()} == {"unchanged"}


def test_a_demo_goes_through_the_front_door_and_figures_come_out(system: Compose) -> None:
    commands = history("jobsporet", people=12)
    done = Counter(command["type"] for command in commands)
    last: dict[str, int] = {}
    with FrontDoor(system.url, system.token("anna", coordinator=["jobsporet"])) as door:
        for command in commands:
            answer = door.send(command)
            service = taken_by(command)
            last[service] = max(last.get(service, 0), answer["position"])
        for service, position in last.items():
            door.ask("/api/wait", service=service, position=str(position), timeout="30")
        partition = door.ask("/api/programmes/jobsporet/partition", on="2022-12-31")
        told = door.ask("/api/programmes/jobsporet/goals", on="2022-12-31")["goals"]
    goals = {goal["id"]: goal["figure"]["value"] for goal in told}
    assert partition["enrolled"] == done["EnrolParticipant"] == 11
    assert goals["referred"] == done["ReferParticipant"] == 12
    assert goals["entered_employment"] == 7


@pytest.mark.parametrize("service", SERVING)
def test_a_container_can_do_nothing_but_its_work(system: Compose, service: str) -> None:
    known = system.inspect(service)
    host = known["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert 0 < host["PidsLimit"] <= 200
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert known["Config"]["StopTimeout"] == GRACE_SECONDS[service]
    user = known["Config"]["User"].split(":")[0]
    assert user.isdigit()
    assert user != "0"


@pytest.mark.parametrize("service", SERVICES)
def test_its_processes_have_no_capability_and_write_nowhere_but_to_tmp(
    system: Compose, service: str
) -> None:
    inside = system.exec(
        service, "grep", "-E", "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):", "/proc/1/status"
    )
    told = {line.split(":")[0]: line.split()[1] for line in inside.out.splitlines()}
    assert told["Uid"] == "10001"
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
    assert told["NoNewPrivs"] == "1"
    for place in ("/app/x", "/opt/venv/x", "/etc/x", "/x"):
        assert system.exec(service, "touch", place).status != 0
    assert system.exec(service, "touch", "/tmp/x").status == 0


def test_only_the_loopback_is_listened_on(system: Compose) -> None:
    published = {
        (service, binding["HostIp"])
        for service in (*SERVING, *ONE_SHOT)
        for bindings in system.inspect(service)["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    # the bus for this test's own file; an operator's system has the front door alone
    assert published == {("reporting", "127.0.0.1"), ("nats", "127.0.0.1")}
    inside = json.loads(system.compose("config", "--format", "json").out)["networks"]["inside"]
    assert inside["internal"]


def test_every_secret_is_a_file_of_its_reader_alone(system: Compose) -> None:
    for service in SERVING:
        known = system.inspect(service)
        for variable in known["Config"]["Env"]:
            name, _, value = variable.partition("=")
            if any(word in name for word in ("PASSWORD", "KEY", "TOKEN", "SECRET")):
                assert name.endswith("_FILE"), variable
                assert value.startswith("/run/secrets/"), variable
        mounted = {
            it["Destination"].rsplit("/", 1)[1]
            for it in known["Mounts"]
            if it["Destination"].startswith("/run/secrets/")
        }
        if service in SERVICES:
            assert mounted == {"digest-key", "jwks", f"nats-{service}", f"database-{service}"}
        for name in mounted - {"jwks"}:
            mode = system.exec(service, "stat", "-c", "%a", f"/run/secrets/{name}").out.strip()
            assert not int(mode, 8) & (stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP), name


def test_no_secret_is_in_the_logs(system: Compose) -> None:
    said = system.logs()
    for name in ("digest-key", "postgres", "nats-intake", "nats-operator", "database-reporting"):
        assert system.secret(name) not in said


def test_secrets_that_are_there_stay(system: Compose) -> None:
    before = system.secret("digest-key")
    again = system.compose("run", "--rm", "--no-TTY", "--quiet", "secrets")
    assert {json.loads(line)["outcome"] for line in again.out.splitlines()} == {"kept"}
    assert system.secret("digest-key") == before


@pytest.mark.parametrize(("role", "database"), [("intake", "placement"), ("reporting", "postgres")])
def test_a_service_gets_into_no_other_database(system: Compose, role: str, database: str) -> None:
    code = f"""
import asyncio, asyncpg, pathlib
password = pathlib.Path("/run/secrets/database-{role}").read_text().strip()
async def main():
    await asyncpg.connect(host="postgres", user="{role}", password=password, database="{role}")
    try:
        await asyncpg.connect(host="postgres", user="{role}", password=password, database="{database}")
    except asyncpg.InsufficientPrivilegeError:
        print("refused")
asyncio.run(main())
"""
    assert system.exec(role, "python", "-c", code).out.strip() == "refused"


def test_without_a_token_the_front_door_stays_shut(system: Compose) -> None:
    answer = httpx.get(f"{system.url}/api/programmes/jobsporet/goals")
    assert answer.status_code == 401
    assert httpx.get(f"{system.url}/health/ready").status_code == 200


def test_the_operator_asks_for_the_status(system: Compose) -> None:
    token = system.token("ole", operator=["*"])
    told = system.sluse("status", "--json", token=token)
    assert told.status in (0, 1), told.said
    assert {row["service"] for row in json.loads(told.out)["projections"]} >= {
        "placement",
        "aftercare",
        "reporting",
    }


@pytest.mark.parametrize("service", [*SERVICES, "nats", "postgres"])
def test_told_to_end_it_ends_in_order_and_comes_back(system: Compose, service: str) -> None:
    system.stop(service)
    state = system.inspect(service)["State"]
    assert (state["Status"], state["OOMKilled"]) == ("exited", False)
    # nats-server says how it was ended
    assert state["ExitCode"] in ((0, 1) if service == "nats" else (0,))
    system.start(service)
    system.until_healthy((service, *SERVICES))
