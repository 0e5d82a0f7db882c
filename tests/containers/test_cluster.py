"""compose.cluster.yaml: every event three times, and commands that reach whichever replica is there."""

import json

import pytest

from tests.containers.compose import SERVICES, Compose
from tests.containers.front_door import FrontDoor

pytestmark = pytest.mark.slow

NODES = ("nats", "nats-2", "nats-3")
REPLICATED = ("intake", "placement", "aftercare")


def registered(number: int) -> dict[str, object]:
    return {"type": "RegisterPerson", "command_id": f"cluster-{number}", "birth_year": 1980}


def test_it_comes_up_with_two_of_each_command_service(cluster: Compose) -> None:
    print(f"healthy after {cluster.started_in:.1f} s")
    assert {service: len(cluster.containers(service)) for service in (*NODES, *SERVICES)} == {
        **dict.fromkeys(NODES, 1),
        **dict.fromkeys(REPLICATED, 2),
        "reporting": 1,
    }
    for service in (*NODES, *SERVICES):
        for index in range(len(cluster.containers(service))):
            assert cluster.health(service, index + 1) == "healthy"


def test_every_stream_is_kept_three_times(cluster: Compose) -> None:
    told = cluster.exec(
        "nats", "wget", "-q", "-O", "-", "http://127.0.0.1:8222/jsz?accounts=1&streams=1&config=1"
    )
    accounts = json.loads(told.out)["account_details"]
    streams = {
        it["name"]: it["config"]["num_replicas"] for a in accounts for it in a["stream_detail"]
    }
    assert streams.keys() >= {"INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS", "OPERATIONS"}
    assert set(streams.values()) == {3}


def test_commands_reach_every_replica_through_the_bus(cluster: Compose) -> None:
    with FrontDoor(cluster.url, cluster.token("anna", coordinator=["*"])) as door:
        for number in range(40):
            assert door.send(registered(number))["ok"]
    for index in (1, 2):
        logs = cluster.logs_of("intake", index)
        assert logs.count('"event": "accepted"') > 0, f"replica {index} has carried out nothing"


def test_one_replica_and_one_server_gone_the_rest_goes_on(cluster: Compose) -> None:
    with FrontDoor(cluster.url, cluster.token("anna", coordinator=["*"])) as door:
        cluster.kill("intake", index=1)
        cluster.kill("nats-2")
        answers = [door.send(registered(number)) for number in range(100, 120)]
        again = [door.send(registered(number)) for number in range(100, 120)]
    assert [it["events"] for it in again] == [it["events"] for it in answers]
    assert len({it["position"] for it in answers}) == 20
    cluster.up()
