"""Facts told directly, where a story in events would be longer than what it says."""

from datetime import date, timedelta

from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.definition import Term
from services.reporting.aftercare_facts import FollowUpFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import StrandFact, WageReportFact
from services.reporting.progress_facts import SupportFact
from tests.measures.stories import DEFINITION, PROGRAMME, WORDS, on

FIRST = date(2021, 12, 1)
days = st.integers(0, 480).map(lambda count: FIRST + timedelta(days=count))


def term(code, **more):
    return Term(code=code, name=WORDS, **more)


CODED = replace(
    DEFINITION,
    codes=replace(
        DEFINITION.codes,
        benefits=(term("cash"), term("sickness", valid_to=date(2022, 5, 15)), term("student")),
        destinations=(
            term("work", destination="job"),
            term("school", destination="education"),
            term("home", destination="neither"),
            term("trainee", destination="education", valid_to=date(2022, 3, 31)),
            term("trainee", destination="job", valid_from=date(2022, 4, 1)),
            term("course", destination="education", valid_to=date(2022, 3, 31)),
            term("lost", destination="unknown"),
        ),
    ),
)


def course(person, *, spell=1, referred="01-03", **stages):
    """An enrolment, its stages by their days: start, attended, completed, dropped_out, …"""
    named = {"start": "start_on", "attended": "first_attended_on"}
    return [
        EnrolmentFact(
            enrolment=f"{person}-e{spell}",
            programme=PROGRAMME,
            person_ref=person,
            site="kajen",
            target_group="job_ready",
            benefit="cash",
            referred_on=on(referred),
            destination=stages.pop("destination", None),
            **{named.get(name, f"{name}_on"): on(day) for name, day in stages.items()},
        )
    ]


def strand(person, start, end=None, *, of="employment", company="brod", begun=None, **more):
    """A strand at a company; `begun` if it is a later segment of one."""
    return [
        StrandFact(
            placement=f"{person}-{company}",
            enrolment=f"{person}-e1",
            person_ref=person,
            programme=PROGRAMME,
            company=more.pop("at", company),
            strand=of,
            begun_on=on(begun or start),
            start_on=on(start),
            end_on=None if end is None else on(end),
            **more,
        )
    ]


def work(person, start, end=None, *, kind="full_time", minutes=2220, **more):
    """A job at a company, temporary unless `open_ended`."""
    more.setdefault("open_ended", False)
    return strand(person, start, end, kind=kind, weekly_minutes=minutes, **more)


def told(person, day, state="employed_same", company="brod"):
    """A follow-up about the job at a company."""
    return [
        FollowUpFact(
            plan=f"{person}-{company}-plan",
            placement=f"{person}-{company}",
            person_ref=person,
            programme=PROGRAMME,
            party="citizen",
            held_on=on(day),
            employment_state=state,
        )
    ]


def support(person, benefit, start, end=None, spell=1):
    """What the person lived on; None: on no benefit."""
    return [
        SupportFact(
            enrolment=f"{person}-e{spell}",
            person_ref=person,
            programme=PROGRAMME,
            benefit=benefit,
            from_on=on(start),
            to_on=None if end is None else on(end),
            source="register",
        )
    ]


@st.composite
def _courses(draw, person, spell):
    def later(day):
        return day + timedelta(days=draw(st.integers(0, 40)))

    referred = FIRST + timedelta(days=draw(st.integers(0, 200)) + 250 * (spell - 1))
    start = later(referred)
    attended = later(start)
    over = later(attended).isoformat()
    reached = draw(st.integers(0, 3))
    stages = {"start": start.isoformat(), "attended": attended.isoformat()}
    ends = st.sampled_from(("dropped_out", "completed", "transferred"))
    how = draw(ends) if reached == 3 else "never_started" if draw(st.booleans()) else None
    known = dict(list(stages.items())[:reached])
    if how is not None and (reached == 3 or reached == 1):
        known[how] = over
    destination = draw(st.sampled_from(("work", "school", "home", "lost", None)))
    return course(
        person, spell=spell, referred=referred.isoformat(), destination=destination, **known
    )


@st.composite
def _employments(draw, person, company):
    """One employment in segments, each beginning the day after the one before it."""
    begun = FIRST + timedelta(days=draw(st.integers(0, 300)))
    start, facts = begun, []
    for _ in range(draw(st.integers(1, 3))):
        end = start + timedelta(days=draw(st.integers(0, 120)))
        facts += work(
            person,
            start.isoformat(),
            end.isoformat(),
            begun=begun.isoformat(),
            company=company,
            kind=draw(st.sampled_from(("full_time", "small_job", "flex_job", "apprenticeship"))),
            minutes=draw(st.sampled_from((150, 299, 300))),
            open_ended=draw(st.booleans()),
        )
        start = end + timedelta(days=1)
    if draw(st.booleans()):
        facts[-1] = replace(facts[-1], end_on=None)
    return facts


@st.composite
def outcomes(draw):
    """The facts of up to three persons: courses, placements, follow-ups, reports, support."""
    facts = []
    for person in ("a", "b", "c")[: draw(st.integers(1, 3))]:
        for spell in range(1, draw(st.integers(1, 2)) + 1):
            facts += draw(_courses(person, spell))
        for company in ("brod", "kutter")[: draw(st.integers(0, 2))]:
            facts += draw(_employments(person, company))
            if draw(st.booleans()):
                first = draw(days)
                facts += strand(person, first.isoformat(), of="practice", company=company)
                facts += strand(person, first.isoformat(), of="wage_hours", company=company)
            for day in draw(st.lists(days, max_size=2)):
                state = draw(st.sampled_from(("employed_same", "not_employed", "unknown")))
                facts += told(person, day.isoformat(), state, company)
            for day in draw(st.lists(days, max_size=1)):
                facts.append(
                    WageReportFact(
                        placement=f"{person}-{company}",
                        person_ref=person,
                        programme=PROGRAMME,
                        from_on=day,
                        to_on=day + timedelta(days=30),
                        wage_minutes=draw(st.sampled_from((0, 600))),
                    )
                )
        for day in draw(st.lists(days, max_size=3)):
            benefit = draw(st.sampled_from(("cash", "sickness", "student", None)))
            facts += support(person, benefit, day.isoformat())
    return facts


def as_known_on(facts, day):
    """The same facts as they were before anything after the day had happened."""
    return [known for fact in facts if (known := _known(fact, facts, day)) is not None]


def _known(fact, facts, day):
    match fact:
        case EnrolmentFact():
            return _enrolment_known(fact, day)
        case StrandFact(end_on=end) if fact.start_on <= day:
            goes_on = any(
                isinstance(other, StrandFact)
                and (other.placement, other.strand, other.begun_on)
                == (fact.placement, fact.strand, fact.begun_on)
                and other.start_on == day + timedelta(days=1)
                for other in facts
            )
            ended = end is not None and (end < day or (end == day and not goes_on))
            return fact if ended else replace(fact, end_on=None)
        case FollowUpFact() if fact.held_on <= day:
            return fact
        case WageReportFact() if fact.from_on <= day:
            return replace(fact, to_on=min(fact.to_on, day))
        case SupportFact() if fact.from_on <= day:
            return fact
    return None


def _enrolment_known(fact, day):
    if fact.referred_on > day:
        return None
    return replace(
        fact,
        **{
            name: None
            for name in fact.__struct_fields__
            if isinstance(on := getattr(fact, name), date) and on > day
        },
    )
