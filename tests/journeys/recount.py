"""Goal figures counted a second time, from exported lines alone and with none of the project's code."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import zip_longest

from msgspec import Struct

from tests.journeys.history import Line
from tests.journeys.told import Course, Spell, Told

DAY = timedelta(days=1)


class Programme(Struct, frozen=True):
    """What the second count must know of a programme: its days, and which employment counts."""

    key: str
    begins: date
    ends: date
    kinds: tuple[str, ...] = ("part_time", "full_time", "small_job")
    least_small_job: int = 120

    def counts(self, kind: str, weekly_minutes: int) -> bool:
        return kind in self.kinds and (
            kind != "small_job" or weekly_minutes >= self.least_small_job
        )


class Job(Struct, frozen=True):
    """A stretch of a counted employment on unchanged terms, as it was known on a day."""

    start_on: date
    through_on: date
    weekly_minutes: int


class Recount:
    """Each figure as the set of who counts."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._told = Told(lines)

    def stage(self, programme: Programme, step: str, day: date) -> set[str]:
        """M01: who reached the step within the period."""
        return {
            course.person
            for course in self._of(programme)
            if step in course.days
            and programme.begins <= course.days[step] <= min(programme.ends, day)
        }

    def cells(self, programme: Programme, day: date) -> dict[str, set[str]]:
        """M03: each person once, in the highest cell that a first strand within the period is of."""
        first: dict[str, dict[str, date]] = defaultdict(dict)
        for spell in self._spells_of(programme):
            for start_on, (kind, weekly_minutes) in spell.terms.items():
                cell = kind if kind in ("practice", "apprenticeship") else "job"
                if cell == "job" and not programme.counts(kind, weekly_minutes):
                    continue
                first[spell.person][cell] = min(first[spell.person].get(cell, start_on), start_on)
        found: dict[str, set[str]] = {"job": set(), "apprenticeship": set(), "practice": set()}
        for person, reached in first.items():
            for cell, people in found.items():
                begun_on = reached.get(cell, date.max)
                if programme.begins <= begun_on <= min(programme.ends, day):
                    people.add(person)
                    break
        return found

    def entered(self, programme: Programme, day: date, days_after: int = 28) -> set[str]:
        """M04: whose first counted employment began until so many days after the exit or the end."""
        found = set()
        for person, begun in self._entries(programme).items():
            courses = [
                (course.days["enrolled"], course.left_on or date.max, course)
                for course in self._of(programme)
                if course.person == person and course.days.get("enrolled", date.max) <= day
            ]
            left_on = max(courses, key=lambda it: it[:2])[2].left_on if courses else None
            known_exit = left_on if left_on is not None and left_on <= day else programme.ends
            limit = min(known_exit, programme.ends) + timedelta(days=days_after)
            in_time = [start_on for start_on in begun if start_on >= programme.begins]
            if in_time and min(in_time) <= min(limit, day):
                found.add(person)
        return found

    def lasting(self, programme: Programme, day: date, groups: Iterable[str]) -> set[str]:
        """M05: in work at 300 minutes a week or more that day, and for 91 days without a long gap."""
        return {
            person
            for person, spells in self._by_person(programme, groups).items()
            if _has_lasted(self._jobs(programme, spells, day, 90), day)
        }

    def retained(self, programme: Programme, day: date) -> tuple[set[str], set[str]]:
        """M06: those in counted employment three months after the first began, and the cohort."""
        retained, cohort = set(), set()
        for person, spells in self._by_person(programme).items():
            jobs = self._jobs(programme, spells, day, 90)
            if not jobs:
                continue
            later = three_months_after(min(job.start_on for job in jobs))
            if later <= day:
                cohort.add(person)
                if _in_work(jobs, later):
                    retained.add(person)
        return retained, cohort

    def self_supporting_by_job(self, programme: Programme, day: date) -> tuple[set[str], set[str]]:
        """M07a: completers in counted employment 28 days after the exit, and all completers."""
        spells = self._by_person(programme)
        completers = self._completers(programme, day)
        counted = {
            person
            for person, course in completers.items()
            if (due_on := course.days["completed"] + timedelta(days=28)) <= day
            and _in_work(self._jobs(programme, spells.get(person, []), day, None), due_on)
        }
        return counted, set(completers)

    def self_supporting_by_benefit(
        self, programme: Programme, day: date, benefits: Iterable[str]
    ) -> tuple[set[str], set[str]]:
        """M07b: completers without a benefit in the month after the exit, and those it is known of."""
        counted, known = set(), set()
        for person, course in self._completers(programme, day).items():
            month = (course.days["completed"].replace(day=1) + timedelta(days=32)).replace(day=1)
            days = [month + n * DAY for n in range(31) if (month + n * DAY).month == month.month]
            if days[-1] > day:
                known.add(person)
                continue
            said = [_supported_by(course, on, day) for on in days]
            if set(benefits) & {benefit for is_known, benefit in said if is_known}:
                known.add(person)
            elif all(is_known for is_known, _ in said):
                known.add(person)
                counted.add(person)
        return counted, known

    def increased(self, programme: Programme, day: date) -> tuple[set[str], set[str]]:
        """M17: companies above their own baseline, and those that have one."""
        levels: dict[str, list[tuple[date, bool, int]]] = defaultdict(list)
        for kind, company, data in self._told.events:
            if kind == "CooperationLevelRecorded" and data["programme"] == programme.key:
                on = date.fromisoformat(data["on"])
                if on <= min(programme.ends, day):
                    levels[company].append((on, not data["is_baseline"], data["level"]))
        baseline = {
            company: max((on, level) for on, later, level in told if not later)[1]
            for company, told in levels.items()
            if any(not later for _, later, _ in told)
        }
        return {it for it, level in baseline.items() if max(levels[it])[2] > level}, set(baseline)

    def agreed(self, day: date, programme: Programme) -> set[str]:
        """M22: companies with an agreement in force that day."""
        last: dict[tuple[str, str, tuple[str, ...], str], str] = {}
        for kind, company, data in self._told.events:
            if kind in ("AgreementSigned", "AgreementEnded"):
                key = (company, data["kind"], tuple(data["parties"]), data["from_on"])
                if kind == "AgreementEnded" or data["programme"] == programme.key:
                    last[key] = data.get("to_on", "9999-12-31")
        return {key[0] for key, to_on in last.items() if key[3] <= day.isoformat() <= to_on}

    def _of(self, programme: Programme) -> list[Course]:
        return [it for it in self._told.courses.values() if it.programme == programme.key]

    def _spells_of(self, programme: Programme) -> list[Spell]:
        return [it for it in self._told.spells if it.programme == programme.key]

    def _by_person(
        self, programme: Programme, groups: Iterable[str] | None = None
    ) -> dict[str, list[Spell]]:
        spells = defaultdict(list)
        for spell in self._spells_of(programme):
            if groups is None or spell.target_group in groups:
                spells[spell.person].append(spell)
        return spells

    def _entries(self, programme: Programme) -> dict[str, list[date]]:
        begun = defaultdict(list)
        for spell in self._spells_of(programme):
            days = [day for day, terms in spell.terms.items() if programme.counts(*terms)]
            if days:
                begun[spell.person].append(min(days))
        return begun

    def _completers(self, programme: Programme, day: date) -> dict[str, Course]:
        found: dict[str, Course] = {}
        done = [it for it in self._of(programme) if it.days.get("completed", date.max) <= day]
        for course in sorted(done, key=lambda it: it.days["completed"]):
            found[course.person] = course
        return found

    def _jobs(
        self, programme: Programme, spells: Iterable[Spell], by: date, evidence_days: int | None
    ) -> list[Job]:
        return [
            job for spell in spells for job in self._stretches(programme, spell, by, evidence_days)
        ]

    def _stretches(
        self, programme: Programme, spell: Spell, by: date, evidence_days: int | None
    ) -> Iterator[Job]:
        days = sorted(day for day in spell.terms if day <= by)
        for day, following in zip_longest(days, days[1:]):
            kind, weekly_minutes = spell.terms[day]
            if not programme.counts(kind, weekly_minutes):
                continue
            last_on = following - DAY if following else spell.ended_on
            if last_on is None or last_on > by:
                told_over = self._followed_up(spell, "not_employed", day, by)
                last_on = (
                    min(told_over) if told_over else self._covered(spell, day, by, evidence_days)
                )
            yield Job(day, last_on, weekly_minutes)

    def _covered(self, spell: Spell, start_on: date, by: date, evidence_days: int | None) -> date:
        """The last day for which there is evidence, at most the day itself."""
        if evidence_days is None:
            return by
        seen = [start_on, *self._followed_up(spell, "employed_same", start_on, by)]
        for from_on, to_on, minutes in self._told.reports.get(spell.placement, ()):
            if minutes > 0 and from_on <= by and to_on >= start_on:
                seen.append(min(to_on, by))
        return min(by, max(seen) + timedelta(days=evidence_days))

    def _followed_up(self, spell: Spell, state: str, first: date, last: date) -> list[date]:
        held = self._told.follow_ups.get(spell.placement, ())
        return [on for on, said in held if said == state and first <= on <= last]


