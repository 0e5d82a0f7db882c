"""Facts: what is true of one entity, and between which positions of its stream it was effective."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, TypeAlias

from msgspec import Struct

from shared.envelope import Recorded


class Fact(Struct, frozen=True):
    """Something true of one entity; a row, with the positions since and until it was effective.

    INDEXED: the fields by which it is asked for, if it has them.
    """

    INDEXED: ClassVar[tuple[str, ...]] = ("programme", "person_ref")


Fold: TypeAlias = Callable[[str, Sequence[Recorded]], Iterable[Fact]]
"""All facts of one entity (its id) after its effective events, in order; pure, never refuses."""
