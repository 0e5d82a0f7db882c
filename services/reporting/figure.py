"""A figure: a number with all that is needed to trust it and to compute it again."""

from datetime import date
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

Parameter: TypeAlias = str | int | float | bool | list[str] | None


class AsOf(Struct, frozen=True, kw_only=True):
    """What was known (moment), of which day (valid_on), by which definition.

    `incomplete`: an entity of the programme is parked, so something may be missing.
    """

    programme: str
    moment: str
    valid_on: date
    definition_version: int
    checksum: str
    incomplete: bool = False


class Figure(AsOf, frozen=True, kw_only=True):
    """One measure's answer; `counted` are the persons behind the value.

    `share` is `within_denominator` / `denominator`, so never above 1: those counted in the value
    who belong to the denominator too. None where a measure has no denominator, or it is empty.
    `unknown`: not counted for want of evidence. `pending`: not counted, but may be yet.
    """

    measure: str
    measure_version: int
    variant: str | None = None
    value: int
    counting_unit: str = "person"
    denominator: int | None = None
    denominator_name: str | None = None
    within_denominator: int | None = None
    share: float | None = None
    unknown: int = 0
    pending: int = 0
    period: tuple[date, date]
    parameters: dict[str, Parameter]
    counted: tuple[str, ...]


def figure(
    as_of: AsOf,
    *,
    measure: str,
    measure_version: int,
    counted: set[str],
    period: tuple[date, date],
    parameters: dict[str, Parameter],
    variant: str | None = None,
    denominator_name: str | None = None,
    denominator: set[str] | None = None,
    unknown: int = 0,
    pending: int = 0,
) -> Figure:
    """The figure of a set of persons, as part of another set where the measure names one."""
    within = None if denominator is None else len(counted & denominator)
    return Figure(
        **asdict(as_of),
        measure=measure,
        measure_version=measure_version,
        variant=variant,
        value=len(counted),
        denominator=None if denominator is None else len(denominator),
        denominator_name=denominator_name,
        within_denominator=within,
        share=within / len(denominator) if within is not None and denominator else None,
        unknown=unknown,
        pending=pending,
        period=period,
        parameters=parameters,
        counted=tuple(sorted(counted)),
    )
