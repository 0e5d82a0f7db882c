"""Which contacts are agreed (efterværnsaftale): with whom, and the programme's own if none are named."""

from collections.abc import Sequence
from datetime import date

from services.aftercare.answers import Answer, accepting
from services.aftercare.events import AftercareOffered, AftercarePlanAgreed, Party, Touchpoint
from services.aftercare.known import Known
from services.aftercare.plan_commands import AgreeAftercarePlan
from services.intake.events.definition import Definition
from shared.command import said_by
from shared.errors import InvalidField, NotPossible, NotYet


def agreement(
    command: AgreeAftercarePlan,
    offered: AftercareOffered,
    answers: Sequence[Answer],
    known: Known,
) -> AftercarePlanAgreed:
    """What the command agrees on."""
    touchpoints = command.touchpoints
    if touchpoints is None:
        accepted = accepting(answers, command.agreed_on)
        touchpoints = _default_touchpoints(definition_of(known), accepted)
    return said_by(
        command, AftercarePlanAgreed, placement=offered.placement, touchpoints=touchpoints
    )


def says_the_same(command: AgreeAftercarePlan, agreed: AftercarePlanAgreed) -> bool:
    """A command without touchpoints leaves them open: what was agreed then is what it asked for."""
    touchpoints = agreed.touchpoints if command.touchpoints is None else command.touchpoints
    return (command.agreed_on, command.anchor_on, touchpoints) == (
        agreed.agreed_on,
        agreed.anchor_on,
        agreed.touchpoints,
    )


def _default_touchpoints(
    definition: Definition, accepted: frozenset[Party]
) -> tuple[Touchpoint, ...]:
    return tuple(
        Touchpoint(id=it.id, party=it.party, offset=it.offset, window_days=it.window_days)
        for it in definition.aftercare.touchpoints
        if it.party in accepted
    )


def permit_touchpoints(
    answers: Sequence[Answer], touchpoints: Sequence[Touchpoint], day: date
) -> None:
    """Contacts are agreed with who has accepted by the day, each under an id of its own."""
    accepted = accepting(answers, day)
    if not accepted:
        raise NotPossible(f"nobody has accepted aftercare by {day}")
    seen: set[str] = set()
    for index, touchpoint in enumerate(touchpoints):
        if touchpoint.id in seen:
            raise InvalidField(
                f"$.touchpoints[{index}].id", f"{touchpoint.id!r} stands there already"
            )
        if touchpoint.party not in accepted:
            raise NotPossible(
                f"the {touchpoint.party} has not accepted", f"$.touchpoints[{index}].party"
            )
        seen.add(touchpoint.id)


def definition_of(known: Known) -> Definition:
    """The programme's definition, which a plan cannot do without."""
    if known.definition is None:
        raise NotYet("the programme of the plan is not known here yet")
    return known.definition
