"""What makes a placement's plans fit its employments, and that nothing is done once they do."""

from datetime import date

from msgspec.structs import replace

from services.aftercare.caseload import EmploymentFact, OfferedFact
from services.aftercare.known import Placed
from services.aftercare.plan_commands import CloseAftercare, OfferAftercare
from services.aftercare.reactions import commands, plan_id
from services.placement.events import VOCABULARY, EmploymentStarted
from shared.correction.commands import CorrectEvent, RetractEvent
from shared.identifiers import derived_id
from tests.contracts.reading import envelope, recorded

MAY, JUNE, JULY = date(2022, 5, 2), date(2022, 6, 1), date(2022, 7, 1)
ABOUT = Placed(
    placement="pl-1", enrolment="e-1", person_ref="p-1", programme="jobsporet", company="c-1"
)
CAUSE = recorded(
    envelope(
        VOCABULARY,
        "placement",
        "pl-1",
        EmploymentStarted(kind="full_time", start_on=MAY, weekly_minutes=2220, open_ended=True),
        1,
    ),
    1,
)
JOB = CAUSE.envelope.id


def since(day: date) -> EmploymentFact:
    return EmploymentFact(
        employment=JOB,
        placement="pl-1",
        kind="full_time",
        from_on=day,
        weekly_minutes=2220,
        late_reason="import",
        origin="import",
        registered_at="2022-05-03T10:00:00+00:00",
    )


OFFERED = OfferedFact(
    plan=plan_id(JOB),
    placement="pl-1",
    enrolment="e-1",
    person_ref="p-1",
    programme="jobsporet",
    company="c-1",
    offered_on=MAY,
    anchor_on=MAY,
    busy_on=MAY,
    offer="offer-1",
    closing=None,
    closing_reason=None,
)
CLOSED = replace(OFFERED, closing="closing-1", closing_reason="employment_retracted")


def wanted(ordinary_since: EmploymentFact | None, *plans: OfferedFact) -> list[object]:
    by_id = {fact.plan: fact for fact in plans}
    return list(commands(CAUSE, ABOUT, {JOB: ordinary_since}, by_id))


def test_what_fits_is_left_alone() -> None:
    assert wanted(since(MAY), OFFERED) == []
    assert wanted(None) == []
    assert wanted(None, CLOSED) == []


def test_an_offer_is_registered_as_its_employment_was() -> None:
    (offer,) = wanted(since(MAY))
    assert isinstance(offer, OfferAftercare)
    assert (offer.plan, offer.offered_on, offer.anchor_on) == (plan_id(JOB), MAY, MAY)
    assert (offer.late_reason, offer.origin) == ("import", "import")
    assert str(offer.registered_at) == "2022-05-03 10:00:00+00:00"
    assert offer.command_id == derived_id("offer", JOB)


def test_a_plan_is_not_closed_before_what_happened_in_it() -> None:
    (close,) = wanted(None, replace(OFFERED, busy_on=date(2026, 2, 1)))
    assert isinstance(close, CloseAftercare)
    assert close.closed_on == date(2026, 2, 1)
    assert close.reason == "employment_retracted"


def test_only_a_closing_because_of_the_employment_is_taken_back() -> None:
    (reopen,) = wanted(since(MAY), CLOSED)
    assert isinstance(reopen, RetractEvent)
    assert (reopen.subject, reopen.event_id) == (f"aftercare.plan.{plan_id(JOB)}", "closing-1")
    assert wanted(since(MAY), replace(CLOSED, closing_reason="moved")) == []


def test_a_reopened_plan_is_mended_at_the_same_time() -> None:
    kinds = [type(command) for command in wanted(since(JUNE), CLOSED)]
    assert kinds == [RetractEvent, CorrectEvent]


def test_an_offer_goes_back_with_the_start_but_not_ahead_with_it() -> None:
    assert _corrected(since(date(2022, 4, 1)), OFFERED) == ("2022-04-01", "2022-04-01")
    assert _corrected(since(JUNE), OFFERED) == ("2022-05-02", "2022-06-01")


def test_an_offer_made_after_the_start_stays_where_it_was() -> None:
    late = replace(OFFERED, offered_on=JULY)
    assert wanted(since(MAY), late) == []
    assert _corrected(since(JUNE), late) == ("2022-07-01", "2022-06-01")


def test_a_plan_that_somebody_offered_under_another_id_is_left_alone() -> None:
    assert wanted(None, replace(OFFERED, plan="by-hand")) == []


def _corrected(employment: EmploymentFact, offered: OfferedFact) -> tuple[str, str]:
    """The two days of the offer as it is corrected to."""
    (correct,) = wanted(employment, offered)
    assert isinstance(correct, CorrectEvent)
    assert correct.event_id == "offer-1"
    return correct.data["offered_on"], correct.data["anchor_on"]
