"""M22: how many companies have an agreement of cooperation in force (samarbejdsaftaler)."""

from msgspec.structs import replace

from services.intake.events.goals import Agreements
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure

VERSION = 1


def measure(caseload: Caseload, goal: Agreements, as_of: AsOf) -> Figure:
    """Distinct companies with an agreement in force on the valid day.

    In force from its first day through its last, both included; without a last day it runs on.
    `kinds`: only agreements of one of these; empty: all. Several agreements are one company.
    Window: the valid day alone, also after the period. No denominator; `n` is how many companies
    have had such an agreement by that day. Nothing is unknown or pending.
    """
    day = as_of.valid_on
    signed = [
        fact
        for fact in caseload.agreements
        if fact.from_on <= day and (not goal.kinds or fact.kind in goal.kinds)
    ]
    found = figure(
        as_of,
        measure="M22",
        measure_version=VERSION,
        counting_unit="company",
        counted={fact.company for fact in signed if fact.to_on is None or day <= fact.to_on},
        period=caseload.period_as_given(goal),
        parameters={"kinds": list(goal.kinds)},
    )
    return replace(found, n=len({fact.company for fact in signed}))
