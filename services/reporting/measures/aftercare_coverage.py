"""M13: how many ordinary placements have aftercare that the party accepted (efterværn)."""

from collections.abc import Mapping
from datetime import date

from services.intake.events.goals import AftercareCoverage, Party
from services.reporting.aftercare_facts import PlanFact, latest_answer
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure, part
from services.reporting.measures.window import days_counted

VERSION = 1
PARTIES: tuple[Party, ...] = ("citizen", "company")


def measure(caseload: Caseload, goal: AftercareCoverage, as_of: AsOf) -> Figure:
    """Ordinary placements with aftercare accepted by the goal's party / ordinary placements.

    Ordinary placement: one with counted employment begun at or before the valid day (in the phase,
    if the goal names one). Accepted: of the plan offered last by the valid day, the party's last
    answer by that day says so; who withdrew has not accepted. A placement counts once.

    Pending: offered, and the party has not answered. Unknown: nothing, no answer is no yes.
    Beside it the same for each party.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    begun: dict[str, date] = {}
    for person in caseload.people.values():
        for job in reversed(caseload.counted_employments(person)):
            begun[job.placement] = job.start_on
    ordinary = {placement for placement, start_on in begun.items() if first <= start_on <= last}
    plans = _latest_plans(caseload, as_of.valid_on)
    accepted: dict[Party, set[str]] = {}
    pending: dict[Party, int] = {}
    for party in PARTIES:
        said = {
            name: latest_answer(caseload.answers_of(plan.plan, party), as_of.valid_on)
            for name, plan in plans.items()
            if name in ordinary
        }
        accepted[party] = {name for name, answer in said.items() if answer == "accepted"}
        pending[party] = sum(answer is None for answer in said.values())
    return figure(
        as_of,
        measure="M13",
        measure_version=VERSION,
        variant=goal.party,
        counting_unit="placement",
        counted=accepted[goal.party],
        denominator=ordinary,
        denominator_name="ordinary_placements",
        pending=pending[goal.party],
        period=caseload.period_as_given(goal),
        parameters={
            "party": goal.party,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
        parts=tuple(
            part(party, accepted[party], ordinary, pending=pending[party]) for party in PARTIES
        ),
    )


def _latest_plans(caseload: Caseload, day: date) -> Mapping[str, PlanFact]:
    """The plan offered last, by placement."""
    offered = [plan for plan in caseload.plans if plan.offered_on <= day]
    offered.sort(key=lambda plan: (plan.offered_on, plan.anchor_on, plan.plan))
    return {plan.placement: plan for plan in offered}
