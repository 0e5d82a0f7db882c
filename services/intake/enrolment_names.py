"""What an enrolment's commands and events name, and what must be known of it elsewhere."""

from services.intake.enrolment_commands import (
    EnrolmentCommand,
    EnrolParticipant,
    ReferParticipant,
    TransferParticipant,
)
from services.intake.events import (
    EligibilityAssessed,
    EnrolmentEvent,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
)
from services.intake.known import Known
from services.intake.person import Erased
from shared.errors import InvalidField


def only_site(known: Known) -> str | None:
    """So that leaving the only site out and naming it mean the same seat."""
    sites = known.definition.sites
    return sites[0].id if len(sites) == 1 else None


def refuse_itself(command: EnrolmentCommand) -> None:
    """Refuse a command that names its own enrolment as the other one."""
    match command:
        case EnrolParticipant() if command.previous_enrolment == command.enrolment:
            raise InvalidField("$.previous_enrolment", "this is the enrolment itself")
        case TransferParticipant() if command.linked_enrolment == command.enrolment:
            raise InvalidField("$.linked_enrolment", "this is the enrolment itself")


def refuse_erased(command: EnrolmentCommand, known: Known) -> None:
    """Refuse a person who is forgotten, and the referral of one who goes on as another record."""
    match command:
        case ReferParticipant() if known.merged_into is not None:
            raise InvalidField("$.person_ref", f"merged into another record, {known.merged_into}")
        case ReferParticipant() if known.person == "erased":
            raise Erased("the person is erased", "$.person_ref")
        case EnrolParticipant() if known.person == "erased":
            raise Erased("the person is erased")


def refuse_unknown(event: EnrolmentEvent, person_ref: str, known: Known) -> None:
    """Refuse a name of what the programme has not, or of what nobody knows."""
    match event:
        case ParticipantReferred(site=site):
            _refuse_unknown_site(site, known)
            if known.person == "not_registered":
                raise InvalidField("$.person_ref", "no such person is registered")
        case EligibilityAssessed():
            _refuse_unknown_criteria(event, known)
        case ParticipantEnrolled(previous_enrolment=previous, merged_into=merged_into):
            if merged_into not in (None, known.merged_into):
                raise InvalidField("$.merged_into", "the person is not merged into that record")
            if previous is not None:
                _refuse_another_person("$.previous_enrolment", person_ref, known)
        case ParticipantTransferred(to_programme=programme):
            _refuse_another_person("$.linked_enrolment", person_ref, known)
            if known.other is None or known.other.programme != programme:
                raise InvalidField("$.linked_enrolment", f"it is not in {programme!r}")


def _refuse_unknown_site(site: str | None, known: Known) -> None:
    sites = [item.id for item in known.definition.sites]
    if site is None and sites:
        raise InvalidField("$.site", f"name one of the programme's sites: {', '.join(sites)}")
    if site is not None and site not in sites:
        raise InvalidField("$.site", f"{site!r} is none of the programme's sites")


def _refuse_unknown_criteria(event: EligibilityAssessed, known: Known) -> None:
    day = event.assessed_on
    criteria = [term.code for term in known.definition.codes.criteria if term.valid_on(day)]
    for index, criterion in enumerate(event.criteria):
        if criterion.id not in criteria:
            raise InvalidField(
                f"$.criteria[{index}].id", f"{criterion.id!r} is no criterion valid on {day}"
            )


def _refuse_another_person(path: str, person_ref: str, known: Known) -> None:
    """After merges: whoever goes on as one record is one person."""
    if known.other is None:
        raise InvalidField(path, "no such enrolment is known")
    if known.other.person_ref != (known.merged_into or person_ref):
        raise InvalidField(path, "it is of another person")
