"""Whose a simulated command is: the service that takes it and the entity that decides on it."""

from typing import Any, TypeAlias, get_args

from services.aftercare import plan, problem
from services.aftercare.plan_commands import PlanCommand
from services.aftercare.problem import ProblemCommand
from services.intake import enrolment, person
from services.intake.enrolment_commands import EnrolmentCommand
from services.intake.person import PersonCommand
from services.placement import company, placement
from services.placement.company_commands import CompanyCommand
from services.placement.placement_commands import PlacementCommand
from shared.command import Command
from shared.correction.commands import CorrectionCommand
from shared.decider import Decider
from shared.identifiers import derived_id
from shared.subjects import subject_of

AnyDecider: TypeAlias = Decider[Any, Any, Any, Any]

ENTITIES: tuple[tuple[str, AnyDecider, Any], ...] = (
    ("intake", person, PersonCommand),
    ("intake", enrolment, EnrolmentCommand),
    ("placement", company, CompanyCommand),
    ("placement", placement, PlacementCommand),
    ("aftercare", plan, PlanCommand),
    ("aftercare", problem, ProblemCommand),
)
"""Service, entity, its commands: all that a simulation has to do with."""

_HOMES: dict[type[Command], tuple[str, AnyDecider]] = {
    kind: (service, entity) for service, entity, union in ENTITIES for kind in get_args(union)
}


def subject(command: Command) -> str:
    """The entity that the command is for."""
    if isinstance(command, CorrectionCommand):
        return command.subject
    service, entity = _HOMES[type(command)]
    return subject_of(service, entity.NAME, entity.entity_id(command))


def event_id(command: Command) -> str:
    """The id that the first event of the command will have."""
    return derived_id(command.command_id, subject(command), "0")
