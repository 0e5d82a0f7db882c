"""Facts told directly, where a measure is about what holds and not about how it was said."""

from datetime import timedelta

from services.reporting.aftercare_facts import AnswerFact, PlanFact, TouchpointFact
from services.reporting.caseload import gather
from services.reporting.company_facts import AgreementFact, LevelFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.measures import measure_of
from services.reporting.placement_facts import StrandFact, WageReportFact
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import AttendanceFact, PauseFact, ScoreFact
from services.reporting.registration_facts import RegistrationFact
from tests.measures.stories import DEFINITION, PROGRAMME, as_of, on


def figure_of(goal, facts, day, definition=DEFINITION):
    """The goal's figure of these facts on the day."""
    whole = gather(definition, facts)
    return measure_of(goal).function(whole.of(goal), goal, as_of(day, definition))


def maybe(day):
    return None if day is None else on(day)


def taking_part(person, start="01-10", *, spell=1, referred="01-03", began=None, **ended):
    """An enrolment; `ended` are the days of its end (dropped_out_on="03-01") or its destination."""
    return EnrolmentFact(
        enrolment=f"{person}-e{spell}",
        programme=PROGRAMME,
        person_ref=person,
        site="kajen",
        target_group="job_ready",
        benefit="cash",
        referred_on=on(referred),
        start_on=maybe(start),
        first_attended_on=maybe(began),
        **{name: on(it) if name.endswith("_on") else it for name, it in ended.items()},
    )


def strand(person, kind, start, end=None, *, minutes=None, company="brod", begun=None):
    """`kind`: practice, wage_hours or a kind of employment."""
    is_job = kind not in ("practice", "wage_hours")
    return StrandFact(
        placement=f"{person}-{company}",
        enrolment=f"{person}-e1",
        person_ref=person,
        programme=PROGRAMME,
        company=company,
        strand="employment" if is_job else kind,
        kind=kind if is_job else None,
        begun_on=on(begun or start),
        start_on=on(start),
        end_on=maybe(end),
        weekly_minutes=minutes,
    )


def paid(person, first, last, minutes, *, company="brod"):
    return WageReportFact(
        placement=f"{person}-{company}",
        person_ref=person,
        programme=PROGRAMME,
        from_on=on(first),
        to_on=on(last),
        wage_minutes=minutes,
    )


def offered(person, day, *, company="brod", plan=None, closed=None):
    return PlanFact(
        plan=plan or f"{person}-plan",
        placement=f"{person}-{company}",
        person_ref=person,
        programme=PROGRAMME,
        company=company,
        offered_on=on(day),
        anchor_on=on(day),
        closed_on=maybe(closed),
    )


def answered(person, party, answer, day, *, company="brod", plan=None):
    return AnswerFact(
        plan=plan or f"{person}-plan",
        placement=f"{person}-{company}",
        person_ref=person,
        programme=PROGRAMME,
        party=party,
        answer=answer,
        answered_on=on(day),
    )


def touchpoint(person, party, offset, due, *, days=3, held=None, waived=None, missed=False):
    """One agreed contact with a window of so many days before and after."""
    due_on = on(due)
    return TouchpointFact(
        plan=f"{person}-plan",
        person_ref=person,
        programme=PROGRAMME,
        party=party,
        touchpoint=f"{party}_{offset.lower()}",
        offset=offset,
        due_on=due_on,
        window_from=due_on - timedelta(days=days),
        window_to=due_on + timedelta(days=days),
        held_on=maybe(held),
        missed=missed,
        waived_on=maybe(waived),
    )


def problem(name, raised, *, acted=None, resolved=None, closed=None, person="a"):
    return ProblemFact(
        problem=name,
        placement=f"{person}-brod",
        person_ref=person,
        programme=PROGRAMME,
        company="brod",
        category="attendance",
        severity=2,
        raised_on=on(raised),
        first_action_on=maybe(acted),
        resolved_on=maybe(resolved),
        closed_on=maybe(closed),
    )


def level(company, day, height, *, baseline=False, cvr=None):
    return LevelFact(
        company=company, cvr=cvr or company, on=on(day), level=height, is_baseline=baseline
    )


def agreement(company, first, last=None, *, kind="cooperation", parties="municipality"):
    return AgreementFact(
        company=company,
        cvr=company,
        kind=kind,
        parties=parties,
        from_on=on(first),
        to_on=maybe(last),
    )


def came(person, monday, planned, attended, *, spell=1):
    return AttendanceFact(
        enrolment=f"{person}-e{spell}",
        person_ref=person,
        programme=PROGRAMME,
        week_from=on(monday),
        planned_days=planned,
        attended_days=attended,
    )


def pause(person, first, until=None):
    return PauseFact(
        enrolment=f"{person}-e1",
        person_ref=person,
        programme=PROGRAMME,
        from_on=on(first),
        until_on=maybe(until),
    )


def scored(person, item, score, day, *, rater="citizen", version=1, instrument="ladder"):
    return ScoreFact(
        enrolment=f"{person}-e1",
        person_ref=person,
        programme=PROGRAMME,
        instrument=instrument,
        version=version,
        item=item,
        score=score,
        rater=rater,
        measured_on=on(day),
    )


def registered(name, event_type, happened, known, *, origin="", late_reason=""):
    return RegistrationFact(
        programme=PROGRAMME,
        event_id=name,
        event_type=event_type,
        occurred_on=on(happened),
        registered_on=on(known),
        origin=origin,
        late_reason=late_reason,
    )
