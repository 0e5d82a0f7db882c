"""Which contacts (opfølgninger) a plan allows, and when one is missed."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.aftercare.answers import Answer, refusal
from services.aftercare.events import (
    FollowUpCompleted,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    PlanEvent,
)
from services.aftercare.events.touchpoints import Standing, standings
from shared.errors import InvalidField, NotPossible, Refused


class NoBasis(Refused):
    """The citizen declined or withdrew: what the company says of them may not be recorded."""

    code = "NO_BASIS"

    def __init__(self, since: date) -> None:
        super().__init__(f"the citizen said no on {since}", "$.party")


def permit_completion(
    said: Sequence[PlanEvent], answers: Sequence[Answer], event: FollowUpCompleted
) -> None:
    """One contact a touchpoint; what was missed only a contact in time undoes."""
    no_since = refusal(answers, "citizen", event.held_on)
    if no_since is not None and is_about_citizen(event):
        raise NoBasis(no_since)
    if event.touchpoint is None:
        return
    standing = _standing(said, event.touchpoint, event.held_on)
    name = standing.touchpoint.id
    if event.party != standing.touchpoint.party:
        raise InvalidField("$.party", f"{name!r} is agreed with the {standing.touchpoint.party}")
    if standing.held_on is not None:
        raise NotPossible(f"{name!r} was held on {standing.held_on}", "$.touchpoint")
    if standing.waived_on is not None and standing.waived_on <= event.held_on:
        raise NotPossible(f"{name!r} was waived on {standing.waived_on}", "$.touchpoint")
    first, last = standing.window
    if standing.missed and not first <= event.held_on <= last:
        raise NotPossible(
            f"{name!r} was missed: only a contact between {first} and {last} undoes that",
            "$.held_on",
        )


def is_about_citizen(event: FollowUpCompleted) -> bool:
    """Whether a contact with the company says anything of the citizen's employment."""
    return event.party == "company" and (
        event.employment_state != "unknown" or event.weekly_minutes is not None
    )


def permit_change(
    said: Sequence[PlanEvent], event: FollowUpRescheduled | FollowUpWaived, day: date
) -> None:
    """Only a touchpoint of which nothing has come yet is rescheduled or waived."""
    standing = _standing(said, event.touchpoint, day)
    if not standing.waits:
        raise NotPossible(f"{event.touchpoint!r} {_outcome(standing)}", "$.touchpoint")
    if isinstance(event, FollowUpRescheduled) and event.new_due_on < event.rescheduled_on:
        raise NotPossible(f"{event.new_due_on} lies before {event.rescheduled_on}", "$.new_due_on")


def is_due(standing: Standing, answers: Sequence[Answer]) -> bool:
    """Whether somebody waits for the contact: aftercare is voluntary to the end."""
    return standing.waits and refusal(answers, standing.touchpoint.party) is None


def refuse_miss(
    said: Sequence[PlanEvent],
    answers: Sequence[Answer],
    event: FollowUpMissed,
    today: date,
    grace_days: int,
) -> None:
    """Missed is what was due, once its window and the grace for late registration are over."""
    standing = _standing(said, event.touchpoint)
    name, party = standing.touchpoint.id, standing.touchpoint.party
    if event.due_on != standing.due_on:
        raise InvalidField("$.due_on", f"{name!r} is due on {standing.due_on}")
    if not standing.waits:
        raise NotPossible(f"{name!r} {_outcome(standing)}", "$.touchpoint")
    if not is_due(standing, answers):
        raise NotPossible(f"the {party} wants no aftercare any more", "$.touchpoint")
    last = standing.window[1] + timedelta(days=grace_days)
    if today <= last:
        raise NotPossible(f"{name!r} may be held and registered until {last}", "$.due_on")


def _standing(said: Sequence[PlanEvent], touchpoint: str, day: date = date.max) -> Standing:
    """As it is now; if a revision has left it out, as it was on the day."""
    standing = standings(said).get(touchpoint) or standings(said, by=day).get(touchpoint)
    if standing is None:
        raise InvalidField("$.touchpoint", f"{touchpoint!r} is no touchpoint of the plan")
    return standing


def _outcome(standing: Standing) -> str:
    if standing.held_on is not None:
        return f"was held on {standing.held_on}"
    if standing.waived_on is not None:
        return f"was waived on {standing.waived_on}"
    return "was missed"
