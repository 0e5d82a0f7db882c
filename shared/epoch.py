"""Epochs: each restore of the streams begins a new one, which stands in their metadata."""

import re
import secrets
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from shared.bus import Bus

FIRST = "1"
_ID, _OF, _AFTER = "sluse-epoch", "sluse-epoch-of", "sluse-epoch-after"
_NUMBER = re.compile(r"(\d+)")


class Epoch(Struct, frozen=True):
    """`of`: the epoch from which it was restored; up to the position `after` both have the same."""

    id: str = FIRST
    of: str = ""
    after: int = 0

    def metadata(self) -> dict[str, str]:
        """As it stands in a stream's metadata."""
        return {_ID: self.id, _OF: self.of, _AFTER: str(self.after)}

    def goes_on(self, known: str, position: int) -> bool:
        """Whether what was read up to a position of a known epoch (empty: none) stands here, too."""
        known = known or FIRST
        if position == 0 or known == self.id:
            return True
        return known == self.of and position <= self.after


class _Config(Struct):
    metadata: dict[str, str] = {}


class _State(Struct):
    last_seq: int


class _Info(Struct):
    config: _Config
    state: _State


def following(known: str) -> str:
    """The id of an epoch after this one: two restores of one backup are two epochs."""
    number = _NUMBER.match(known)
    return f"{int(number[1]) + 1 if number else 2}-{secrets.token_hex(4)}"


def latest(epochs: Iterable[str]) -> str:
    """The one with the highest number; FIRST if there is none."""
    return max((it for it in epochs if it), key=lambda it: int(it.split("-", 1)[0]), default=FIRST)


def epoch_in(metadata: Mapping[str, str]) -> Epoch:
    """The epoch that a stream's metadata name; FIRST if none."""
    after = metadata.get(_AFTER, "0")
    return Epoch(metadata.get(_ID, FIRST), metadata.get(_OF, ""), int(after))


async def epoch_of(bus: Bus, stream: str) -> tuple[Epoch, int]:
    """The stream's epoch and its last position; raises what Bus.api raises."""
    info = msgspec.json.decode(await bus.api(f"STREAM.INFO.{stream}", {}), type=_Info)
    return epoch_in(info.config.metadata), info.state.last_seq
