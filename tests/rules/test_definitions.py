"""Every programme's definition is sound, and its demonstration history fits it and stands alone."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.aftercare.app import COMMANDS as AFTERCARE
from services.intake.app import COMMANDS as INTAKE
from services.intake.events.conformity import last_counted_day, refuse_unknown_codes
from services.intake.events.definition import Definition
from services.intake.events.definition_check import problems
from services.placement.app import COMMANDS as PLACEMENT
from shared.clock import COPENHAGEN
from shared.command import Command
from shared.correction.commands import CorrectionCommand
from shared.fact_days import fact_days, first_day_of
from shared.identifiers import looks_like_cpr
from shared.imprecise_date import first_day

PROGRAMMES = Path(__file__).parents[2] / "programmes"
KEYS = sorted(file.stem for file in PROGRAMMES.glob("*.toml"))
SPOKEN_OF = ("person_ref", "enrolment", "placement", "opening", "match", "problem")
MADE_BY = {
    "person_ref": "RegisterPerson",
    "enrolment": "ReferParticipant",
    "placement": "AgreePlacement",
    "opening": "ReportOpening",
    "match": "ProposeMatch",
    "problem": "RaiseProblem",
    "company": "RegisterCompany",
}
_decoder = msgspec.json.Decoder(INTAKE | PLACEMENT | AFTERCARE | CorrectionCommand)


@cache
def definition(key: str) -> Definition:
    text = (PROGRAMMES / f"{key}.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Definition)


@cache
def told(key: str) -> Sequence[dict[str, Any]]:
    text = (PROGRAMMES / f"demo/{key}.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@cache
def commands(key: str) -> Sequence[Command]:
    lines = (PROGRAMMES / f"demo/{key}.ndjson").read_bytes().splitlines()
    return [_decoder.decode(line) for line in lines]


every_programme = pytest.mark.parametrize("key", KEYS)
every_history = pytest.mark.parametrize("key", [*KEYS, "all"])


def test_each_programme_has_a_history_and_one_more_tells_what_needs_several() -> None:
    histories = sorted(file.stem for file in (PROGRAMMES / "demo").glob("*.ndjson"))
    assert histories == sorted([*KEYS, "all"])


@every_programme
def test_a_definition_is_sound_and_named_as_its_file(key: str) -> None:
    assert problems(definition(key)) == []
    assert definition(key).key == key


@every_programme
def test_a_definition_says_what_is_assumed(key: str) -> None:
    assert any("invented" in text for text in definition(key).assumed)


@every_programme
def test_every_code_list_of_a_definition_is_in_two_languages(key: str) -> None:
    codes = definition(key).codes
    for name in codes.__struct_fields__:
        listed = getattr(codes, name)
        assert listed or name == "indicators", name
        assert all(term.name.da and term.name.en for term in listed)


@every_programme
def test_every_code_of_a_history_may_be_used_on_its_day(key: str) -> None:
    for command in commands(key):
        refuse_unknown_codes(command, definition(key), first_day_of(command, date.max))


@every_programme
def test_a_history_lies_within_its_programme(key: str) -> None:
    begins, ends = first_day(definition(key).period.start), last_counted_day(definition(key))
    for command in commands(key):
        assert all(begins <= day <= ends for _, day in fact_days(command)), command.command_id


@every_programme
def test_a_history_speaks_of_its_own_programme_and_of_nobody_told_elsewhere(key: str) -> None:
    known: dict[str, set[str]] = {name: set() for name in MADE_BY}
    for line in told(key):
        assert line.get("programme", key) == key
        if line["type"] == "RegisterCompany":
            number = line.get("p_number")
            known["company"].add(f"p{number}" if number else f"cvr{line['cvr']}")
        for name in SPOKEN_OF:
            if MADE_BY[name] == line["type"]:
                known[name].add(line[name])
            elif name in line:
                assert line[name] in known[name], line["command_id"]
        if line["type"] != "SuggestCompany":  # whom nobody knows yet may be suggested
            assert line.get("company") in {None, *known["company"]}, line["command_id"]


@every_programme
def test_a_history_reaches_what_is_rare(key: str) -> None:
    kinds = {line["type"] for line in told(key)}
    rare = {"CorrectEvent", "RetractEvent", "CloseProgramme", "DeclineAftercare"}
    assert key == "jobsporet" or rare <= kinds
    again = [line for line in told(key) if "previous_enrolment" in line]
    assert key == "jobsporet" or again


@every_history
def test_a_history_is_told_in_the_order_in_which_it_was_registered(key: str) -> None:
    registered = [datetime.fromisoformat(line["registered_at"]) for line in told(key)]
    assert registered == sorted(registered)
    assert len({line["command_id"] for line in told(key)}) == len(registered)
    for command, at in zip(commands(key), registered, strict=True):
        assert all(day <= at.astimezone(COPENHAGEN).date() for _, day in fact_days(command))


@every_history
def test_a_history_is_registered_in_opening_hours(key: str) -> None:
    for command in commands(key):
        assert command.registered_at is not None
        at = command.registered_at.astimezone(COPENHAGEN)
        assert at.weekday() < 5
        assert 7 <= at.hour < 18


@every_history
def test_a_history_is_an_import_of_the_past_with_a_few_other_reasons_for_coming_late(
    key: str,
) -> None:
    assert {command.origin for command in commands(key)} == {"import"}
    late = [it for it in commands(key) if it.late_reason != "import"]
    assert len(late) < len(commands(key)) / 50
    assert all(it.late_reason for it in late)
    assert late or key in ("jobsporet", "all")


@every_history
def test_a_history_is_short_enough_to_be_loaded(key: str) -> None:
    assert len(told(key)) < 2_600


@every_history
def test_nothing_in_a_history_looks_like_a_citizens_number(key: str) -> None:
    for line in told(key):
        assert not any(looks_like_cpr(text) for text in _texts(line))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def test_some_people_are_in_two_programmes_with_the_same_data() -> None:
    people: dict[str, dict[str, tuple[Any, ...]]] = {}
    for key in KEYS:
        for line in told(key):
            if line["type"] == "RegisterPerson":
                data = (line.get("birth_year"), line.get("area"))
                people.setdefault(line["person_ref"], {})[key] = data
    shared = [of_key for of_key in people.values() if len(of_key) > 1]
    assert len(shared) == 3
    assert all(len(set(of_key.values())) == 1 for of_key in shared)


def test_what_is_told_of_several_programmes_speaks_of_those_who_were_told_before() -> None:
    before = {
        line[name] for key in KEYS for line in told(key) for name in SPOKEN_OF if name in line
    }
    transfers = [line for line in told("all") if line["type"] == "TransferParticipant"]
    merges = [line for line in told("all") if line["type"] == "MergePersons"]
    assert {line["enrolment"] for line in transfers} <= before
    assert {line["linked_enrolment"] for line in transfers}.isdisjoint(before)
    assert {line[name] for line in merges for name in ("person_ref", "merged_ref")} <= before
    assert len(transfers) == len(merges) == 2
