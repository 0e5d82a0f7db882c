"""The log of a running system: JSON a line, by command and entity, and never what was sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import today
from tests.journeys.sluse_process import Up
from tests.journeys.today import ago, command

SECRETS = (
    "Sekretforetaget",
    "sekretomraade",
    "sekretgrund",
    "sekret@example.dk",
    "010190-1234",
    "sekretting",
    "sekretkode",
)
CASE = {"X-Correlation-ID": "case-4711"}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a system wrote that was told secrets in every way there is."""
    directory = tmp_path_factory.mktemp("logs")
    with Up(directory / "data", general=("--verbose",), SLUSE_LOG_FORMAT="json") as up:
        applied = up.run("programme", "apply", today.programme_file(directory))
        assert applied.status == 0
        _tell_secrets(up)
        up.interrupt()
        return up.err.all()


def _tell_secrets(up: Up) -> None:
    company = {**today.register_company(), "name": "Sekretforetaget", "area": "sekretomraade"}
    assert up.command("placement", company, CASE).status_code == 200
    person = {**today.register_person(), "area": "sekretomraade"}
    assert up.command("intake", person, CASE).status_code == 200
    referral = {**today.refer(today.PROGRAMME, person["person_ref"]), "late_reason": "sekretgrund"}
    assert up.command("intake", referral, CASE).status_code == 200
    enrolment = referral["enrolment"]
    refused: list[tuple[str, Any]] = [
        ("intake", {**today.register_person(), "area": "sekret@example.dk"}),
        ("intake", {**today.register_person(), "area": "010190-1234"}),
        ("intake", {**today.register_person(), "colour": "sekret@example.dk"}),
        ("intake", {**today.register_person(), "birth_year": "010190-1234"}),
        ("intake", {**today.register_person(), "command_id": "sekret@example.dk"}),
        ("intake", {"type": "sekret@example.dk", "command_id": "x"}),
        ("intake", {**referral, "command_id": "other", "benefit": "sekretkode"}),
        ("intake", {**referral, "command_id": "other", "benefit": "010190-1234"}),
        (
            "intake",
            command(
                "DeclineReferral", enrolment=enrolment, declined_on=ago(1), reason="sekretkode"
            ),
        ),
        ("placement", {**today.register_company(), "name": "sekret@example.dk"}),
        ("placement", {**today.register_company(), "name": "Sekretforetaget 010190-1234"}),
    ]
    for service, body in refused:
        assert up.command(service, body, CASE).status_code in (409, 422), body
    for content in (b'{"sekretting": "sekret@example.dk"', b"sekretting"):
        assert up.http.post("/intake/commands", content=content).status_code == 400
    for path in ("/api/people/010190-1234/timeline", "/api/programmes/sekretting/goals"):
        assert up.http.get(path).status_code == 404
    assert up.http.get("/sekret@example.dk").status_code == 404


def test_every_line_is_one_json_object(logged: list[str]) -> None:
    assert logged
    for line in logged:
        said = json.loads(line)
        assert {"event", "level", "timestamp"} <= set(said), line


def test_accepted_and_refused_commands_say_which_and_about_whom(logged: list[str]) -> None:
    said = [json.loads(line) for line in logged]
    accepted = [it for it in said if it["event"] == "accepted"]
    assert len(accepted) >= 3
    for it in accepted:
        assert {"service", "command", "command_id", "entity", "correlation_id", "seconds"} <= set(
            it
        )
        assert it["entity"].startswith(f"{it['service']}.")
    refused = [it for it in said if it["event"] == "refused" and "command_id" in it]
    # What cannot be decoded, or betrays a person, names no id: the id may be what betrays.
    assert len(refused) >= 2
    for it in refused:
        assert {"code", "path", "entity", "correlation_id"} <= set(it)
    assert {"case-4711"} <= {it["correlation_id"] for it in accepted}


def test_the_log_never_says_what_was_sent(logged: list[str]) -> None:
    for line in logged:
        assert not [secret for secret in SECRETS if secret.lower() in line.lower()], line


def test_without_verbose_a_quiet_day_leaves_an_empty_log(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        assert up.command("intake", today.register_person()).status_code == 200
        assert up.interrupt() == 0
        assert up.err.all() == []


@pytest.mark.parametrize(
    "field", [{"person_ref": "0101901234"}, {"command_id": "0101901234"}, {"0101901234": "x"}]
)
def test_a_number_that_is_refused_as_an_id_or_a_name_is_not_in_the_log(
    tmp_path: Path, field: dict[str, str]
) -> None:
    with Up(tmp_path / "data", general=("--verbose",)) as up:
        response = up.command("intake", {**today.register_person(), **field})
        assert response.status_code == 422
        assert up.interrupt() == 0
        said = up.err.all()
    assert any('"refused"' in line for line in said)
    assert not [line for line in said if "0101901234" in line]


def test_the_format_of_the_log_is_a_setting(tmp_path: Path) -> None:
    with Up(tmp_path / "data", general=("--verbose",), SLUSE_LOG_FORMAT="pretty") as up:
        assert up.command("intake", today.register_person()).status_code == 200
        assert up.interrupt() == 0
        said = up.err.all()
    assert any("accepted" in line for line in said)
    assert not any(line.startswith("{") for line in said)
