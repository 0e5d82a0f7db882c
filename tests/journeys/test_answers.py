"""What reporting answers beside its figures: openings that fit, lives, programmes, reports of a day."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.reporting.partition import PartitionError
from services.reporting.reports import NotWhole
from shared.command import refused as reply_to
from shared.http_door import reply_response
from tests.journeys import today
from tests.journeys.sluse_process import Up
from tests.journeys.test_front_door import accepted, enrolled, placed
from tests.journeys.test_reports import issued
from tests.journeys.today import Body, ago, command, definition_text

pytestmark = pytest.mark.slow


def opening(up: Up, programme: str | None, positions: int = 1, **terms: Any) -> str:
    """An opening reported ten days ago: a small job of 5 to 15 hours in retail."""
    accepted(up, "placement", today.register_company())
    said = {
        "opening": str(uuid4()),
        "company": today.COMPANY,
        "kind": "small_job",
        "positions": positions,
        "weekly_minutes_min": 300,
        "weekly_minutes_max": 900,
        "carved": False,
        "found_by": "job_carver",
        "sector": "retail",
        "reported_on": ago(10),
        "programme": programme,
        **terms,
    }
    reply = accepted(up, "placement", command("ReportOpening", **said))
    up.wait("placement", reply["position"])
    return str(said["opening"])


def fitting(up: Up, enrolment: str, **asked: Any) -> dict[str, Any]:
    """The openings that fit, by their ids."""
    response = up.http.get(f"/api/enrolments/{enrolment}/openings", params=asked)
    assert response.status_code == 200, response.text
    return {it["opening"]: it for it in response.json()["openings"]}


def known(up: Up, service: str, reply: Any) -> str:
    return up.wait(service, reply["position"])


def test_openings_that_fit_are_ranked_and_say_why(up: Up, programme: str) -> None:
    enrolment = enrolled(up, programme)
    cv = command("CompleteActivity", enrolment=enrolment, kind="cv", completed_on=ago(20))
    known(up, "intake", accepted(up, "intake", cv))
    good = opening(up, programme, positions=2, requirements=["cv"], area="by")
    fair = opening(up, None, sector="agriculture", weekly_minutes_max=500)
    job = opening(up, programme, kind="full_time")
    elsewhere = opening(up, programme, reported_on=ago(0))

    wishes = {"kind": ["small_job"], "weekly_minutes": 600, "sector": ["retail"], "area": "by"}
    told = fitting(up, enrolment, **wishes, on=ago(5))
    assert {good, fair} <= told.keys()
    assert not {job, elsewhere} & told.keys()
    assert told[good]["score"] == 3 + 2 + 2 + 2 + 1 + 1
    assert [tuple(it.values()) for it in told[good]["reasons"]] == [
        ("kind", 3, "wished"),
        ("hours", 2, "as_wished"),
        ("sector", 2, "wished"),
        ("place", 2, "wished_area"),
        ("requirements", 1, "cv"),
        ("seats", 1, "several"),
    ]
    assert told[fair]["score"] == 3 - 1 - 1
    assert list(told).index(good) < list(told).index(fair)
    assert {job, elsewhere} <= fitting(up, enrolment, kind=["full_time", "small_job"]).keys()
    before = fitting(up, enrolment, **wishes, on=ago(21))
    assert good not in before  # it was reported later


def test_an_opening_without_a_seat_is_offered_to_nobody(up: Up, programme: str) -> None:
    seeker, other = enrolled(up, programme), enrolled(up, programme)
    of_two, of_one = opening(up, programme, positions=2), opening(up, programme)
    gone = opening(up, programme)
    withdrawal = command("WithdrawOpening", opening=gone, withdrawn_on=ago(3), reason="filled")
    before = known(up, "placement", accepted(up, "placement", withdrawal))
    for one in (of_two, of_one):
        agreement = {**today.agree_placement(other), "opening": one}
        up.wait("placement", accepted(up, "placement", agreement)["position"])

    told = fitting(up, seeker)
    assert told[of_two]["seats_left"] == 1
    assert of_one not in told
    assert gone not in told
    assert gone in fitting(up, seeker, on=ago(4))
    was = fitting(up, seeker, known=before)
    assert (was[of_two]["seats_left"], was[of_one]["seats_left"]) == (2, 1)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"kind": ["small_job", "holiday"]}, "kind"),
        ({"weekly_minutes": "many"}, "weekly_minutes"),
        ({"weekly_minutes": -1}, "weekly_minutes"),
        ({"sector": "no such thing!"}, "sector"),
        ({"on": "soon"}, "on"),
        ({"known": "then"}, "known"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(
    up: Up, programme: str, asked: dict[str, Any], path: str
) -> None:
    response = up.http.get(f"/api/enrolments/{enrolled(up, programme)}/openings", params=asked)
    assert response.status_code == 422, response.text
    error = response.json()["error"]
    assert (error["code"], error["path"]) == ("INVALID_FIELD", path)


def test_an_enrolment_that_nobody_knows_is_not_found(up: Up, programme: str) -> None:
    response = up.http.get(f"/api/enrolments/{uuid4()}/openings")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "NOT_FOUND"


def lived(up: Up, person: str, **asked: str) -> Any:
    return up.ask(f"/api/people/{person}/timeline", **asked)


def told_types(timeline: Any) -> list[str]:
    return [it["type"] for it in timeline["events"]]


def registered_person(up: Up) -> str:
    person = today.register_person()
    accepted(up, "intake", person)
    return str(person["person_ref"])


def a_referral(up: Up, programme: str, person: str) -> Body:
    referral = today.refer(programme, person)
    up.wait("intake", accepted(up, "intake", referral)["position"])
    return referral


def test_two_records_of_one_person_have_one_timeline(up: Up, programme: str) -> None:
    survivor, merged = registered_person(up), registered_person(up)
    a_referral(up, programme, merged)
    merge = command("MergePersons", person_ref=survivor, merged_ref=merged, evidence="cpr")
    together = known(up, "intake", accepted(up, "intake", merge))
    revert = command("RevertPersonMerge", person_ref=survivor, merged_ref=merged, evidence="cpr")
    known(up, "intake", accepted(up, "intake", revert))

    both = [lived(up, person, known=together) for person in (survivor, merged)]
    assert both[0]["events"] == both[1]["events"]
    assert both[0]["names"] == both[1]["names"] == sorted((survivor, merged))
    assert sorted(told_types(both[0])) == [
        "ParticipantReferred",
        "PersonRegistered",
        "PersonRegistered",
        "PersonsMerged",
    ]
    assert told_types(lived(up, merged)) == ["ParticipantReferred", "PersonRegistered"]
    assert sorted(told_types(lived(up, survivor))) == [
        "PersonMergeReverted",
        "PersonRegistered",
        "PersonsMerged",
    ]


def test_a_timeline_tells_of_proposals_problems_and_corrections(up: Up, programme: str) -> None:
    person = registered_person(up)
    referral = a_referral(up, programme, person)
    enrolment = referral["enrolment"]
    accepted(up, "intake", today.enrol(enrolment))
    one = opening(up, programme)
    proposal = command("ProposeMatch", enrolment=enrolment, opening=one, proposed_on=ago(6))
    accepted(up, "placement", proposal)
    agreement = today.agree_placement(enrolment)
    accepted(up, "placement", agreement)
    accepted(up, "placement", today.start_employment(agreement["placement"]))
    problem = command(
        "RaiseProblem",
        placement=agreement["placement"],
        raised_by="citizen",
        category="transport",
        severity=1,
        raised_on=ago(4),
    )
    known(up, "aftercare", accepted(up, "aftercare", problem))
    recorded = next(it for it in lived(up, person)["events"] if it["type"] == "ParticipantReferred")
    data = {**recorded["data"], "referred_on": ago(39)}
    correction = command(
        "CorrectEvent",
        subject=recorded["subject"],
        event_id=recorded["id"],
        data=data,
        reason="typing",
    )
    known(up, "intake", accepted(up, "intake", correction))

    told = {it["type"]: it for it in lived(up, person)["events"]}
    assert told["MatchProposed"]["happened_on"] == ago(6)
    assert told["ProblemRaised"]["happened_on"] == ago(4)
    assert told["ParticipantReferred"]["happened_on"] == ago(40)  # as it was recorded
    assert told["EventCorrected"]["data"]["data"]["referred_on"] == ago(39)
    assert told["EventCorrected"]["happened_on"] is None
    by_then = told_types(lived(up, person, on=ago(5)))
    assert "MatchProposed" in by_then
    assert "ProblemRaised" not in by_then


def test_what_was_recorded_of_the_wrong_person_is_not_told_of_them(up: Up, programme: str) -> None:
    wrong, right = registered_person(up), registered_person(up)
    referral = a_referral(up, programme, wrong)
    recorded = next(it for it in lived(up, wrong)["events"] if it["type"] == "ParticipantReferred")
    correction = command(
        "CorrectEvent",
        subject=recorded["subject"],
        event_id=recorded["id"],
        data={**recorded["data"], "person_ref": right},
        reason="wrong_person",
    )
    known(up, "intake", accepted(up, "intake", correction))
    assert told_types(lived(up, wrong)) == ["PersonRegistered"]
    assert "ParticipantReferred" in told_types(lived(up, right))

    taken_back = a_referral(up, programme, wrong)
    recorded = next(it for it in lived(up, wrong)["events"] if it["type"] == "ParticipantReferred")
    assert taken_back["enrolment"] != referral["enrolment"]
    retraction = command(
        "RetractEvent", subject=recorded["subject"], event_id=recorded["id"], reason="test_data"
    )
    known(up, "intake", accepted(up, "intake", retraction))
    assert {"ParticipantReferred", "EventRetracted"} <= set(told_types(lived(up, wrong)))


def test_a_programme_is_told_as_its_definition_gives_it(up: Up, tmp_path: Path) -> None:
    file = tmp_path / "harbour.toml"
    file.write_text(definition_text().replace(f'key = "{today.PROGRAMME}"', 'key = "harbour"'))
    assert up.run("programme", "apply", file).status == 0
    indicator = command(
        "RecordExternalIndicator",
        programme="harbour",
        indicator="participant_satisfaction",
        value=4.2,
        on=ago(9),
    )
    open_still = known(up, "intake", accepted(up, "intake", indicator))
    closing = command("CloseProgramme", programme="harbour", closed_on=ago(2), outcome="anchored")
    known(up, "intake", accepted(up, "intake", closing))

    def harbour(**asked: str) -> Any:
        return next(it for it in up.ask("/api/programmes", **asked) if it["key"] == "harbour")

    told = harbour()
    start, end = told["period"]["start"], told["period"]["end"]
    assert re.fullmatch(r"\d{4}-\d\d", start)
    assert re.fullmatch(r"\d{4}-\d\d", end)
    assert told["sites"] == [
        {"id": "ikast_brande", "name": {"da": "Ikast-Brande", "en": "Ikast-Brande"}}
    ]
    assert [(it["id"], it["budget_ore"]) for it in told["phases"]] == [("whole", 290_000_000)]
    assert told["indicators"] == [
        {"indicator": "participant_satisfaction", "value": 4.2, "on": ago(9)}
    ]
    assert (told["closed_on"], told["outcome"]) == (ago(2), "anchored")
    for asked in ({"on": ago(3)}, {"known": open_still}):
        assert (harbour(**asked)["closed_on"], harbour(**asked)["outcome"]) == (None, None)
    assert harbour(on=ago(10))["indicators"] == []
    goals = up.ask("/api/programmes/harbour/goals")["goals"]
    figures = up.ask("/api/programmes/harbour/measures")["figures"]
    periods = [goal["figure"]["period"] for goal in goals] + [it["period"] for it in figures]
    assert periods == [[start, end]] * len(periods)


def test_every_question_can_be_asked_of_another_day_and_moment(up: Up) -> None:
    paths = up.ask("/schema")["paths"]
    questions = {
        path: {it["name"] for it in operations["get"].get("parameters", ())}
        for path, operations in paths.items()
        if path.startswith("/api/") and "get" in operations
    }
    undated = {path for path, names in questions.items() if "on" not in names}
    assert undated == {
        "/api/reports/{report}",
        "/api/reports/{report}/changes",
        "/api/wait",
        "/api/status",
    }
    unknown = {path for path, names in questions.items() if "known" not in names}
    assert unknown == {"/api/wait", "/api/status"}


def test_reports_are_listed_by_their_day_and_as_of_an_instant(up: Up, programme: str) -> None:
    before = datetime.now(UTC).isoformat()
    placed(up, programme)
    report = issued(up, programme, ago(1))

    def listed(**asked: str) -> list[str]:
        return [it["report"] for it in up.ask("/api/reports", programme=programme, **asked)]

    assert report in listed()
    assert report in listed(on=ago(1))
    assert report not in listed(on=ago(2))
    assert report not in listed(known=before)
    assert report in listed(known=datetime.now(UTC).isoformat())
    moment = up.ask("/api/status")["moment"]
    response = up.http.get("/api/reports", params={"known": moment})
    assert (response.status_code, response.json()["error"]["path"]) == (422, "known")

    as_issued = up.ask(f"/api/reports/{report}")["content"]["moment"]
    a_referral(up, programme, registered_person(up))
    assert up.ask(f"/api/reports/{report}")["restatable"] is True
    assert up.ask(f"/api/reports/{report}", known=as_issued)["restatable"] is False
    assert up.ask(f"/api/reports/{report}/changes", known=as_issued)["events"] == []


def test_whom_no_class_takes_is_named_and_no_number_is_shown() -> None:
    for error in (PartitionError(("anna", "bo")), NotWhole(PartitionError(("anna", "bo")).message)):
        response = reply_response(reply_to(error))
        assert response.status_code == 409
        told = msgspec.to_builtins(response.content)["error"]
        assert told["code"] == "PARTITION"
        assert "anna, bo" in told["message"]
