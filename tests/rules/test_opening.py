"""An opening is reported once, at a company that is known, and withdrawn once."""

from datetime import date

from msgspec.structs import replace

from services.placement import opening
from services.placement.events import OpeningReported, OpeningWithdrawn
from services.placement.known import Known
from services.placement.opening import ReportOpening, WithdrawOpening
from shared.identifiers import derived_id
from tests.definitions import DEFINITION
from tests.rules.given import given

KNOWN = Known(DEFINITION, company_registered=True)
REPORTED = OpeningReported(
    company="cvr12345678",
    kind="small_job",
    positions=2,
    weekly_minutes_min=300,
    weekly_minutes_max=600,
    start_by=date(2022, 6, 1),
    carved=True,
    carved_from="packing",
    origin="job_carver",
    sector="retail",
    requirements=("driving_licence",),
    reported_on=date(2022, 3, 14),
    area="7430",
    programme="jobsporet",
    site="ikast",
)
WITHDRAWN = OpeningWithdrawn(withdrawn_on=date(2022, 4, 20), reason="filled")


def report(**changes: object) -> ReportOpening:
    fields: dict[str, object] = {
        "command_id": "c",
        "opening": "o-1",
        "company": "cvr12345678",
        "kind": "small_job",
        "positions": 2,
        "weekly_minutes_min": 300,
        "weekly_minutes_max": 600,
        "start_by": date(2022, 6, 1),
        "carved": True,
        "carved_from": "packing",
        "found_by": "job_carver",
        "sector": "retail",
        "requirements": ("driving_licence",),
        "reported_on": date(2022, 3, 14),
        "area": "7430",
        "programme": "jobsporet",
        "site": "ikast",
    }
    return ReportOpening(**(fields | changes))


def withdraw(on: date) -> WithdrawOpening:
    return WithdrawOpening(command_id="c", opening="o-1", withdrawn_on=on, reason="filled")


def test_an_opening_is_reported() -> None:
    given(opening, known=KNOWN).when(report()).then(REPORTED)


def test_an_opening_for_everybody_names_no_programme() -> None:
    for_all = replace(REPORTED, programme=None, site=None)
    known = Known(company_registered=True)
    given(opening, known=known).when(report(programme=None, site=None)).then(for_all)


def test_reporting_the_same_again_changes_nothing() -> None:
    given(opening, REPORTED, known=Known()).when(report(command_id="d")).then()


def test_another_opening_under_the_same_id_is_refused() -> None:
    given(opening, REPORTED, known=KNOWN).when(report(positions=3)).refused("STATE")


def test_only_a_known_company_has_openings() -> None:
    given(opening, known=Known(DEFINITION)).when(report()).refused("INVALID_FIELD", "$.company")


def test_an_opening_is_found_for_an_open_programme_and_one_of_its_sites() -> None:
    nobody = Known(company_registered=True)
    given(opening, known=nobody).when(report()).refused("INVALID_FIELD", "$.programme")
    given(opening, known=KNOWN).when(report(site="elsewhere")).refused("INVALID_FIELD", "$.site")
    given(opening, known=nobody).when(report(programme=None)).refused("INVALID_FIELD", "$.site")


def test_the_most_hours_are_not_fewer_than_the_least() -> None:
    given(opening, known=KNOWN).when(report(weekly_minutes_max=299)).refused(
        "INVALID_FIELD", "$.weekly_minutes_max"
    )
    given(opening, known=KNOWN).when(report(weekly_minutes_max=300)).then(
        replace(REPORTED, weekly_minutes_max=300)
    )


def test_only_a_carved_opening_was_carved_from_something() -> None:
    given(opening, known=KNOWN).when(report(carved=False)).refused("INVALID_FIELD", "$.carved_from")
    given(opening, known=KNOWN).when(report(carved_from=None)).then(
        replace(REPORTED, carved_from=None)
    )


def test_an_opening_is_withdrawn() -> None:
    given(opening, REPORTED, known=KNOWN).when(withdraw(date(2022, 4, 20))).then(WITHDRAWN)


def test_an_opening_is_withdrawn_once() -> None:
    given(opening, REPORTED, WITHDRAWN, known=KNOWN).when(withdraw(date(2022, 4, 21))).refused(
        "STATE"
    )


def test_withdrawing_it_as_it_was_withdrawn_changes_nothing() -> None:
    given(opening, REPORTED, WITHDRAWN, known=KNOWN).when(withdraw(date(2022, 4, 20))).then()


def test_what_was_not_reported_is_not_withdrawn() -> None:
    given(opening, known=KNOWN).when(withdraw(date(2022, 4, 20))).refused("STATE", "$.opening")


def test_an_opening_is_not_withdrawn_before_it_was_reported() -> None:
    given(opening, REPORTED, known=KNOWN).when(withdraw(date(2022, 3, 13))).refused(
        "STATE", "$.withdrawn_on"
    )


def test_an_opening_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert opening.entity_id(report(opening=None)) == derived_id("c")
    assert opening.entity_id(withdraw(date(2022, 4, 20))) == "o-1"


def test_an_opening_needs_no_claim() -> None:
    assert list(opening.claims("o-1", opening.INITIAL, REPORTED)) == []
