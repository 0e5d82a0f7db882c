"""Whether a placement can be agreed on (aftale): the person, the company, the opening, the match."""

from services.placement.events import PlacementAgreed
from services.placement.known import EnrolledPerson, Known
from services.placement.placement_commands import AgreePlacement
from shared.command import said_by
from shared.errors import InvalidField, NotPossible, Refused


class NotEnrolled(Refused):
    """Only who has been enrolled in a programme, and did not stay away from it, can be placed."""

    code = "STATE"

    def __init__(self, why: str) -> None:
        super().__init__(why, "$.enrolment")


def is_same(command: AgreePlacement, agreed: PlacementAgreed) -> bool:
    """By what the command says: the person may have left the programme since."""
    names = ("enrolment", "company", "purpose", "opening", "match")
    return all(getattr(agreed, name) == getattr(command, name) for name in names)


def agreement(command: AgreePlacement, known: Known) -> PlacementAgreed:
    """What is agreed on; refused if there is no such thing, or if it is somebody else's."""
    person = refuse_unknown(command, known)
    if known.opening is not None and known.opening.seats_left < 1:
        raise NotPossible("every position of the opening is taken", "$.opening")
    return said_by(
        command,
        PlacementAgreed,
        person_ref=person.person_ref,
        programme=person.programme,
        site=person.site,
    )


def refuse_unknown(said: AgreePlacement | PlacementAgreed, known: Known) -> EnrolledPerson:
    """Whom the placement is for; refused if what it names does not exist or belong together."""
    if known.enrolled is None:
        raise NotEnrolled("nobody is enrolled by this enrolment, or never came")
    if not known.company_registered:
        raise InvalidField("$.company", "no such company is registered")
    _refuse_other_opening(said, known.enrolled.programme, known)
    _refuse_other_match(said, known)
    return known.enrolled


def _refuse_other_opening(
    said: AgreePlacement | PlacementAgreed, programme: str, known: Known
) -> None:
    """Also a withdrawn one may be filled: the agreement may be older than its registration."""
    if said.opening is None:
        return
    if known.opening is None:
        raise InvalidField("$.opening", "no such opening is reported")
    if known.opening.company != said.company:
        raise InvalidField("$.company", f"the opening is at {known.opening.company}")
    if known.opening.programme not in (None, programme):
        raise InvalidField("$.opening", f"it was found for {known.opening.programme}")


def _refuse_other_match(said: AgreePlacement | PlacementAgreed, known: Known) -> None:
    if said.match is None:
        return
    if known.match is None:
        raise InvalidField("$.match", "no such match is proposed")
    if known.match.enrolment != said.enrolment:
        raise InvalidField("$.match", "the match is for another enrolment")
    if known.match.opening != said.opening:
        raise InvalidField("$.match", f"the match is for the opening {known.match.opening}")
    if known.match.declined:
        raise NotPossible("the match was declined", "$.match")
