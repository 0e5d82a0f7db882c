"""A figure: a number with all that is needed to trust it and to compute it again."""

from collections.abc import Collection
from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

Parameter: TypeAlias = str | int | float | bool | list[str] | None
Number: TypeAlias = int | float | None
Quantity: TypeAlias = Literal["count", "days", "minutes", "points", "share", "probability"]


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


class Interval(Struct, frozen=True):
    """Between these two the value lies, with that probability (0.95: a 95 % interval)."""

    low: float | None
    high: float | None
    level: float


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure beside the figure: one cell, party, item, variant or estimate of it.

    The fields mean what they mean in Figure; `n` is how many units it is computed from.
    """

    name: str
    value: Number
    quantity: Quantity = "count"
    counting_unit: str | None = None
    n: int | None = None
    denominator: int | None = None
    share: float | None = None
    unknown: int = 0
    pending: int = 0
    interval: Interval | None = None
    counted: tuple[str, ...] = ()


class Figure(AsOf, frozen=True, kw_only=True):
    """One measure's answer; `counted` are the units (persons, companies, …) behind the value.

    `value` is None when there is nothing to compute it from; `quantity` says what it is a number
    of, `n` how many units it is computed from where that is not the denominator.
    `share` is `within_denominator` / `denominator`, so never above 1: those counted in the value
    who belong to the denominator too. None where a measure has no denominator, or it is empty.
    `unknown`: not counted for want of evidence. `pending`: not counted, but may be yet.
    `period` is printed as the definition gives it: a month stays a month.
    """

    measure: str
    measure_version: int
    variant: str | None = None
    value: Number
    quantity: Quantity = "count"
    counting_unit: str = "person"
    n: int | None = None
    denominator: int | None = None
    denominator_name: str | None = None
    within_denominator: int | None = None
    share: float | None = None
    unknown: int = 0
    pending: int = 0
    interval: Interval | None = None
    period: tuple[str, str]
    parameters: dict[str, Parameter]
    counted: tuple[str, ...]
    parts: tuple[Part, ...] = ()


def figure(
    as_of: AsOf,
    *,
    measure: str,
    measure_version: int,
    counted: Collection[str],
    period: tuple[str, str],
    parameters: dict[str, Parameter],
    variant: str | None = None,
    counting_unit: str = "person",
    denominator_name: str | None = None,
    denominator: Collection[str] | None = None,
    unknown: int = 0,
    pending: int = 0,
    parts: tuple[Part, ...] = (),
) -> Figure:
    """The figure of a set of units, as part of another set where the measure names one."""
    within = None if denominator is None else len(set(counted) & set(denominator))
    return Figure(
        **asdict(as_of),
        measure=measure,
        measure_version=measure_version,
        variant=variant,
        value=len(counted),
        counting_unit=counting_unit,
        denominator=None if denominator is None else len(denominator),
        denominator_name=denominator_name,
        within_denominator=within,
        share=within / len(denominator) if within is not None and denominator else None,
        unknown=unknown,
        pending=pending,
        period=period,
        parameters=parameters,
        counted=tuple(sorted(counted)),
        parts=parts,
    )


def part(
    name: str,
    counted: Collection[str],
    denominator: Collection[str] | None = None,
    *,
    unknown: int = 0,
    pending: int = 0,
) -> Part:
    """One part of a figure that counts units, as a share of others where it has a denominator."""
    within = None if denominator is None else len(set(counted) & set(denominator))
    return Part(
        name=name,
        value=len(counted),
        denominator=None if denominator is None else len(denominator),
        share=within / len(denominator) if within is not None and denominator else None,
        unknown=unknown,
        pending=pending,
        counted=tuple(sorted(counted)),
    )
