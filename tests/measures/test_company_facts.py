"""What is true of a company: levels, agreements, openings."""

from services.placement.events import (
    AgreementEnded,
    AgreementSigned,
    CompanyRegistered,
    CooperationLevelRecorded,
    OpeningReported,
    OpeningWithdrawn,
)
from services.reporting.company_facts import AgreementFact, LevelFact, OpeningFact
from tests.measures.stories import (
    folded,
    of_kind,
    on,
    the,
)

COMPANY = CompanyRegistered(cvr="12345678", name="Brødrene", sector="retail")


def company(*events):
    return folded("placement", "company", "cvr12345678", COMPANY, *events)


def level(day, value, *, baseline=False, programme=None):
    return CooperationLevelRecorded(
        on=on(day), level=value, is_baseline=baseline, programme=programme
    )


def test_a_level_is_of_a_programme_or_of_all():
    facts = company(level("01-01", 1, baseline=True, programme="havnen"), level("03-01", 2))
    assert [
        (fact.cvr, fact.programme, fact.on, fact.level, fact.is_baseline)
        for fact in of_kind(LevelFact, facts)
    ] == [
        ("12345678", "havnen", on("01-01"), 1, True),
        ("12345678", None, on("03-01"), 2, False),
    ]


def test_an_agreement_is_in_force_until_it_ends():
    signed = AgreementSigned(
        kind="cooperation", parties=("housing", "job_centre"), from_on=on("01-01")
    )
    ended = AgreementEnded(
        kind="cooperation",
        parties=("job_centre", "housing"),
        from_on=on("01-01"),
        to_on=on("06-30"),
    )
    assert the(AgreementFact, company(signed)).to_on is None
    fact = the(AgreementFact, company(signed, ended))
    assert (fact.parties, fact.from_on, fact.to_on) == (
        "housing job_centre",
        on("01-01"),
        on("06-30"),
    )


def opening(*events, positions=1):
    reported = OpeningReported(
        company="brod",
        kind="small_job",
        positions=positions,
        weekly_minutes_min=300,
        weekly_minutes_max=900,
        carved=True,
        origin="job_carver",
        sector="retail",
        requirements=("cv", "truck"),
        reported_on=on("01-05"),
        programme="havnen",
    )
    return folded("placement", "opening", "op-1", reported, *events)


def test_an_opening_may_be_withdrawn():
    gone = OpeningWithdrawn(withdrawn_on=on("02-01"), reason="filled")
    fact = the(OpeningFact, opening(gone))
    assert (fact.requirements, fact.positions, fact.withdrawn_on) == ("cv truck", 1, on("02-01"))
