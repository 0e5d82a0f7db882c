"""What exported lines come to, put together by hand and with none of the project's code."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from tests.journeys.history import Line, entity

Data = dict[str, Any]


class Course(Struct):
    """An enrolment: its person, its group, and the days of its steps."""

    person: str
    programme: str
    target_group: str
    days: dict[str, date]
    supports: dict[date, tuple[str | None, date | None]]

    @property
    def left_on(self) -> date | None:
        return min((self.days[step] for step in EXITS if step in self.days), default=None)


class Spell(Struct):
    """A practice or an employment: on which terms from which day, and its last day."""

    person: str
    programme: str
    target_group: str
    placement: str
    begun_on: date
    terms: dict[date, tuple[str, int]]
    ended_on: date | None = None


STEPS = {
    "ParticipantReferred": ("referred", "referred_on"),
    "ParticipantEnrolled": ("enrolled", "start_on"),
    "ParticipationStarted": ("started", "first_attended_on"),
    "ParticipationNeverStarted": ("never_started", "decided_on"),
    "ParticipantDroppedOut": ("dropped_out", "end_on"),
    "ParticipantCompleted": ("completed", "end_on"),
    "ParticipantTransferred": ("transferred", "transferred_on"),
}
EXITS = ("never_started", "dropped_out", "completed", "transferred")


def effective(lines: Iterable[Line]) -> list[tuple[str, str, Data]]:
    """Type, entity and data of what holds: corrected data in place, nothing that was retracted."""
    told = list(lines)
    retracted: set[str] = set()
    corrected: dict[str, Data] = {}
    for line in reversed(told):
        event = line["event"]
        if event["id"] in retracted:
            continue
        if event["type"] == "EventRetracted":
            retracted.add(event["data"]["event_id"])
        elif event["type"] == "EventCorrected":
            corrected.setdefault(event["data"]["event_id"], event["data"]["data"])
    return [
        (event["type"], entity(line), corrected.get(event["id"], event["data"]))
        for line in told
        if (event := line["event"])["id"] not in retracted
    ]


class Told:
    """Everything that was told: enrolments and spells, paid minutes and follow-ups by placement."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.events = effective(lines)
        self.courses = dict(self._courses())
        self.reports: dict[str, list[tuple[date, date, int]]] = defaultdict(list)
        self.follow_ups: dict[str, list[tuple[date, str]]] = defaultdict(list)
        self.spells = list(self._spells())

    def _courses(self) -> Iterator[tuple[str, Course]]:
        names: dict[str, str] = {}
        for kind, person, data in self.events:
            if kind == "PersonsMerged":
                names[data["merged_ref"]] = person
            elif kind == "PersonMergeReverted":
                del names[data["merged_ref"]]
        courses: dict[str, Course] = {}
        for kind, enrolment, data in self.events:
            if kind == "ParticipantReferred":
                who: str = data["person_ref"]
                who = names.get(who, who)
                courses[enrolment] = Course(who, data["programme"], data["target_group"], {}, {})
                referred_on = date.fromisoformat(data["referred_on"])
                courses[enrolment].supports[referred_on] = (data["benefit"], None)
            if kind in STEPS:
                step, field = STEPS[kind]
                courses[enrolment].days[step] = date.fromisoformat(data[field])
            if kind == "SupportBasisChanged":
                to_on = date.fromisoformat(data["to_on"]) if data.get("to_on") else None
                from_on = date.fromisoformat(data["from_on"])
                courses[enrolment].supports[from_on] = (data["benefit"], to_on)
        return iter(courses.items())

    def _spells(self) -> Iterator[Spell]:
        agreed: dict[str, Course] = {}
        spells: dict[str, list[Spell]] = defaultdict(list)
        placement_of: dict[str, str] = {}
        for kind, name, data in self.events:
            day = {
                field: date.fromisoformat(it) for field, it in data.items() if _is_day(field, it)
            }
            match kind:
                case "PlacementAgreed":
                    agreed[name] = self.courses[data["enrolment"]]
                case "PracticeStarted":
                    terms = {day["start_on"]: ("practice", 0)}
                    spells[name].append(_spell(agreed[name], name, terms))
                case "EmploymentStarted":
                    terms = {day["start_on"]: (data["kind"], data["weekly_minutes"])}
                    spells[name].append(_spell(agreed[name], name, terms))
                case "EmploymentChanged":
                    changed = _last_begun(spells[name], "employment", day["from_on"])
                    changed.terms[day["from_on"]] = (data["kind"], data["weekly_minutes"])
                case "EmploymentEnded" | "PracticeEnded":
                    what = "practice" if kind == "PracticeEnded" else "employment"
                    _last_begun(spells[name], what, day["end_on"]).ended_on = day["end_on"]
                case "WageHoursReported":
                    told = (day["from_on"], day["to_on"], data["wage_minutes"])
                    self.reports[name].append(told)
                case "AftercareOffered":
                    placement_of[name] = data["placement"]
                case "FollowUpCompleted":
                    held = (day["held_on"], data["employment_state"])
                    self.follow_ups[placement_of[name]].append(held)
        for kind, name, data in self.events:
            if kind == "PlacementEnded":
                for spell in spells[name]:
                    spell.ended_on = spell.ended_on or date.fromisoformat(data["end_on"])
        return (spell for of_one in spells.values() for spell in of_one)


def _is_day(field: str, value: Any) -> bool:
    return field.endswith("_on") and isinstance(value, str)


def _spell(course: Course, placement: str, terms: dict[date, tuple[str, int]]) -> Spell:
    about = (course.person, course.programme, course.target_group)
    return Spell(*about, placement, min(terms), terms)


def _last_begun(spells: Iterable[Spell], what: str, day: date) -> Spell:
    def is_one(spell: Spell) -> bool:
        practice = spell.terms[spell.begun_on][0] == "practice"
        return practice == (what == "practice") and spell.begun_on <= day

    return max(filter(is_one, spells), key=lambda spell: spell.begun_on)