def three_months_after(day: date) -> date:
    """The same day of the month, or the last one that the month has."""
    later = day.replace(day=1)
    for _ in range(3):
        later = (later + timedelta(days=32)).replace(day=1)
    last = (later + timedelta(days=32)).replace(day=1) - DAY
    return min(later + timedelta(days=day.day - 1), last)


def _days_in_work(jobs: Iterable[Job], least_minutes: int = 0) -> set[date]:
    minutes: dict[date, int] = defaultdict(int)
    for job in jobs:
        for n in range((job.through_on - job.start_on).days + 1):
            minutes[job.start_on + n * DAY] += job.weekly_minutes
    return {day for day, together in minutes.items() if together >= least_minutes}


def _in_work(jobs: Iterable[Job], day: date) -> bool:
    """On the day itself, or between two working days with at most 14 days between them."""
    days = _days_in_work(jobs)
    before = max((it for it in days if it <= day), default=date.min)
    after = min((it for it in days if it >= day), default=date.max)
    return day in days or (after - before).days - 1 <= 14


def _has_lasted(jobs: Iterable[Job], day: date) -> bool:
    days = _days_in_work(jobs, 300)
    first = day
    while any(earlier := [n for n in range(1, 16) if first - n * DAY in days]):
        first -= earlier[0] * DAY
    return day in days and (day - first).days >= 91


def _supported_by(course: Course, on: date, known_by: date) -> tuple[bool, str | None]:
    """Whether anything is known of the day, and the benefit (none: None)."""
    said = [from_on for from_on in course.supports if from_on <= min(on, known_by)]
    if not said:
        return False, None
    benefit, to_on = course.supports[max(said)]
    return to_on is None or on <= to_on, benefit
