"""When a touchpoint is due, and on which days a contact counts as held in time."""

from datetime import date, timedelta

from services.aftercare.events import Touchpoint
from shared.clock import plus_duration


def due_on(anchor_on: date, touchpoint: Touchpoint) -> date:
    """The day the contact is agreed for; months are clipped to the month's last day."""
    return plus_duration(anchor_on, touchpoint.offset)


def around(due: date, touchpoint: Touchpoint) -> tuple[date, date]:
    """The first and the last day on which a contact due then is held in time, both included."""
    days = timedelta(days=touchpoint.window_days)
    return due - days, due + days
