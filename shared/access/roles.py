"""Roles, and the programmes that somebody holds them for."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

EVERYWHERE = "*"
"""Stands for every programme, those still to come among them."""


class Role(StrEnum):
    """What somebody does here."""

    CASEWORKER = "caseworker"
    COORDINATOR = "coordinator"
    READER = "reader"
    OPERATOR = "operator"
    SUBSCRIBER = "subscriber"


Roles: TypeAlias = frozenset[Role]

CASEWORK: Roles = frozenset({Role.CASEWORKER, Role.COORDINATOR})
COORDINATION: Roles = frozenset({Role.COORDINATOR})
OPERATION: Roles = frozenset({Role.OPERATOR})
FIGURES: Roles = CASEWORK | {Role.READER}
EVERYONE: Roles = frozenset(Role)


class Grants(Struct, frozen=True):
    """The programmes by role; nothing held, nothing allowed."""

    held: Mapping[Role, frozenset[str]] = {}

    def programmes(self, roles: Collection[Role]) -> frozenset[str]:
        """The programmes for which one of the roles is held; EVERYWHERE may be among them."""
        return frozenset().union(*(self.held.get(role, frozenset()) for role in roles))

    def everywhere(self, roles: Collection[Role]) -> bool:
        """Whether one of the roles is held for every programme."""
        return EVERYWHERE in self.programmes(roles)

    def may(self, roles: Collection[Role], programme: str | None = None) -> bool:
        """Whether one of the roles is held for the programme; None: for any at all."""
        held = self.programmes(roles)
        return bool(held) and (programme is None or programme in held or EVERYWHERE in held)


EVERYTHING = Grants({role: frozenset({EVERYWHERE}) for role in Role})
"""What whoever is at the machine may do: SLUSE_AUTH=off, on loopback."""
