"""A small programme definition for tests: two phases, one site, a touchpoint or two for each party."""

from datetime import date

from msgspec.structs import replace

from services.intake.events.definition import (
    Aftercare,
    Codes,
    CountedEmployment,
    Definition,
    Period,
    Phase,
    Site,
    Term,
    Touchpoint,
)
from services.intake.events.goals import EnteredEmployment, ReachedStage, Retention, Text


def text(words: str) -> Text:
    """The same words for both languages."""
    return Text(da=words, en=words)


def term(code: str, **more: date | None) -> Term:
    """A code without limits of validity, unless they are given."""
    return Term(code=code, name=text(code), **more)


CODES = Codes(
    target_groups=(term("activity_ready"),),
    benefits=(term("cash_benefit"),),
    referrers=(term("job_centre"),),
    sectors=(term("retail"), term("agriculture")),
    reasons=(term("job_found"), term("no_show"), term("other")),
    destinations=(
        Term(code="employment", name=text("employment"), destination="job"),
        Term(code="not_known", name=text("not known"), destination="unknown"),
    ),
    criteria=(term("motivated"),),
    activities=(term("cv"), term("sector_training")),
    challenges=(term("transport"),),
    purposes=(term("placement"),),
    bases=(term("lab_law"),),
    indicators=(term("safety"),),
    instruments=(term("progress_scale"),),
    problems=(term("attendance"), term("tasks")),
    actions=(term("meeting"),),
    problem_outcomes=(term("tasks_changed"),),
)

DEFINITION = Definition(
    key="jobsporet",
    version=1,
    name=text("Jobsporet"),
    effective_from=date(2021, 3, 1),
    period=Period(start="2021-03", end="2022-12"),
    goal_window="P6M",
    late_after_days=60,
    sites=(Site("ikast", text("Ikast")),),
    phases=(
        Phase(id="first", name=text("First"), period=Period(start="2021-03", end="2021-12")),
        Phase(id="second", name=text("Second"), period=Period(start="2022", end="2022")),
    ),
    codes=CODES,
    counted_employment=CountedEmployment(),
    aftercare=Aftercare(
        touchpoints=(
            Touchpoint(id="citizen_week", party="citizen", offset="P7D", window_days=3),
            Touchpoint(id="citizen_month", party="citizen", offset="P1M", window_days=7),
            Touchpoint(id="company_month", party="company", offset="P1M", window_days=7),
        ),
        grace_days=14,
    ),
    goals=(
        ReachedStage(id="referrals", title=text("Referrals"), target=100, stage="referred"),
        EnteredEmployment(id="jobs", title=text("Jobs"), target=42, denominator="referred"),
        Retention(id="kept", title=text("Kept"), months=6, phase="second"),
    ),
    assumed=("period",),
)


def definition(**changes: object) -> Definition:
    """The definition, with the fields changed that a test is about."""
    return replace(DEFINITION, **changes)
