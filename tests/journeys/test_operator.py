"""The operator's command: sending, exporting, looking, programmes and streams, without ever a traceback."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import history, today
from tests.journeys.sluse_process import Up, run

BAD_LINES = b"\n".join(
    [
        b'{"type": "RegisterPerson", "command_id": "send-1", "person_ref": "anna"}',
        b'{"type": "RegisterPerson", ',
        b"",
        b'{"type": "RegisterNobody", "command_id": "send-4"}',
        b'{"type": "RegisterPerson", "command_id": "send-5", "birth_year": "young"}',
        b"[1, 2]",
        b"\xff\xfe",
        b'{"type": "AcceptAftercare", "command_id": "send-8", "plan": "none", "party": "citizen",'
        b' "accepted_on": "2022-01-01"}',
        b'{"type": "RegisterPerson", "command_id": "send-9", "person_ref": "bo"}',
    ]
)


def answers(out: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out]


def assert_bad_lines_are_answered(told: list[dict[str, Any]]) -> None:
    assert [
        (
            it["line"],
            it["ok"],
            *((it["error"]["code"], it["error"]["path"]) if not it["ok"] else ()),
        )
        for it in told
    ] == [
        (1, True),
        (2, False, "MALFORMED_JSON", ""),
        (4, False, "INVALID_FIELD", "$.type"),
        (5, False, "INVALID_FIELD", "$.birth_year"),
        (6, False, "INVALID_FIELD", "$.type"),
        (7, False, "MALFORMED_JSON", ""),
        (8, False, "STATE", ""),
        (9, True),
    ]
    assert told[0]["events"][0]["type"] == "PersonRegistered"
    assert told[0]["position"] < told[-1]["position"]


@pytest.mark.slow
def test_a_bad_line_is_answered_with_number_code_and_path_and_the_rest_goes_on(
    up: Up, tmp_path: Path
) -> None:
    file = tmp_path / "commands.ndjson"
    file.write_bytes(BAD_LINES)
    from_file = up.run("send", file)
    from_pipe = up.run("send", "-", given=BAD_LINES)
    assert (from_file.status, from_pipe.status) == (1, 1)
    assert_bad_lines_are_answered(answers(from_file.lines))
    assert from_pipe.out == from_file.out  # the first answers again
    good = up.run("send", "-", given=BAD_LINES.splitlines()[0])
    assert (good.status, good.said) == (0, "")
    assert up.run("send", "-", given=b"").status == 0


def test_a_file_that_is_not_there_is_told(up: Up, tmp_path: Path) -> None:
    told = up.run("send", tmp_path / "nothing.ndjson")
    assert told.status == 2
    assert "nothing.ndjson" in told.said


@pytest.mark.slow
def test_an_export_is_all_events_in_order_of_recording(up: Up, programme: str) -> None:
    up.command("placement", today.register_company())
    up.command("intake", today.register_person())
    first = up.run("export")
    assert (first.status, first.said) == (0, "")
    lines = history.read(first.out)
    for line in lines:
        assert set(line) == {"stream", "position", "recorded_at", "event"}
        event = line["event"]
        assert event["specversion"] == "1.0"
        assert {"id", "source", "type", "subject", "time", "data", "commandid"} <= set(event)
        assert {"commanddigest", "correlationid", "causationid", "actor"} <= set(event)
    assert {line["stream"] for line in lines} >= {"INTAKE", "PLACEMENT"}
    for stream in history.LETTERS:
        positions = [line["position"] for line in lines if line["stream"] == stream]
        assert positions == list(range(1, len(positions) + 1))
    instants = [line["recorded_at"] for line in lines]
    assert instants == sorted(instants)
    assert up.run("export").out == first.out


@pytest.mark.slow
def test_an_export_from_a_moment_is_exactly_the_rest(up: Up, programme: str) -> None:
    up.command("intake", today.register_person())
    moment = up.wait("intake", 1)
    before = history.read(up.run("export").out)
    moment = history.moment_of(before)
    assert up.run("export", "--from", moment).out == b""
    up.command("placement", {**today.register_company(), "cvr": "13572468"})
    up.command("intake", today.register_person())
    rest = history.read(up.run("export", "--from", moment).out)
    assert before + rest == history.read(up.run("export").out)
    assert [line["event"]["type"] for line in rest] == ["CompanyRegistered", "PersonRegistered"]


@pytest.mark.parametrize("moment", ["i5", "2026-01-01T00:00:00Z", "yesterday"])
def test_an_export_from_what_is_no_moment_is_refused(up: Up, moment: str) -> None:
    told = up.run("export", "--from", moment)
    assert told.status == 2
    assert "like i5" in told.said or "like i1" in told.said
    assert told.out == b""


@pytest.mark.slow
def test_the_status_shows_streams_projections_positions_and_lag(up: Up, programme: str) -> None:
    lines = history.read(up.run("export").out)
    for stream in history.LETTERS:
        up.wait(stream.lower(), sum(line["stream"] == stream for line in lines))
    told = _status_when_caught_up(up)
    positions = {row["stream"]: row["position"] for row in told["streams"]}
    assert positions.keys() == {"INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS", "OPERATIONS"}
    assert positions["INTAKE"] == sum(line["stream"] == "INTAKE" for line in lines)
    rows = {(row["service"], row["stream"]): row for row in told["projections"]}
    assert rows.keys() >= {("reporting", stream) for stream in history.LETTERS}
    assert ("placement", "INTAKE") in rows
    assert all(row["lag"] == 0 and row["stopped"] is None for row in rows.values())
    assert all(row["position"] == positions[stream] for (_, stream), row in rows.items())
    table = up.run("status")
    assert table.status == 0
    for word in ("Streams", "Projections", "INTAKE", "reporting", "position", "lag"):
        assert word in table.out.decode()


def _status_when_caught_up(up: Up) -> Any:
    """The other services' views may be a moment behind reporting's."""
    for _ in range(10):
        told = up.run("status", "--json")
        if told.status == 0:
            break
    assert told.status == 0, told.out
    return json.loads(told.out)


@pytest.mark.slow
def test_where_nothing_answers_a_command_says_so_and_fails() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{nobody.getsockname()[1]}"
        for arguments in (("status",), ("send", "-")):
            told = run(*arguments, "--nats", url)
            assert told.status == 2, arguments
            assert "BUS_AWAY: nothing answers at the address" in told.said


def test_a_definition_that_is_right_is_told_with_its_version_and_checksum(tmp_path: Path) -> None:
    told = run("programme", "check", today.JOBSPORET)
    assert (told.status, told.said) == (0, "")
    shown = json.loads(told.out)
    assert (shown["programme"], shown["version"], len(shown["checksum"])) == ("jobsporet", 2, 64)
    assert run("programme", "check", today.programme_file(tmp_path)).status == 0


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("version = 2", "version = ", "line"),
        ("version = 2", 'version = "one"', "$.version"),
        ("version = 2", "version = 2\nmood = 1", "$.mood"),
        ('goal_window = "P6M"', 'goal_window = "six months"', "$.goal_window"),
        ('measure = "M04"', 'measure = "M99"', "$.goals[1]"),
        ('end = "2022-12"', 'end = "2020-12"', "$.period"),
        ('id = "entered_employment"', 'id = "referred"', "$.goals[1]"),
    ],
)
def test_what_is_wrong_in_a_definition_is_told_with_its_place(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    text = today.JOBSPORET.read_text()
    assert was in text
    file = tmp_path / "wrong.toml"
    file.write_text(text.replace(was, becomes, 1))
    told = run("programme", "check", file)
    assert told.status == 2
    assert "BAD_DEFINITION" in told.said
    assert str(file) in told.said
    assert said in told.said
    assert told.out == b""


@pytest.mark.slow
def test_a_definition_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (binary, tmp_path / "none.toml", tmp_path):
        told = run("programme", "check", file)
        assert told.status == 2
        assert f"BAD_DEFINITION: {file}" in told.said


@pytest.mark.slow
def test_a_programme_is_opened_once_and_revised_by_a_higher_version(
    up: Up, programme: str, tmp_path: Path
) -> None:
    again = up.run("programme", "apply", today.programme_file(tmp_path))
    assert (again.status, json.loads(again.out)["outcome"]) == (0, "unchanged")
    same_version = tmp_path / "changed.toml"
    same_version.write_text(today.definition_text().replace("target = 42", "target = 43"))
    refused = up.run("programme", "apply", same_version)
    assert refused.status == 1
    error = json.loads(refused.out)["error"]
    assert (error["code"], error["path"]) == ("INVALID_FIELD", "$.definition.version")
    higher = tmp_path / "higher.toml"
    higher.write_text(today.definition_text(2).replace("target = 42", "target = 43"))
    revised = up.run("programme", "apply", higher)
    told = json.loads(revised.out)
    assert (revised.status, told["outcome"], told["version"]) == (0, "revised", 2)
    position = json.loads(up.run("status", "--json").out)["streams"][0]["position"]
    up.wait("intake", position)
    shown = next(it for it in up.ask("/api/programmes") if it["key"] == programme)
    assert (shown["definition_version"], shown["versions"]) == (2, [1, 2])
    assert shown["checksum"] == told["checksum"]
    goals = up.ask(f"/api/programmes/{programme}/goals")["goals"]
    assert 43 in [goal["target"] for goal in goals]


def test_applying_the_streams_again_changes_nothing(up: Up) -> None:
    for _ in range(2):
        told = up.run("streams", "apply")
        assert (told.status, told.said) == (0, "")
        assert {it["stream"]: it["outcome"] for it in answers(told.lines)} == dict.fromkeys(
            ("INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS", "OPERATIONS"), "unchanged"
        )
