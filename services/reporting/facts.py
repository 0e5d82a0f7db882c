"""All facts that reporting keeps, with their streams, and the folds that make them."""

from collections.abc import Iterable, Sequence

from services.aftercare.events import VOCABULARY as AFTERCARE
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.in_force import DefinitionFact
from services.intake.events.in_force import fold as fold_definitions
from services.placement.events import VOCABULARY as PLACEMENT
from services.reporting import (
    aftercare_facts,
    company_facts,
    enrolment_facts,
    match_facts,
    person_facts,
    placement_facts,
    problem_facts,
    progress_facts,
)
from services.reporting.aftercare_facts import AnswerFact, FollowUpFact, PlanFact, TouchpointFact
from services.reporting.company_facts import AgreementFact, LevelFact, OpeningFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.match_facts import MatchFact
from services.reporting.person_facts import AliasFact, ResidenceFact
from services.reporting.placement_facts import (
    PlacedFact,
    StrandFact,
    WageReportFact,
    WageStatementFact,
)
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import (
    ActivityFact,
    AttendanceFact,
    PauseFact,
    ScoreFact,
    SupportFact,
)
from services.reporting.registration_facts import (
    AftercareRegistrationFact,
    IntakeRegistrationFact,
    PlacementRegistrationFact,
    RegistrationFact,
    registrations,
)
from shared.envelope import Recorded
from shared.facts import Fact, Fold
from shared.projection import Plan

STREAM_OF: dict[type[Fact], str] = {
    DefinitionFact: INTAKE.stream,
    AliasFact: INTAKE.stream,
    ResidenceFact: INTAKE.stream,
    EnrolmentFact: INTAKE.stream,
    PauseFact: INTAKE.stream,
    AttendanceFact: INTAKE.stream,
    ActivityFact: INTAKE.stream,
    SupportFact: INTAKE.stream,
    ScoreFact: INTAKE.stream,
    IntakeRegistrationFact: INTAKE.stream,
    LevelFact: PLACEMENT.stream,
    AgreementFact: PLACEMENT.stream,
    OpeningFact: PLACEMENT.stream,
    MatchFact: PLACEMENT.stream,
    PlacedFact: PLACEMENT.stream,
    StrandFact: PLACEMENT.stream,
    WageStatementFact: PLACEMENT.stream,
    WageReportFact: PLACEMENT.stream,
    PlacementRegistrationFact: PLACEMENT.stream,
    PlanFact: AFTERCARE.stream,
    AnswerFact: AFTERCARE.stream,
    TouchpointFact: AFTERCARE.stream,
    FollowUpFact: AFTERCARE.stream,
    ProblemFact: AFTERCARE.stream,
    AftercareRegistrationFact: AFTERCARE.stream,
}

FACTS = tuple(STREAM_OF)


def _together(registered_as: type[RegistrationFact], *folds: Fold) -> Fold:
    """All that the folds say of an entity, and how late each of its events was registered."""

    def fold(entity_id: str, history: Sequence[Recorded]) -> Iterable[Fact]:
        said = [fact for one in folds for fact in one(entity_id, history)]
        return [*said, *registrations(registered_as, history)]

    return fold


FOLDS: dict[tuple[str, str], Fold] = {
    ("intake", "programme"): fold_definitions,
    ("intake", "person"): person_facts.fold,
    ("intake", "enrolment"): _together(
        IntakeRegistrationFact, enrolment_facts.fold, progress_facts.fold
    ),
    ("placement", "company"): company_facts.fold_company,
    ("placement", "opening"): company_facts.fold_opening,
    ("placement", "match"): match_facts.fold,
    ("placement", "placement"): _together(PlacementRegistrationFact, placement_facts.fold),
    ("aftercare", "plan"): _together(AftercareRegistrationFact, aftercare_facts.fold),
    ("aftercare", "problem"): _together(AftercareRegistrationFact, problem_facts.fold),
}

PLAN = Plan(
    name="reporting",
    version=5,
    vocabularies=(INTAKE, PLACEMENT, AFTERCARE),
    facts=FACTS,
    folds=FOLDS,
    keeps_all=True,
)
