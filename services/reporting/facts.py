"""All facts that reporting keeps, with their streams, and the folds that make them."""

from services.aftercare.events import VOCABULARY as AFTERCARE
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.in_force import DefinitionFact
from services.intake.events.in_force import fold as fold_definitions
from services.placement.events import VOCABULARY as PLACEMENT
from services.reporting import aftercare_facts, enrolment_facts, placement_facts
from services.reporting.aftercare_facts import (
    AnswerFact,
    FollowUpFact,
    PlanFact,
    TouchpointFact,
)
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import (
    PlacedFact,
    StrandFact,
    WageReportFact,
    WageStatementFact,
)
from shared.facts import Fact, Fold
from shared.projection import Plan

STREAM_OF: dict[type[Fact], str] = {
    DefinitionFact: INTAKE.stream,
    EnrolmentFact: INTAKE.stream,
    PlacedFact: PLACEMENT.stream,
    StrandFact: PLACEMENT.stream,
    WageStatementFact: PLACEMENT.stream,
    WageReportFact: PLACEMENT.stream,
    PlanFact: AFTERCARE.stream,
    AnswerFact: AFTERCARE.stream,
    TouchpointFact: AFTERCARE.stream,
    FollowUpFact: AFTERCARE.stream,
}

FACTS = tuple(STREAM_OF)

FOLDS: dict[tuple[str, str], Fold] = {
    ("intake", "programme"): fold_definitions,
    ("intake", "enrolment"): enrolment_facts.fold,
    ("placement", "placement"): placement_facts.fold,
    ("aftercare", "plan"): aftercare_facts.fold,
}

PLAN = Plan(
    name="reporting",
    version=2,
    vocabularies=(INTAKE, PLACEMENT, AFTERCARE),
    facts=FACTS,
    folds=FOLDS,
    keeps_all=True,
)
