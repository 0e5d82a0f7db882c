"""The status partition: everybody enrolled by a day, each in exactly one class on that day."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias, get_args

from msgspec.structs import asdict

from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf
from services.reporting.measures.spells import jobs_seen
from services.reporting.placement_facts import WageStatementFact
from shared.errors import SluseError

Class: TypeAlias = Literal[
    "transferred",
    "never_started",
    "dropped_out",
    "employed",
    "completed_without_job",
    "training_with_wage_hours",
    "training_without_wage_hours",
    "training_wage_hours_unknown",
    "waiting",
]
CLASSES: tuple[Class, ...] = get_args(Class)


class PartitionError(SluseError):
    """Somebody stands in no class or in several: no number of this partition may be shown."""

    code = "PARTITION"

    def __init__(self, people: tuple[str, ...]) -> None:
        super().__init__(f"not in exactly one class: {', '.join(people)}")
        self.people = people


class Partition(AsOf, frozen=True, kw_only=True):
    """How many stand in each class, zeros too, and who; `enrolled` is the denominator.

    `unknown` is the size of the class training_wage_hours_unknown.
    """

    counting_unit: str = "person"
    enrolled: int
    classes: dict[str, int]
    unknown: int
    people: dict[str, tuple[str, ...]]


def partition(caseload: Caseload, as_of: AsOf) -> Partition:
    """The partition on the valid day.

    A person is enrolled by the day if an enrolment began at or before it; the class is that of
    the latest such enrolment, the first that applies in the order of CLASSES. So a pause changes
    nothing while practice runs; without it, who pauses is waiting. Employed: a counted job runs; one
    that nobody ended runs on, however old its evidence, until a follow-up that says not_employed,
    whose day is its last.
    """
    day = as_of.valid_on
    enrolled: list[str] = []
    people: dict[str, list[str]] = {name: [] for name in CLASSES}
    for person_ref, person in caseload.people.items():
        enrolment = person.latest_enrolment(day)
        if enrolment is not None:
            enrolled.append(person_ref)
            people[_class_of(caseload, person, enrolment, day)].append(person_ref)
    settled = {name: tuple(members) for name, members in people.items()}
    refuse_unless_whole(enrolled, settled)
    return Partition(
        **asdict(as_of),
        enrolled=len(enrolled),
        classes={name: len(members) for name, members in settled.items()},
        unknown=len(settled["training_wage_hours_unknown"]),
        people=settled,
    )


def refuse_unless_whole(enrolled: list[str], people: Mapping[str, tuple[str, ...]]) -> None:
    """Raise PartitionError unless the classes hold the enrolled, each once, and nobody else."""
    times = dict.fromkeys(enrolled, 0)
    for person_ref in (person_ref for members in people.values() for person_ref in members):
        times[person_ref] = times.get(person_ref, 1) + 1
    wrong = tuple(sorted(person_ref for person_ref, count in times.items() if count != 1))
    if wrong:
        raise PartitionError(wrong)


def _class_of(
    caseload: Caseload, person: PersonFacts, enrolment: EnrolmentFact, day: date
) -> Class:
    if _by(enrolment.transferred_on, day):
        return "transferred"
    if _by(enrolment.never_started_on, day):
        return "never_started"
    if _by(enrolment.dropped_out_on, day):
        return "dropped_out"
    if any(job.through_on >= day for job in jobs_seen(caseload, person, day, evidence_days=None)):
        return "employed"
    if _by(enrolment.completed_on, day):
        return "completed_without_job"
    running = [strand for strand in person.strands if strand.runs_on(day)]
    practices = {strand.placement for strand in running if strand.strand == "practice"}
    if not practices:
        return "waiting"
    if any(strand.strand == "wage_hours" for strand in running):
        return "training_with_wage_hours"
    # What one company said is not known of another: without wage hours means without at each.
    if all(_latest_says_none(person, placement, day) for placement in practices):
        return "training_without_wage_hours"
    return "training_wage_hours_unknown"


def _by(happened_on: date | None, day: date) -> bool:
    return happened_on is not None and happened_on <= day


def _latest_says_none(person: PersonFacts, placement: str, day: date) -> bool:
    """Whether the latest statement at or before the day says that there are no wage hours.

    A report of no minutes speaks for each of its days. Of two equally late ones that contradict
    each other, the one that leaves it unknown holds.
    """

    def lateness(statement: WageStatementFact) -> tuple[date, date, bool]:
        return min(statement.through_on, day), statement.through_on, statement.says != "none"

    heard = [fact for fact in person.statements if fact.placement == placement and fact.on <= day]
    return bool(heard) and max(heard, key=lateness).says == "none"
